#include "gemel/numerics/safetensors.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <nlohmann/json.hpp>
#include <optional>

namespace gemel {
namespace {

static_assert(std::endian::native == std::endian::little, "safetensors are little-endian; values are mapped as they lie");

using nlohmann::json;

constexpr std::size_t kLengthBytes = 8;
constexpr std::size_t kMaxHeaderBytes = 100'000'000;  // as in the reference implementation
constexpr std::size_t kDataAlignment = 64;            // the header is padded with spaces so that the first tensor is aligned

struct TypeName {
  TensorType type;
  std::string_view name;
  std::size_t size_bytes;
};
constexpr TypeName kTypes[] = {{TensorType::kF32, "F32", 4}, {TensorType::kF64, "F64", 8}, {TensorType::kI64, "I64", 8},
                               {TensorType::kI32, "I32", 4}, {TensorType::kI16, "I16", 2}, {TensorType::kU32, "U32", 4},
                               {TensorType::kU8, "U8", 1}};

const TypeName& type_name(TensorType type) { return kTypes[static_cast<std::size_t>(type)]; }

// Bytes of a tensor; empty when the product does not fit.
std::optional<std::size_t> size_of(TensorType type, const Shape& shape) {
  std::size_t bytes = type_name(type).size_bytes;
  for (const std::size_t size : shape)
    if (__builtin_mul_overflow(bytes, size, &bytes)) return std::nullopt;
  return bytes;
}

std::string shape_text(const Shape& shape) {
  std::string text = "[";
  for (const std::size_t size : shape) text += concat(text.size() > 1 ? ", " : "", size == kAnySize ? "any" : concat(size));
  return text + "]";
}

std::optional<Shape> parse_sizes(const json& list) {
  if (!list.is_array()) return std::nullopt;
  Shape sizes;
  for (const json& size : list) {
    if (!size.is_number_unsigned()) return std::nullopt;
    sizes.push_back(size.get<std::size_t>());
  }
  return sizes;
}

// One entry of the header, as yet without bytes; `begin` and `end` are its place in the data.
struct Entry {
  std::string name;
  Tensor tensor;
  std::size_t begin, end;
};

Result<Entry> parse_entry(const std::string& name, const json& description, std::size_t data_bytes) {
  const auto bad = [&](const auto&... why) { return fail(ErrorCode::kCorrupt, "tensor '", name, "': ", why...); };
  if (!description.is_object() || !description.contains("dtype") || !description.contains("shape") || !description.contains("data_offsets"))
    return bad("expected dtype, shape and data_offsets");
  const json& dtype = description["dtype"];
  const auto type = std::find_if(std::begin(kTypes), std::end(kTypes), [&](const TypeName& known) { return dtype == known.name; });
  if (type == std::end(kTypes))
    return bad("expected dtype F32, F64, I64, I32, I16, U32 or U8, found ", dtype.dump(-1, ' ', true, json::error_handler_t::replace));
  const auto shape = parse_sizes(description["shape"]);
  const auto offsets = parse_sizes(description["data_offsets"]);
  if (!shape || !offsets || offsets->size() != 2) return bad("shape and data_offsets must be lists of whole numbers >= 0");
  const std::size_t begin = (*offsets)[0], end = (*offsets)[1];
  if (begin > end || end > data_bytes) return bad("data_offsets ", begin, " to ", end, " do not lie in the ", data_bytes, " bytes of data");
  if (size_of(type->type, *shape) != end - begin)
    return bad("shape ", shape_text(*shape), " of ", type->name, " does not take the ", end - begin, " bytes found");
  if (begin % type->size_bytes != 0) return bad("data_offsets are not aligned to ", type->size_bytes, " bytes");
  return Entry{name, {type->type, *shape, {}}, begin, end};
}

// The format allows no gaps and no overlaps: every byte of data belongs to one tensor.
Result<void> check_tiling(std::vector<Entry>& entries, std::size_t data_bytes) {
  std::sort(entries.begin(), entries.end(),
            [](const Entry& a, const Entry& b) { return std::tie(a.begin, a.end) < std::tie(b.begin, b.end); });
  std::size_t expected = 0;
  for (const Entry& entry : entries) {
    if (entry.begin != expected)
      return fail(ErrorCode::kCorrupt, "tensor '", entry.name, "': begins at ", entry.begin, ", expected ", expected);
    expected = entry.end;
  }
  if (expected != data_bytes) return fail(ErrorCode::kCorrupt, "tensors take ", expected, " bytes of ", data_bytes, " of data");
  return {};
}

}  // namespace

void SafetensorsWriter::set_metadata(std::string key, std::string text) { metadata_[std::move(key)] = std::move(text); }

void SafetensorsWriter::add_bytes(std::string name, TensorType type, Shape shape, std::string_view bytes) {
  GEMEL_CHECK(size_of(type, shape) == bytes.size(), "safetensors: shape and values do not fit");
  const bool is_new = tensors_.emplace(std::move(name), Tensor{type, std::move(shape), bytes}).second;
  GEMEL_CHECK(is_new, "safetensors: one tensor for each name");
}

Result<void> SafetensorsWriter::write(const std::filesystem::path& path) const {
  // Wide types first, so that every tensor is aligned without gaps.
  std::vector<const std::pair<const std::string, Tensor>*> order;
  for (const auto& entry : tensors_) order.push_back(&entry);
  std::stable_sort(order.begin(), order.end(), [](const auto* a, const auto* b) {
    return type_name(a->second.type).size_bytes > type_name(b->second.type).size_bytes;
  });
  nlohmann::ordered_json header = nlohmann::ordered_json::object();
  if (!metadata_.empty()) header["__metadata__"] = metadata_;
  std::size_t data_bytes = 0;
  for (const auto* entry : order) {
    const auto& [name, tensor] = *entry;
    const std::size_t end = data_bytes + tensor.bytes.size();
    header[name] = {{"dtype", type_name(tensor.type).name}, {"shape", tensor.shape}, {"data_offsets", {data_bytes, end}}};
    data_bytes = end;
  }
  std::string text = header.dump(-1, ' ', false, json::error_handler_t::replace);
  text.append((kDataAlignment - (kLengthBytes + text.size()) % kDataAlignment) % kDataAlignment, ' ');
  const std::uint64_t header_bytes = text.size();
  std::string file(kLengthBytes, '\0');
  std::memcpy(file.data(), &header_bytes, kLengthBytes);
  file.reserve(kLengthBytes + text.size() + data_bytes);
  file += text;
  for (const auto* entry : order) file += entry->second.bytes;
  return write_file(path, file);
}

Result<SafetensorsFile> SafetensorsFile::open(const std::filesystem::path& path) {
  SafetensorsFile file;
  file.path_ = path.string();
  GEMEL_ASSIGN_OR_RETURN(file.file_, MappedFile::open(path));
  if (const auto parsed = file.parse(); !parsed) return with_context(parsed.error(), file.path_);
  return file;
}

Result<void> SafetensorsFile::parse() {
  const std::string_view bytes = file_.bytes();
  if (bytes.size() < kLengthBytes) return fail(ErrorCode::kCorrupt, "expected a safetensors file, found ", bytes.size(), " bytes");
  std::uint64_t header_bytes;
  std::memcpy(&header_bytes, bytes.data(), kLengthBytes);
  if (header_bytes > bytes.size() - kLengthBytes || header_bytes > kMaxHeaderBytes)
    return fail(ErrorCode::kCorrupt, "header of ", header_bytes, " bytes does not fit in a file of ", bytes.size());
  const std::string_view text = bytes.substr(kLengthBytes, header_bytes);
  const std::string_view data = bytes.substr(kLengthBytes + header_bytes);
  const json header = json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!header.is_object()) return fail(ErrorCode::kCorrupt, "header is not a JSON object");

