// One line of JSON, parsed, and its rows. simdjson stays in json_record.cpp. Not thread-safe.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "gemel/data/row_source.h"

namespace gemel {

class JsonRecords {
 public:
  // `each`: path of the list whose elements are the rows; empty: every record is one.
  explicit JsonRecords(std::string each, std::size_t max_depth);
  ~JsonRecords();

  // The fields of a record that hold values or lists, added to `fields` when new, and those that hold objects.
  void add_fields(std::string_view line, std::vector<std::string>& fields, std::set<std::string>& objects);

  void request(std::vector<std::string> paths);
  // Which of the requested paths any record has had.
  const std::vector<std::uint8_t>& seen() const;

  // Forgets what the cells of the last batch borrow.
  void begin_batch();
  // Appends the record's rows to `columns`, [requested paths][rows], and tells how many; or says why there is none. The line must have
  // TextWindow::kPaddingBytes readable bytes behind it. `broken.line` is left to the caller.
  std::size_t append_rows(std::string_view line, std::vector<std::vector<Cell>>& columns, std::optional<BrokenRow>& broken);

 private:
  class Reader;
  std::unique_ptr<Reader> reader_;
};

}  // namespace gemel
