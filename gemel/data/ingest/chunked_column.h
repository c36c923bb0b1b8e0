// A column that grows without being copied: the events of a shop, before their number is known. A growing std::vector holds up to
// three times its content while it grows, and ingest owes a small peak. Chunks are mapped pages, so that clear() gives their memory back
// at once; malloc keeps what lies between other blocks. Not thread-safe.
#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <span>
#include <vector>

namespace gemel {

template <class T>
class ChunkedColumn {
 public:
  void push_back(T value) {
    if (size_ >> kShift == chunks_.size()) chunks_.push_back(make_chunk());
    chunks_[size_ >> kShift][size_ & kMask] = value;
    ++size_;
  }
  std::size_t size() const { return size_; }
  T operator[](std::size_t row) const { return chunks_[row >> kShift][row & kMask]; }
  T& operator[](std::size_t row) { return chunks_[row >> kShift][row & kMask]; }

  // The values of `rows`, in their order; the column is empty afterwards.
  std::vector<T> take(std::span<const std::uint32_t> rows) {
    std::vector<T> taken(rows.size());
    for (std::size_t i = 0; i < rows.size(); ++i) taken[i] = (*this)[rows[i]];
    clear();
    return taken;
  }
  void clear() {
    chunks_.clear();
    size_ = 0;
  }

 private:
  static constexpr std::size_t kShift = 16, kChunkRows = std::size_t{1} << kShift, kMask = kChunkRows - 1;
  struct Unmap {
    void operator()(T* chunk) const { ::munmap(chunk, kChunkRows * sizeof(T)); }
  };
  using Chunk = std::unique_ptr<T[], Unmap>;
  static Chunk make_chunk() {
    void* const pages = ::mmap(nullptr, kChunkRows * sizeof(T), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (pages == MAP_FAILED) throw std::bad_alloc();
    return Chunk(static_cast<T*>(pages));
  }
  std::vector<Chunk> chunks_;
  std::size_t size_ = 0;
};

}  // namespace gemel
