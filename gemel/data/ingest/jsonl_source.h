// JSON Lines as a RowSource: one object a line. A column is a dotted path: "user.id" is the id of {"user": {"id": 7}}, and of {"user.id":
// 7}.
//
// Values: whole numbers of any size are exact (those outside 64 bits come as texts); true and false are 1 and 0, as in Parquet; null, the
// empty text and what is not there are missing; lists come as JSON list text. Where a key stands twice, the first one counts.
// With `each`, the path of a list, every element of that list is a row: columns "items.item_id" are its own, all others those of the
// record; a list of plain values is the column "items" itself. A record without elements is one row, without their fields.
//
// column_names() are the fields of the first records, lists included, objects not; any other path may be requested too, as a field may
// first occur late. A line that is no JSON object, is nested deeper than kMaxDepth or is not UTF-8 is a BrokenRow, and reading goes on. Not
// thread-safe. Memory: a window and one batch.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "gemel/data/ingest/text_window.h"
#include "gemel/data/row_source.h"

namespace gemel {

class JsonlSource : public RowSource {
 public:
  static constexpr std::size_t kMaxDepth = 64;
  // Errors: those of the bytes, kBadInput (one list of records instead of lines).
  static Result<std::unique_ptr<JsonlSource>> open(std::unique_ptr<ByteStream> bytes, std::string each, const std::string& name,
                                                   std::size_t block_bytes = 1 << 20);
};

}  // namespace gemel
