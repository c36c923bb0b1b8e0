// Sorts records that memory may not hold: what does not fit its share of memory is written as sorted runs to a file without a name, and
// merged while it is read. Records that are equal to Less stay in the order of add().
// Not thread-safe. Memory: SortSpace::memory_bytes at most. Disk: the size of the records, once they do not fit.
#pragma once

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <vector>

#include "gemel/base/file.h"
#include "gemel/base/progress.h"
#include "gemel/data/ingest/record_buffer.h"

namespace gemel {

// What the sorts of one ingest may use.
struct SortSpace {
  std::filesystem::path folder;  // on the disk of the Dataset
  std::size_t memory_bytes = 0;
  SortSpace part(std::size_t divisor) const { return {folder, memory_bytes / divisor}; }
};

template <class Record, class Less = std::less<Record>>
class ExternalSort {
 public:
  explicit ExternalSort(SortSpace space)
      : space_(std::move(space)), max_records_(std::max<std::size_t>(kMinRecords, space_.memory_bytes * 2 / 3 / sizeof(Record))) {}

  std::uint64_t size() const { return size_; }

  // Errors: kIo (of the file, or not even a little memory is there), kInterrupted.
  Result<void> add(const Record& record) {
    if (buffer_.is_full() && !buffer_.grow(max_records_)) GEMEL_RETURN_IF_ERROR(spill());
    buffer_.push_back(record);
    ++size_;
    return {};
  }

  // After the last add(), before the first for_each().
  Result<void> finish() {
    if (runs_.empty()) {
      sort_buffer();
      return {};
    }
    GEMEL_RETURN_IF_ERROR(spill());
    buffer_.release();
    return {};
  }

  // Hands every record over in order: take(const Record&) -> Result<void>. As often as wanted.
  template <class Take>
  Result<void> for_each(Take take) const {
    return runs_.empty() ? each_of_buffer(take) : each_of_runs(take);
  }

  // Empty again, to be filled anew; keeps its memory and its file.
  void clear() {
    buffer_.clear();
    runs_.clear();
    file_bytes_ = size_ = 0;
  }

 private:
  static constexpr std::size_t kMinRecords = 16, kInterruptRecords = std::size_t{1} << 16;
  static constexpr std::size_t kMaxReadBytes = std::size_t{1} << 20;

  struct Run {
    std::uint64_t begin, end;  // bytes of the file
  };

  // One run on its way through memory.
  class Cursor {
   public:
    Cursor(const RandomFile& file, Run run, std::size_t num_records) : file_(&file), run_(run), records_(num_records) {}
    const Record& record() const { return records_[place_]; }
    Result<bool> next() {  // to the next record; false at the end
      if (++place_ < num_read_) return true;
      const std::size_t num_left = (run_.end - run_.begin) / sizeof(Record);
      num_read_ = std::min(num_left, records_.size());
      if (num_read_ == 0) return false;
      const std::size_t size_bytes = num_read_ * sizeof(Record);
      GEMEL_RETURN_IF_ERROR(file_->read(run_.begin, {reinterpret_cast<char*>(records_.data()), size_bytes}));
      run_.begin += size_bytes;
      place_ = 0;
      return true;
    }

   private:
    const RandomFile* file_;
    Run run_;
    std::vector<Record> records_;
    std::size_t place_ = 0, num_read_ = 0;
  };

  static Failure interruption() { return fail(ErrorCode::kInterrupted, "interrupted; nothing was written"); }

  // std::stable_sort takes half of the records' memory again while it works, and none where they are in order already.
  void sort_buffer() {
    const auto records = buffer_.records();
    if (!std::is_sorted(records.begin(), records.end(), Less())) std::stable_sort(records.begin(), records.end(), Less());
  }

  Result<void> spill() {
    if (interrupted()) return interruption();
    if (buffer_.size() == 0) return fail(ErrorCode::kIo, "sorting: no memory for even ", kMinRecords, " records");
    if (!file_) {
      GEMEL_ASSIGN_OR_RETURN(file_, RandomFile::create_unnamed(space_.folder));
    }
    sort_buffer();
    const auto records = buffer_.records();
    GEMEL_RETURN_IF_ERROR(file_->write(file_bytes_, {reinterpret_cast<const char*>(records.data()), records.size_bytes()}));
    runs_.push_back({file_bytes_, file_bytes_ + records.size_bytes()});
    file_bytes_ = runs_.back().end;
    buffer_.clear();
    return {};
  }

  template <class Take>
  Result<void> each_of_buffer(Take& take) const {
    std::size_t place = 0;
    for (const Record& record : buffer_.records()) {
      if (++place % kInterruptRecords == 0 && interrupted()) return interruption();
      GEMEL_RETURN_IF_ERROR(take(record));
    }
    return {};
  }

  template <class Take>
  Result<void> each_of_runs(Take& take) const {
    std::vector<Cursor> cursors;
    const std::size_t read_bytes = std::min(kMaxReadBytes, space_.memory_bytes / 2 / runs_.size());
    for (const Run& run : runs_) cursors.emplace_back(*file_, run, std::max<std::size_t>(1, read_bytes / sizeof(Record)));
    std::vector<Cursor*> heap;  // the run with the least record first, the earlier run when level
    const auto later = [](const Cursor* a, const Cursor* b) {
      if (Less()(b->record(), a->record())) return true;
      return a > b && !Less()(a->record(), b->record());
    };
    for (Cursor& cursor : cursors) {
      GEMEL_ASSIGN_OR_RETURN(const bool has_record, cursor.next());
      if (has_record) heap.push_back(&cursor);
    }
    std::make_heap(heap.begin(), heap.end(), later);
    for (std::size_t place = 1; !heap.empty(); ++place) {
      if (place % kInterruptRecords == 0 && interrupted()) return interruption();
      std::pop_heap(heap.begin(), heap.end(), later);
      Cursor& least = *heap.back();
      GEMEL_RETURN_IF_ERROR(take(least.record()));
      GEMEL_ASSIGN_OR_RETURN(const bool has_more, least.next());
      if (has_more) std::push_heap(heap.begin(), heap.end(), later);
      else heap.pop_back();
    }
    return {};
  }

  SortSpace space_;
  std::size_t max_records_;
  RecordBuffer<Record> buffer_;
  std::optional<RandomFile> file_;
  std::vector<Run> runs_;
  std::uint64_t file_bytes_ = 0, size_ = 0;
};

}  // namespace gemel
