#include "gemel/data/arrow_module/record_fields.h"

#include <arrow/array.h>

namespace gemel::arrow_module {
namespace {

bool is_list(const arrow::DataType& type) { return type.id() == arrow::Type::LIST || type.id() == arrow::Type::LARGE_LIST; }

// `field`: the way to `type`.
void collect(const RecordField& field, const arrow::DataType& type, const std::string& each, std::vector<RecordField>& out) {
  const bool is_each = !each.empty() && field.name == each && !field.in_list;
  if (is_each && is_list(type)) {
    RecordField element = field;
    element.keys.emplace_back(kElement);
    element.in_list = true;
    return collect(element, *static_cast<const arrow::BaseListType&>(type).value_type(), each, out);
  }
  if (type.id() != arrow::Type::STRUCT) return out.push_back(field);
  for (const auto& child : type.fields()) {
    RecordField inner = field;
    inner.name += concat(".", child->name());
    inner.keys.push_back(child->name());
    collect(inner, *child->type(), each, out);
  }
}

arrow::Result<std::shared_ptr<arrow::Array>> step(const arrow::Array& array, const std::string& key) {
  if (array.type_id() == arrow::Type::LIST) return static_cast<const arrow::ListArray&>(array).Flatten();
  if (array.type_id() == arrow::Type::LARGE_LIST) return static_cast<const arrow::LargeListArray&>(array).Flatten();
  const auto places = static_cast<const arrow::StructType&>(*array.type()).GetAllFieldIndices(key);
  if (places.empty()) return arrow::Status::Invalid("no field '", key, "' where the schema has it");
  return static_cast<const arrow::StructArray&>(array).GetFlattenedField(places[0]);  // null where the struct is
}

// Follows the keys, the first `num_keys` of them.
arrow::Result<std::shared_ptr<arrow::Array>> follow(const arrow::RecordBatch& batch, const RecordField& field, std::size_t num_keys) {
  const auto places = batch.schema()->GetAllFieldIndices(field.keys[0]);
  if (places.empty()) return arrow::Status::Invalid("no column '", field.keys[0], "' where the schema has it");
  std::shared_ptr<arrow::Array> array = batch.column(places[0]);
  for (std::size_t i = 1; i < num_keys; ++i) {
    ARROW_ASSIGN_OR_RAISE(array, step(*array, field.keys[i]));
  }
  return array;
}

template <class ListArray>
std::vector<std::int64_t> sizes_of(const arrow::Array& array) {
  const auto& lists = static_cast<const ListArray&>(array);
  std::vector<std::int64_t> sizes;
  for (std::int64_t row = 0; row < lists.length(); ++row) sizes.push_back(lists.IsNull(row) ? 0 : lists.value_length(row));
  return sizes;
}

}  // namespace

Result<std::vector<RecordField>> fields_of(const arrow::Schema& schema, const std::string& each, const std::string& file) {
  std::vector<RecordField> fields;
  for (const auto& column : schema.fields()) collect({column->name(), {column->name()}, false}, *column->type(), each, fields);
  bool has_list = each.empty();
  std::string names;
  for (const auto& field : fields) {
    has_list |= field.in_list;
    names += concat(names.empty() ? "" : ", ", field.name);
  }
  if (!has_list) return fail(ErrorCode::kBadConfig, file, ": each: expected a list '", each, "', found the columns ", names);
  return fields;
}

arrow::Result<std::shared_ptr<arrow::Array>> values_of(const arrow::RecordBatch& batch, const RecordField& field) {
  return follow(batch, field, field.keys.size());
}

arrow::Result<std::vector<std::int64_t>> list_sizes(const arrow::RecordBatch& batch, const RecordField& field) {
  std::size_t num_keys = 1;
  while (field.keys[num_keys] != kElement) ++num_keys;
  ARROW_ASSIGN_OR_RAISE(const auto lists, follow(batch, field, num_keys));
  return lists->type_id() == arrow::Type::LIST ? sizes_of<arrow::ListArray>(*lists) : sizes_of<arrow::LargeListArray>(*lists);
}

}  // namespace gemel::arrow_module
