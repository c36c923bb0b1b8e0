#include "gemel/data/ingest/decompress.h"

#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <vector>

namespace gemel {
namespace {

constexpr std::size_t kBlockBytes = 128 << 10;
constexpr std::string_view kGzipMagic("\x1F\x8B", 2), kZstdMagic("\x28\xB5\x2F\xFD", 4);
constexpr int kGzipOnly = MAX_WBITS + 16;

// A block of the compressed file, and which byte of the file comes next.
class CompressedBytes {
 public:
  CompressedBytes(std::unique_ptr<ByteStream> file, std::string name)
      : file_(std::move(file)), name_(std::move(name)), block_(kBlockBytes) {}

  // Makes sure that rest() holds something; empty afterwards: the end of the file.
  Result<void> fill() {
    if (begin_ < end_) return {};
    GEMEL_ASSIGN_OR_RETURN(end_, file_->read(block_));
    begin_ = 0;
    return {};
  }
  std::string_view rest() const { return {block_.data() + begin_, end_ - begin_}; }
  void consume(std::size_t size) {
    begin_ += size;
    position_ += size;
  }
  std::uint64_t position() const { return position_; }
  Failure corrupt(std::string_view format, std::string_view why) const {
    return fail(ErrorCode::kCorrupt, name_, ": byte ", position_, ": ", format, ": ", why);
  }
  Failure ends_early(std::string_view format) const {
    return corrupt(format, "the compressed data ends early: the file is truncated; nothing after this can be read");
  }

 private:
  std::unique_ptr<ByteStream> file_;
  std::string name_;
  std::vector<char> block_;
  std::size_t begin_ = 0, end_ = 0;
  std::uint64_t position_ = 0;
};

class GzipStream : public ByteStream {
 public:
  explicit GzipStream(CompressedBytes bytes) : bytes_(std::move(bytes)) {
    GEMEL_CHECK(::inflateInit2(&state_, kGzipOnly) == Z_OK, "zlib has no memory");
  }
  ~GzipStream() override { ::inflateEnd(&state_); }
  GzipStream(const GzipStream&) = delete;
  GzipStream& operator=(const GzipStream&) = delete;

  Result<std::size_t> read(std::span<char> out) override {
    std::size_t size = 0;
    while (size < out.size()) {
      GEMEL_RETURN_IF_ERROR(bytes_.fill());
      const std::string_view rest = bytes_.rest();
      if (rest.empty()) {
        if (is_in_member_) return bytes_.ends_early("gzip");
        break;
      }
      if (!is_in_member_ && rest[0] == 0) {  // tapes and some tools fill the last block with zeros
        bytes_.consume(1);
        continue;
      }
      if (!is_in_member_ && ::inflateReset2(&state_, kGzipOnly) != Z_OK) return bytes_.corrupt("gzip", "zlib cannot start again");
      is_in_member_ = true;
      GEMEL_RETURN_IF_ERROR(inflate_some(rest, out, size));
    }
    return size;
  }
  std::uint64_t bytes_read() const override { return bytes_.position(); }

 private:
  Result<void> inflate_some(std::string_view rest, std::span<char> out, std::size_t& size) {
    const auto wanted = std::min<std::size_t>(out.size() - size, 1u << 30);
    state_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(rest.data()));
    state_.avail_in = static_cast<uInt>(rest.size());
    state_.next_out = reinterpret_cast<Bytef*>(out.data() + size);
    state_.avail_out = static_cast<uInt>(wanted);
    const int status = ::inflate(&state_, Z_NO_FLUSH);
    bytes_.consume(rest.size() - state_.avail_in);
    size += wanted - state_.avail_out;
    if (status == Z_STREAM_END) is_in_member_ = false;
    else if (status != Z_OK && status != Z_BUF_ERROR) return bytes_.corrupt("gzip", state_.msg != nullptr ? state_.msg : "damaged data");
    return {};
  }

  CompressedBytes bytes_;
  z_stream state_{};
  bool is_in_member_ = false;
};

class ZstdStream : public ByteStream {
 public:
  explicit ZstdStream(CompressedBytes bytes) : bytes_(std::move(bytes)), state_(::ZSTD_createDStream()) {
    GEMEL_CHECK(state_ != nullptr, "zstd has no memory");
  }

  Result<std::size_t> read(std::span<char> out) override {
    ZSTD_outBuffer output{out.data(), out.size(), 0};
    while (output.pos < output.size) {
      GEMEL_RETURN_IF_ERROR(bytes_.fill());
      const std::string_view rest = bytes_.rest();
      ZSTD_inBuffer input{rest.data(), rest.size(), 0};
      const std::size_t before = output.pos;
      if (rest.empty() && !is_in_frame_) break;
      const std::size_t status = ::ZSTD_decompressStream(state_.get(), &output, &input);
      bytes_.consume(input.pos);
      if (::ZSTD_isError(status)) return bytes_.corrupt("zstd", ::ZSTD_getErrorName(status));
      is_in_frame_ = status != 0;
      if (rest.empty() && output.pos == before) return bytes_.ends_early("zstd");  // nothing was left inside either
    }
    return output.pos;
  }
  std::uint64_t bytes_read() const override { return bytes_.position(); }

 private:
  struct Free {
    void operator()(ZSTD_DStream* state) const { ::ZSTD_freeDStream(state); }
  };
  CompressedBytes bytes_;
  std::unique_ptr<ZSTD_DStream, Free> state_;
  bool is_in_frame_ = false;
};

// Gives back first what was read to recognise the file.
class PeekedStream : public ByteStream {
 public:
  PeekedStream(std::string head, std::unique_ptr<ByteStream> rest) : head_(std::move(head)), rest_(std::move(rest)) {}
  Result<std::size_t> read(std::span<char> out) override {
    const std::size_t size = head_.copy(out.data(), out.size());
    head_.erase(0, size);
    GEMEL_ASSIGN_OR_RETURN(const std::size_t more, rest_->read(out.subspan(size)));
    return size + more;
  }
  std::uint64_t bytes_read() const override { return rest_->bytes_read() - head_.size(); }

 private:
  std::string head_;
  std::unique_ptr<ByteStream> rest_;
};

}  // namespace

Result<std::unique_ptr<ByteStream>> decompressed(std::unique_ptr<ByteStream> file, const std::filesystem::path& path) {
  const std::string name = path == kStandardInput ? "standard input" : path.string();
  std::string head(kZstdMagic.size(), '\0');
  GEMEL_ASSIGN_OR_RETURN(const std::size_t size, file->read(head));
  head.resize(size);
  const bool is_gzip = head.starts_with(kGzipMagic), is_zstd = head.starts_with(kZstdMagic);
  const bool is_named_otherwise = without_compression(name) != name && !is_gzip && !is_zstd;
  if (is_named_otherwise)
    return fail(ErrorCode::kCorrupt, name, ": byte 0: expected compressed data, as the name says, found ",
                size == 0 ? "an empty file" : "other data");
  auto peeked = std::make_unique<PeekedStream>(std::move(head), std::move(file));
  if (is_gzip) return std::unique_ptr<ByteStream>(std::make_unique<GzipStream>(CompressedBytes(std::move(peeked), name)));
  if (is_zstd) return std::unique_ptr<ByteStream>(std::make_unique<ZstdStream>(CompressedBytes(std::move(peeked), name)));
  return std::unique_ptr<ByteStream>(std::move(peeked));
}

}  // namespace gemel
