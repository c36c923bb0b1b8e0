// Tensors in a file that anyone's tools open: the safetensors format (github.com/huggingface/safetensors). Eight bytes of header
// length, a JSON header {"name": {"dtype", "shape", "data_offsets"}, "__metadata__": {text: text}}, then raw little-endian values.
// Reading maps the file and checks every length, offset and shape before it believes it; values themselves are guarded by the
// bundle's checksums. Thread safety: a file is const after open; a writer has one user.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gemel/base/file.h"
#include "gemel/base/result.h"
#include "gemel/numerics/matrix.h"

namespace gemel {

enum class TensorType : std::uint8_t { kF32, kF64, kI64, kI32, kI16, kU32, kU8 };
using Shape = std::vector<std::size_t>;
inline constexpr std::size_t kAnySize = static_cast<std::size_t>(-1);  // in an expected shape

template <class T>
constexpr TensorType tensor_type_of();  // defined for float, double, int64, int32, int16, uint32, uint8
template <>
constexpr TensorType tensor_type_of<float>() {
  return TensorType::kF32;
}
template <>
constexpr TensorType tensor_type_of<double>() {
  return TensorType::kF64;
}
template <>
constexpr TensorType tensor_type_of<std::int64_t>() {
  return TensorType::kI64;
}
template <>
constexpr TensorType tensor_type_of<std::int32_t>() {
  return TensorType::kI32;
}
template <>
constexpr TensorType tensor_type_of<std::int16_t>() {
  return TensorType::kI16;
}
template <>
constexpr TensorType tensor_type_of<std::uint32_t>() {
  return TensorType::kU32;
}
template <>
constexpr TensorType tensor_type_of<std::uint8_t>() {
  return TensorType::kU8;
}

struct Tensor {
  TensorType type;
  Shape shape;
  std::string_view bytes;
};

// Collects tensors, then writes them all; the values are borrowed until write() returns. The same tensors give the same bytes.
class SafetensorsWriter {
 public:
  template <class T>
  void add(std::string name, std::span<const T> values, Shape shape) {
    add_bytes(std::move(name), tensor_type_of<T>(), std::move(shape), {reinterpret_cast<const char*>(values.data()), values.size_bytes()});
  }
  template <class T>
  void add(std::string name, std::span<const T> values) {
    add(std::move(name), values, {values.size()});
  }
  void add(std::string name, ConstMatrixView matrix) {
    add(std::move(name), std::span(matrix.data, matrix.size()), {matrix.rows, matrix.cols});
  }
  void set_metadata(std::string key, std::string text);
  Result<void> write(const std::filesystem::path& path) const;  // kIo

 private:
  void add_bytes(std::string name, TensorType type, Shape shape, std::string_view bytes);
  std::map<std::string, Tensor> tensors_;
  std::map<std::string, std::string> metadata_;
};

class SafetensorsFile {
 public:
  static Result<SafetensorsFile> open(const std::filesystem::path& path);  // kNotFound, kIo, kCorrupt

  const std::map<std::string, Tensor, std::less<>>& tensors() const { return tensors_; }
  std::string_view metadata(std::string_view key) const;  // empty when absent

  // The values of a tensor of that name, type and shape (kAnySize fits all); borrowed from the mapping. Error: kCorrupt.
  template <class T>
  Result<std::span<const T>> values(std::string_view name, const Shape& expected_shape = {kAnySize}) const {
    GEMEL_ASSIGN_OR_RETURN(const Tensor* tensor, find(name, tensor_type_of<T>(), expected_shape));
    return std::span<const T>(reinterpret_cast<const T*>(tensor->bytes.data()), tensor->bytes.size() / sizeof(T));
  }
  Result<ConstMatrixView> matrix(std::string_view name, std::size_t rows = kAnySize, std::size_t cols = kAnySize) const;

 private:
  Result<const Tensor*> find(std::string_view name, TensorType type, const Shape& expected_shape) const;
  Result<void> parse();

  std::string path_;
  MappedFile file_;
  std::map<std::string, Tensor, std::less<>> tensors_;
  std::map<std::string, std::string, std::less<>> metadata_;
};

}  // namespace gemel
