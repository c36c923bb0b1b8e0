#include "gemel/data/arrow_module/array_cells.h"

#include <arrow/array.h>
#include <arrow/scalar.h>
#include <arrow/type.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <bit>
#include <charconv>
#include <cmath>

namespace gemel::arrow_module {
namespace {

Cell text_cell(std::string_view text) { return {.kind = Cell::Kind::kText, .text = text}; }
Cell integer_cell(std::int64_t value) { return {.kind = Cell::Kind::kInteger, .integer = value}; }
Cell number_cell(double value) {
  if (std::isnan(value)) return {};  // pandas writes missing numbers as NaN
  return {.kind = Cell::Kind::kNumber, .number = value};
}

// `ticks` of numerator/denominator microseconds each; a time that microseconds cannot hold becomes a text, which ingest will reject.
Cell time_cell(std::int64_t ticks, std::int64_t numerator, std::int64_t denominator, TextArena& arena) {
  std::int64_t microseconds = 0;
  if (__builtin_mul_overflow(ticks, numerator, &microseconds)) return text_cell(arena.emplace_back(concat("time out of range: ", ticks)));
  const std::int64_t floored = microseconds / denominator - (microseconds % denominator < 0 ? 1 : 0);
  return {.kind = Cell::Kind::kTime, .integer = floored};
}

template <class ArrayType, class Convert>
void each_value(const arrow::Array& array, std::vector<Cell>& out, Convert convert) {
  const auto& typed = static_cast<const ArrayType&>(array);
  for (std::int64_t row = 0; row < typed.length(); ++row) out.push_back(typed.IsNull(row) ? Cell{} : convert(typed, row));
}

template <class ArrayType>
void integers(const arrow::Array& array, std::vector<Cell>& out) {
  each_value<ArrayType>(array, out, [](const ArrayType& typed, std::int64_t row) { return integer_cell(typed.Value(row)); });
}

template <class ArrayType>
void numbers(const arrow::Array& array, std::vector<Cell>& out) {
  each_value<ArrayType>(array, out, [](const ArrayType& typed, std::int64_t row) { return number_cell(typed.Value(row)); });
}

template <class ArrayType>
void texts(const arrow::Array& array, std::vector<Cell>& out) {
  each_value<ArrayType>(array, out, [](const ArrayType& typed, std::int64_t row) { return text_cell(typed.GetView(row)); });
}

template <class ArrayType>
void decimals(const arrow::Array& array, std::vector<Cell>& out) {
  each_value<ArrayType>(array, out, [](const ArrayType& typed, std::int64_t row) {
    const std::string digits = typed.FormatValue(row);
    double value = std::nan("");
    std::from_chars(digits.data(), digits.data() + digits.size(), value);
    return number_cell(value);
  });
}

void unsigned_longs(const arrow::Array& array, TextArena& arena, std::vector<Cell>& out) {
  each_value<arrow::UInt64Array>(array, out, [&](const arrow::UInt64Array& typed, std::int64_t row) {
    const std::uint64_t value = typed.Value(row);  // hashes used as keys go beyond 2^63
    return value <= INT64_MAX ? integer_cell(static_cast<std::int64_t>(value)) : text_cell(arena.emplace_back(concat(value)));
  });
}

void timestamps(const arrow::Array& array, TextArena& arena, std::vector<Cell>& out) {
  std::int64_t numerator = 1, denominator = 1;
  switch (static_cast<const arrow::TimestampType&>(*array.type()).unit()) {
    case arrow::TimeUnit::SECOND: numerator = 1'000'000; break;
    case arrow::TimeUnit::MILLI: numerator = 1'000; break;
    case arrow::TimeUnit::MICRO: break;
    case arrow::TimeUnit::NANO: denominator = 1'000; break;
  }
  each_value<arrow::TimestampArray>(array, out, [&](const arrow::TimestampArray& typed, std::int64_t row) {
    return time_cell(typed.Value(row), numerator, denominator, arena);
  });
}

template <class ArrayType>
void dates(const arrow::Array& array, std::int64_t microseconds_each, TextArena& arena, std::vector<Cell>& out) {
  each_value<ArrayType>(array, out,
                        [&](const ArrayType& typed, std::int64_t row) { return time_cell(typed.Value(row), microseconds_each, 1, arena); });
}

void dictionary(const arrow::Array& array, TextArena& arena, std::vector<Cell>& out) {
  const auto& typed = static_cast<const arrow::DictionaryArray&>(array);
  std::vector<Cell> values;
  read_cells(*typed.dictionary(), arena, values);
  for (std::int64_t row = 0; row < typed.length(); ++row)
    out.push_back(typed.IsNull(row) ? Cell{} : values[static_cast<std::size_t>(typed.GetValueIndex(row))]);
}

void append_json_text(std::string& json, std::string_view text) {
  constexpr std::string_view kHex = "0123456789abcdef";
  json += '"';
  for (const char letter : text) {
    const auto byte = static_cast<unsigned char>(letter);
    if (letter == '"' || letter == '\\') json += '\\';
    if (byte < 0x20) json += concat("\\u00", kHex[byte >> 4], kHex[byte & 15]);
    else json += letter;
  }
  json += '"';
}

void append_json(std::string& json, const Cell& cell) {
  switch (cell.kind) {
    case Cell::Kind::kMissing: json += "null"; break;
    case Cell::Kind::kText: append_json_text(json, cell.text); break;
    case Cell::Kind::kInteger:
    case Cell::Kind::kTime: json += concat(cell.integer); break;
    case Cell::Kind::kNumber: json += concat(cell.number); break;
  }
}

template <class ArrayType>
void lists(const arrow::Array& array, TextArena& arena, std::vector<Cell>& out) {
  const auto& typed = static_cast<const ArrayType&>(array);
  std::vector<Cell> values;
  read_cells(*typed.values(), arena, values);
  each_value<ArrayType>(array, out, [&](const ArrayType& list, std::int64_t row) {
    std::string& json = arena.emplace_back("[");
    const auto begin = static_cast<std::size_t>(list.value_offset(row)), size = static_cast<std::size_t>(list.value_length(row));
    for (std::size_t i = 0; i < size; ++i) {
      if (i > 0) json += ", ";
      append_json(json, values[begin + i]);
    }
    json += ']';
    return text_cell(json);
  });
}

// Structs, maps and the like, in Arrow's own words.
void scalars(const arrow::Array& array, TextArena& arena, std::vector<Cell>& out) {
  each_value<arrow::Array>(array, out, [&](const arrow::Array& typed, std::int64_t row) {
    const auto scalar = typed.GetScalar(row);
    return scalar.ok() ? text_cell(arena.emplace_back((*scalar)->ToString())) : Cell{};
  });
}

std::uint64_t mix(std::uint64_t hash, std::uint64_t value) {
  hash = (hash ^ value) * 0x9e3779b97f4a7c15u;
  hash = (hash ^ (hash >> 32)) * 0xd6e8feb86659fd93u;
  return hash ^ (hash >> 32);
}

std::uint64_t hash_of(const Cell& cell) {
  switch (cell.kind) {
    case Cell::Kind::kMissing: return 0x6d697373696e67u;
    case Cell::Kind::kText: return XXH3_64bits(cell.text.data(), cell.text.size());
    case Cell::Kind::kInteger:
    case Cell::Kind::kTime: return static_cast<std::uint64_t>(cell.integer);
    case Cell::Kind::kNumber: return std::bit_cast<std::uint64_t>(cell.number);
  }
  GEMEL_CHECK(false, "a kind of cell without a hash");
}

}  // namespace

void read_cells(const arrow::Array& array, TextArena& arena, std::vector<Cell>& out) {
  constexpr std::int64_t kDay = 86'400'000'000, kMillisecond = 1'000;
  switch (array.type_id()) {
    case arrow::Type::NA: out.resize(out.size() + static_cast<std::size_t>(array.length())); break;
    case arrow::Type::BOOL: integers<arrow::BooleanArray>(array, out); break;
    case arrow::Type::INT8: integers<arrow::Int8Array>(array, out); break;
    case arrow::Type::INT16: integers<arrow::Int16Array>(array, out); break;
    case arrow::Type::INT32: integers<arrow::Int32Array>(array, out); break;
    case arrow::Type::INT64: integers<arrow::Int64Array>(array, out); break;
    case arrow::Type::UINT8: integers<arrow::UInt8Array>(array, out); break;
    case arrow::Type::UINT16: integers<arrow::UInt16Array>(array, out); break;
    case arrow::Type::UINT32: integers<arrow::UInt32Array>(array, out); break;
    case arrow::Type::UINT64: unsigned_longs(array, arena, out); break;
    case arrow::Type::FLOAT: numbers<arrow::FloatArray>(array, out); break;
    case arrow::Type::DOUBLE: numbers<arrow::DoubleArray>(array, out); break;
    case arrow::Type::DECIMAL128: decimals<arrow::Decimal128Array>(array, out); break;
    case arrow::Type::DECIMAL256: decimals<arrow::Decimal256Array>(array, out); break;
    case arrow::Type::STRING: texts<arrow::StringArray>(array, out); break;
    case arrow::Type::BINARY: texts<arrow::BinaryArray>(array, out); break;
    case arrow::Type::LARGE_STRING: texts<arrow::LargeStringArray>(array, out); break;
    case arrow::Type::LARGE_BINARY: texts<arrow::LargeBinaryArray>(array, out); break;
    case arrow::Type::FIXED_SIZE_BINARY: texts<arrow::FixedSizeBinaryArray>(array, out); break;
    case arrow::Type::DICTIONARY: dictionary(array, arena, out); break;
    case arrow::Type::TIMESTAMP: timestamps(array, arena, out); break;
    case arrow::Type::DATE32: dates<arrow::Date32Array>(array, kDay, arena, out); break;
    case arrow::Type::DATE64: dates<arrow::Date64Array>(array, kMillisecond, arena, out); break;
    case arrow::Type::LIST: lists<arrow::ListArray>(array, arena, out); break;
    case arrow::Type::LARGE_LIST: lists<arrow::LargeListArray>(array, arena, out); break;
    case arrow::Type::FIXED_SIZE_LIST: lists<arrow::FixedSizeListArray>(array, arena, out); break;
    default: scalars(array, arena, out);
  }
}

void add_row_hashes(std::span<const Cell> column, std::span<std::uint64_t> hashes) {
  GEMEL_CHECK(column.size() == hashes.size());
  for (std::size_t row = 0; row < column.size(); ++row) hashes[row] = mix(hashes[row], hash_of(column[row]));
}

}  // namespace gemel::arrow_module
