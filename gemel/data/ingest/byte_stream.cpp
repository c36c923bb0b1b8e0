#include "gemel/data/ingest/byte_stream.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <vector>

#include "gemel/data/ingest/decompress.h"

namespace gemel {
namespace {

constexpr std::size_t kLatin1BlockBytes = 64 << 10;

class FileStream : public ByteStream {
 public:
  FileStream(std::string name, int file, bool is_owned) : name_(std::move(name)), file_(file), is_owned_(is_owned) {}
  ~FileStream() override {
    if (is_owned_) ::close(file_);
  }
  FileStream(const FileStream&) = delete;
  FileStream& operator=(const FileStream&) = delete;

  Result<std::size_t> read(std::span<char> out) override {
    std::size_t size = 0;
    while (size < out.size()) {  // a pipe gives what it has
      const ssize_t got = ::read(file_, out.data() + size, out.size() - size);
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return fail(ErrorCode::kIo, name_, ": reading failed after byte ", bytes_read_, ": ", std::strerror(errno));
      if (got == 0) break;
      size += static_cast<std::size_t>(got);
      bytes_read_ += static_cast<std::uint64_t>(got);
    }
    return size;
  }
  std::uint64_t bytes_read() const override { return bytes_read_; }

 private:
  std::string name_;
  int file_;
  bool is_owned_;  // standard input is not ours to close
  std::uint64_t bytes_read_ = 0;
};

class MemoryStream : public ByteStream {
 public:
  explicit MemoryStream(std::string_view bytes) : rest_(bytes) {}
  Result<std::size_t> read(std::span<char> out) override {
    const std::size_t size = rest_.copy(out.data(), out.size());
    rest_.remove_prefix(size);
    bytes_read_ += size;
    return size;
  }
  std::uint64_t bytes_read() const override { return bytes_read_; }

 private:
  std::string_view rest_;
  std::uint64_t bytes_read_ = 0;
};

// ISO 8859-1: every byte is the Unicode code point of the same number.
class Latin1Stream : public ByteStream {
 public:
  explicit Latin1Stream(std::unique_ptr<ByteStream> inner) : inner_(std::move(inner)), block_(kLatin1BlockBytes) {}

  Result<std::size_t> read(std::span<char> out) override {
    std::size_t size = 0;
    while (size < out.size()) {
      if (pending_ != 0) {
        out[size++] = std::exchange(pending_, 0);
        continue;
      }
      if (begin_ == end_) {
        GEMEL_ASSIGN_OR_RETURN(end_, inner_->read(block_));
        begin_ = 0;
        if (end_ == 0) break;
      }
      const auto byte = static_cast<unsigned char>(block_[begin_++]);
      if (byte < 0x80) {
        out[size++] = static_cast<char>(byte);
      } else {
        out[size++] = static_cast<char>(0xC0 | (byte >> 6));
        pending_ = static_cast<char>(0x80 | (byte & 0x3F));
      }
    }
    return size;
  }
  std::uint64_t bytes_read() const override { return inner_->bytes_read(); }

 private:
  std::unique_ptr<ByteStream> inner_;
  std::vector<char> block_;
  std::size_t begin_ = 0, end_ = 0;
  char pending_ = 0;  // the second byte of a letter; never 0 itself
};

Result<std::unique_ptr<ByteStream>> open_file(const std::filesystem::path& path) {
  if (path == kStandardInput) return std::unique_ptr<ByteStream>(std::make_unique<FileStream>("standard input", STDIN_FILENO, false));
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0)
    return fail(errno == ENOENT ? ErrorCode::kNotFound : ErrorCode::kIo, path.string(), ": opening failed: ", std::strerror(errno));
  auto stream = std::make_unique<FileStream>(path.string(), file, true);
  struct stat info{};
  if (::fstat(file, &info) != 0) return fail(ErrorCode::kIo, path.string(), ": opening failed: ", std::strerror(errno));
  if (S_ISDIR(info.st_mode)) return fail(ErrorCode::kBadInput, path.string(), ": expected a file, found a folder");
  ::posix_fadvise(file, 0, 0, POSIX_FADV_SEQUENTIAL);  // advice: a refusal costs speed, nothing else
  return std::unique_ptr<ByteStream>(std::move(stream));
}

}  // namespace

Result<std::unique_ptr<ByteStream>> open_byte_stream(const std::filesystem::path& path, Encoding encoding) {
  GEMEL_ASSIGN_OR_RETURN(auto file, open_file(path));
  GEMEL_ASSIGN_OR_RETURN(auto bytes, decompressed(std::move(file), path));
  if (encoding == Encoding::kLatin1) bytes = std::make_unique<Latin1Stream>(std::move(bytes));
  return bytes;
}

std::unique_ptr<ByteStream> make_memory_stream(std::string_view bytes) { return std::make_unique<MemoryStream>(bytes); }

}  // namespace gemel
