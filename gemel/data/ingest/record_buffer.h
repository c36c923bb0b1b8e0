// Records that grow in one piece without being copied, up to a limit. A growing std::vector holds up to three times its content while it
// grows, and ingest owes a small peak; here the kernel moves pages, and clear() gives them back at once. Not thread-safe.
#pragma once

#include <sys/mman.h>

#include <algorithm>
#include <cstddef>
#include <span>
#include <type_traits>
#include <utility>

namespace gemel {

template <class T>
class RecordBuffer {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  RecordBuffer() = default;
  RecordBuffer(RecordBuffer&& other) noexcept { swap(other); }
  RecordBuffer& operator=(RecordBuffer&& other) noexcept {
    swap(other);
    return *this;
  }
  ~RecordBuffer() { release(); }

  std::size_t size() const { return size_; }
  bool is_full() const { return size_ == capacity_; }
  void push_back(const T& record) { records_[size_++] = record; }  // REQUIRES: !is_full()
  std::span<T> records() { return {records_, size_}; }
  std::span<const T> records() const { return {records_, size_}; }

  // Makes room for more, for `max_records` at most. False when it holds as many already or memory is not to be had.
  bool grow(std::size_t max_records) {
    if (capacity_ >= max_records) return false;
    const std::size_t capacity = std::min(max_records, std::max(capacity_ * 2, kFirstBytes / sizeof(T)));
    void* const pages = records_ == nullptr
                            ? ::mmap(nullptr, capacity * sizeof(T), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
                            : ::mremap(records_, capacity_ * sizeof(T), capacity * sizeof(T), MREMAP_MAYMOVE);
    if (pages == MAP_FAILED) return false;
    records_ = static_cast<T*>(pages);
    capacity_ = capacity;
    return true;
  }
  void clear() { size_ = 0; }  // keeps its memory
  void release() {
    if (records_ != nullptr) ::munmap(records_, capacity_ * sizeof(T));
    records_ = nullptr;
    size_ = capacity_ = 0;
  }

 private:
  static constexpr std::size_t kFirstBytes = std::size_t{64} << 10;
  void swap(RecordBuffer& other) {
    std::swap(records_, other.records_);
    std::swap(size_, other.size_);
    std::swap(capacity_, other.capacity_);
  }
  T* records_ = nullptr;
  std::size_t size_ = 0, capacity_ = 0;
};

}  // namespace gemel
