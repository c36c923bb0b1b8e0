// Keeps texts where they lie until clear(): what the cells of one batch borrow from. Not thread-safe.
#pragma once

#include <cstring>
#include <memory>
#include <string_view>
#include <vector>

namespace gemel {

class TextBlocks {
 public:
  std::string_view keep(std::string_view text) {
    if (text.size() > room_) add_block(text.size());
    char* const place = next_;
    if (!text.empty()) std::memcpy(place, text.data(), text.size());
    next_ += text.size();
    room_ -= text.size();
    return {place, text.size()};
  }

  void clear() {  // the first block stays for the next batch
    if (blocks_.size() > 1) blocks_.resize(1);
    next_ = blocks_.empty() ? nullptr : blocks_[0].bytes.get();
    room_ = blocks_.empty() ? 0 : blocks_[0].size_bytes;
  }

 private:
  static constexpr std::size_t kBlockBytes = 256 << 10;
  struct Block {
    std::unique_ptr<char[]> bytes;
    std::size_t size_bytes;
  };

  void add_block(std::size_t at_least) {
    room_ = at_least > kBlockBytes ? at_least : kBlockBytes;
    blocks_.push_back({std::make_unique_for_overwrite<char[]>(room_), room_});
    next_ = blocks_.back().bytes.get();
  }

  std::vector<Block> blocks_;
  char* next_ = nullptr;
  std::size_t room_ = 0;
};

}  // namespace gemel
