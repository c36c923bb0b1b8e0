// Writes the three files of a Dataset (dataset.h, dataset_format.h). Not thread-safe.
#pragma once

#include <filesystem>
#include <vector>

#include "gemel/data/dataset_format.h"
#include "gemel/data/ingest/events.h"
#include "gemel/data/ingest/table_column.h"

namespace gemel {

// Events in the order of the Dataset; all columns have one length.
struct EventColumns {
  std::vector<std::int64_t> times;
  std::vector<std::uint32_t> users, items;
  std::vector<std::uint8_t> actions;
  std::vector<float> weights;
};

// The rows of `order`; empties the columns of `events`, one by one.
EventColumns take_columns(Events& events, EventOrder order);

// Errors: kNotFound (no Arrow module), kIo. Lets go of the events before it reads the file again for its checksum.
Result<DatasetFile> write_events(const std::filesystem::path& directory, EventColumns events);
// Item or user table: every column has ids.size() rows.
Result<DatasetFile> write_entities(const std::filesystem::path& directory, std::string_view file, const IdTable& ids,
                                   const std::vector<TableColumn>& columns);

}  // namespace gemel
