// Writes the three files of a Dataset (dataset.h, dataset_format.h). Not thread-safe.
#pragma once

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <span>
#include <vector>

#include "gemel/base/file.h"
#include "gemel/data/dataset_format.h"
#include "gemel/data/ingest/id_table.h"
#include "gemel/data/ingest/table_column.h"

namespace gemel {

// An event as the Dataset has it.
struct WrittenEvent {
  std::int64_t time;
  std::uint32_t user, item;
  std::uint8_t action;
  float weight;
};

// Writes events.arrow from events that come one by one, in the order of the Dataset; memory holds a few hundred kilobytes of each column.
class EventsWriter {
 public:
  // Errors: kNotFound (no Arrow module), kIo.
  static Result<EventsWriter> create(const std::filesystem::path& directory, std::uint64_t num_events);

  Result<void> add(const WrittenEvent& event);
  // REQUIRES: as many events as create() was told. Synced to disk.
  Result<DatasetFile> finish();
  // After finish(): take(user, item) -> Result<void> for each event, read back from the file.
  template <class Take>
  Result<void> for_each_pair(Take take) const;

 private:
  static constexpr std::size_t kBufferBytes = std::size_t{256} << 10;

  // The part of a column that is not in the file yet.
  struct Column {
    std::uint64_t offset, end;  // in the file
    std::vector<char> pending;  // [kBufferBytes], a multiple of every width
    std::size_t num_pending = 0;
  };
  enum : std::size_t { kTime, kUser, kItem, kAction, kWeight };

  EventsWriter(std::filesystem::path directory, RandomFile file, std::vector<ArrowColumnPlace> places);
  template <class T>
  Result<void> append(Column& column, T value) {
    std::memcpy(column.pending.data() + column.num_pending, &value, sizeof value);
    column.num_pending += sizeof value;
    return column.num_pending < kBufferBytes ? Result<void>{} : flush(column);
  }
  Result<void> flush(Column& column);
  Result<void> read(std::size_t column, std::uint64_t first, std::span<std::uint32_t> values) const;

  std::filesystem::path directory_;
  RandomFile file_;
  std::vector<ArrowColumnPlace> places_;
  std::vector<Column> columns_;
};

// Item or user table: every column has ids.size() rows.
Result<DatasetFile> write_entities(const std::filesystem::path& directory, std::string_view file, const IdTable& ids,
                                   const std::vector<TableColumn>& columns);

template <class Take>
Result<void> EventsWriter::for_each_pair(Take take) const {
  std::vector<std::uint32_t> users(kBufferBytes / sizeof(std::uint32_t)), items(users.size());
  const std::uint64_t num_events = places_[kUser].num_rows;
  for (std::uint64_t first = 0; first < num_events; first += users.size()) {
    const std::size_t num_read = std::min<std::uint64_t>(users.size(), num_events - first);
    GEMEL_RETURN_IF_ERROR(read(kUser, first, std::span(users).first(num_read)));
    GEMEL_RETURN_IF_ERROR(read(kItem, first, std::span(items).first(num_read)));
    for (std::size_t i = 0; i < num_read; ++i) GEMEL_RETURN_IF_ERROR(take(users[i], items[i]));
  }
  return {};
}

}  // namespace gemel
