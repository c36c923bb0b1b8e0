#include "gemel/data/ingest/text_window.h"

#include <algorithm>
#include <cstring>

namespace gemel {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF", kByteOrderMarkAsLatin1 = "\xC3\xAF\xC2\xBB\xC2\xBF";

}  // namespace

Result<TextWindow> TextWindow::open(std::unique_ptr<ByteStream> bytes, const std::string& name, std::size_t block_bytes) {
  TextWindow window(std::move(bytes), std::max<std::size_t>(block_bytes, kByteOrderMarkAsLatin1.size()));
  GEMEL_RETURN_IF_ERROR(window.fill());
  const std::string_view head = window.rest();
  if (head.starts_with("\xFF\xFE") || head.starts_with("\xFE\xFF"))
    return fail(ErrorCode::kBadInput, name, ": expected UTF-8, found UTF-16; convert it, for example with iconv -f UTF-16 -t UTF-8");
  if (head.starts_with(kByteOrderMarkAsLatin1))
    return fail(ErrorCode::kBadInput, name, ": declared as latin-1, but it begins with the byte order mark of UTF-8");
  if (head.starts_with(kByteOrderMark)) window.consume(kByteOrderMark.size());
  return window;
}

Result<void> TextWindow::fill() {
  GEMEL_CHECK(!is_last_ && !is_full());
  const std::size_t rest_bytes = end_ - begin_;
  if (begin_ > 0) std::memmove(buffer_.data(), buffer_.data() + begin_, rest_bytes);
  begin_ = 0;
  end_ = rest_bytes;
  const std::size_t room = rest_bytes > block_bytes_ / 2 ? std::min(2 * std::max(rest_bytes, block_bytes_), kMaxRowBytes) : block_bytes_;
  if (buffer_.size() < room + kPaddingBytes) buffer_.resize(room + kPaddingBytes);
  const std::size_t wanted = buffer_.size() - kPaddingBytes - end_;
  GEMEL_ASSIGN_OR_RETURN(const std::size_t got, bytes_->read({buffer_.data() + end_, wanted}));
  end_ += got;
  is_last_ = got < wanted;
  return {};
}

Result<void> TextWindow::skip_line() {
  while (true) {
    const auto line_end = rest().find('\n');
    if (line_end != std::string_view::npos) {
      consume(line_end + 1);
      return {};
    }
    begin_ = end_;
    if (is_last_) return {};
    GEMEL_RETURN_IF_ERROR(fill());
  }
}

}  // namespace gemel