  std::vector<Entry> entries;
  for (const auto& [name, description] : header.items()) {
    if (name != "__metadata__") {
      GEMEL_ASSIGN_OR_RETURN(Entry entry, parse_entry(name, description, data.size()));
      entry.tensor.bytes = data.substr(entry.begin, entry.end - entry.begin);
      if (reinterpret_cast<std::uintptr_t>(entry.tensor.bytes.data()) % type_name(entry.tensor.type).size_bytes != 0)
        return fail(ErrorCode::kCorrupt, "tensor '", name, "': header length leaves the values unaligned");
      entries.push_back(std::move(entry));
      continue;
    }
    if (!description.is_object()) return fail(ErrorCode::kCorrupt, "__metadata__ is not a JSON object");
    for (const auto& [key, value] : description.items()) {
      if (!value.is_string()) return fail(ErrorCode::kCorrupt, "__metadata__: '", key, "' is not a text");
      metadata_.emplace(key, value.get<std::string>());
    }
  }
  GEMEL_RETURN_IF_ERROR(check_tiling(entries, data.size()));
  for (Entry& entry : entries) tensors_.emplace(std::move(entry.name), std::move(entry.tensor));
  return {};
}

std::string_view SafetensorsFile::metadata(std::string_view key) const {
  const auto found = metadata_.find(key);
  return found == metadata_.end() ? std::string_view() : found->second;
}

Result<const Tensor*> SafetensorsFile::find(std::string_view name, TensorType type, const Shape& expected_shape) const {
  const auto found = tensors_.find(name);
  if (found == tensors_.end()) return fail(ErrorCode::kCorrupt, path_, ": no tensor '", name, "'");
  const Tensor& tensor = found->second;
  const bool fits = tensor.type == type && tensor.shape.size() == expected_shape.size() &&
                    std::equal(tensor.shape.begin(), tensor.shape.end(), expected_shape.begin(),
                               [](std::size_t size, std::size_t expected) { return expected == kAnySize || size == expected; });
  if (!fits)
    return fail(ErrorCode::kCorrupt, path_, ": tensor '", name, "': expected ", type_name(type).name, shape_text(expected_shape),
                ", found ", type_name(tensor.type).name, shape_text(tensor.shape));
  return &tensor;
}

Result<ConstMatrixView> SafetensorsFile::matrix(std::string_view name, std::size_t rows, std::size_t cols) const {
  GEMEL_ASSIGN_OR_RETURN(const auto values, this->values<float>(name, {rows, cols}));
  const Shape& shape = tensors_.find(name)->second.shape;
  return ConstMatrixView{values.data(), shape[0], shape[1]};
}

}  // namespace gemel
