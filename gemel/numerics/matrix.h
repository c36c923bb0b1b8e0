// Row-major float matrices: an owner and two views that borrow. Shapes are [rows, cols]; rows lie without gaps.
#pragma once

#include <cstddef>
#include <memory>
#include <new>
#include <span>
#include <vector>

#include "gemel/base/check.h"

namespace gemel {

// Cache-line alignment lets the vector kernels load whole registers from row 0.
template <class T>
struct AlignedAllocator {
  using value_type = T;
  static constexpr std::align_val_t kAlignment{64};
  AlignedAllocator() = default;
  template <class U>
  AlignedAllocator(const AlignedAllocator<U>&) {}
  T* allocate(std::size_t n) { return static_cast<T*>(::operator new(n * sizeof(T), kAlignment)); }
  void deallocate(T* p, std::size_t) { ::operator delete(p, kAlignment); }
  bool operator==(const AlignedAllocator&) const { return true; }
};

using FloatBuffer = std::vector<float, AlignedAllocator<float>>;

struct ConstMatrixView {
  const float* data = nullptr;
  std::size_t rows = 0;
  std::size_t cols = 0;

  std::span<const float> row(std::size_t r) const { return {data + r * cols, cols}; }
  std::size_t size() const { return rows * cols; }
  ConstMatrixView row_block(std::size_t begin, std::size_t end) const { return {data + begin * cols, end - begin, cols}; }
};

struct MatrixView {
  float* data = nullptr;
  std::size_t rows = 0;
  std::size_t cols = 0;

  std::span<float> row(std::size_t r) const { return {data + r * cols, cols}; }
  std::size_t size() const { return rows * cols; }
  MatrixView row_block(std::size_t begin, std::size_t end) const { return {data + begin * cols, end - begin, cols}; }
  operator ConstMatrixView() const { return {data, rows, cols}; }
};

class Matrix {
 public:
  Matrix() = default;
  Matrix(std::size_t rows, std::size_t cols, float value = 0) : rows_(rows), cols_(cols), values_(rows * cols, value) {}
  explicit Matrix(ConstMatrixView view) : rows_(view.rows), cols_(view.cols), values_(view.data, view.data + view.size()) {}

  // Keeps the memory it has when it is enough; the values are unspecified afterwards.
  void resize(std::size_t rows, std::size_t cols) {
    rows_ = rows;
    cols_ = cols;
    values_.resize(rows * cols);
  }
  void fill(float value) { values_.assign(values_.size(), value); }

  std::size_t rows() const { return rows_; }
  std::size_t cols() const { return cols_; }
  std::size_t size() const { return values_.size(); }
  float* data() { return values_.data(); }
  const float* data() const { return values_.data(); }
  std::span<float> row(std::size_t r) { return {data() + r * cols_, cols_}; }
  std::span<const float> row(std::size_t r) const { return {data() + r * cols_, cols_}; }
  float& operator()(std::size_t r, std::size_t c) { return values_[r * cols_ + c]; }
  float operator()(std::size_t r, std::size_t c) const { return values_[r * cols_ + c]; }
  MatrixView view() { return {data(), rows_, cols_}; }
  ConstMatrixView view() const { return {data(), rows_, cols_}; }
  operator MatrixView() { return view(); }
  operator ConstMatrixView() const { return view(); }

 private:
  std::size_t rows_ = 0;
  std::size_t cols_ = 0;
  FloatBuffer values_;
};

}  // namespace gemel
