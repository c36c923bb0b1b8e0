// The columns of a table as rows see them: fields of structs by dotted path ("user.id"), and with `each` the elements of one list as rows.
#pragma once

#include <arrow/record_batch.h>
#include <arrow/type.h>

#include <memory>
#include <string>
#include <vector>

#include "gemel/base/result.h"

namespace gemel::arrow_module {

struct RecordField {
  std::string name;               // dotted path
  std::vector<std::string> keys;  // from the top; kElement for the step into the list of `each`
  bool in_list = false;
};

inline constexpr const char* kElement = "";  // as a key

// In the order of the schema. `each`: dotted path of a list, or empty. Error: kBadConfig (no such list).
Result<std::vector<RecordField>> fields_of(const arrow::Schema& schema, const std::string& each, const std::string& file);

// The values of a field, one a row of the batch; of a field in the list one an element, without the lists between them. The batch may lack
// fields that nobody reads.
arrow::Result<std::shared_ptr<arrow::Array>> values_of(const arrow::RecordBatch& batch, const RecordField& field);

// How many elements the list of a field in it has in each row; null lists have 0.
arrow::Result<std::vector<std::int64_t>> list_sizes(const arrow::RecordBatch& batch, const RecordField& field);

}  // namespace gemel::arrow_module
