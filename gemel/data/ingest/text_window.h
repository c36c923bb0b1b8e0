// A piece of a text file in memory, moved along by whoever reads rows from it. Views of it hold until the next fill() or skip_line().
// Not thread-safe. Memory: 1 MiB, or twice the longest row, which may be 64 MiB.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "gemel/data/ingest/byte_stream.h"

namespace gemel {

class TextWindow {
 public:
  static constexpr std::size_t kMaxRowBytes = 64 << 20;
  static constexpr std::size_t kPaddingBytes = 64;  // readable behind the window, as simdjson wants it

  // Reads the first block; passes over a byte order mark. `name` stands in messages. Errors: those of the stream, kBadInput (UTF-16).
  static Result<TextWindow> open(std::unique_ptr<ByteStream> bytes, const std::string& name, std::size_t block_bytes = 1 << 20);

  std::string_view rest() const { return {buffer_.data() + begin_, end_ - begin_}; }  // what is not consumed yet
  bool is_last() const { return is_last_; }                                           // the file ends where rest() does
  void consume(std::size_t size) { begin_ += size; }
  bool is_full() const { return rest().size() >= kMaxRowBytes; }
  Result<void> fill();       // more of the file behind rest(), which is neither last nor full
  Result<void> skip_line();  // consumes up to and with the next line end, however far it is

  std::uint64_t bytes_read() const { return bytes_->bytes_read(); }  // of the file as it lies on disk, up to the end of the window

 private:
  TextWindow(std::unique_ptr<ByteStream> bytes, std::size_t block_bytes) : bytes_(std::move(bytes)), block_bytes_(block_bytes) {}

  std::unique_ptr<ByteStream> bytes_;
  std::size_t block_bytes_;
  std::vector<char> buffer_;
  std::size_t begin_ = 0, end_ = 0;
  bool is_last_ = false;
};

}  // namespace gemel
