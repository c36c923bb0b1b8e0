#include "gemel/retrieval/entity_lines.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <functional>
#include <nlohmann/json.hpp>

namespace gemel {
namespace {

constexpr std::string_view kBegin = "{\"id\":\"";

// How many bytes stand before the first that is a quote, a backslash, a control character or not ASCII. Eight bytes are looked at together:
// the lowest that such a subtraction borrows from is the first of them (Warren, Hacker's Delight, section 6-1).
std::size_t plain_length(std::string_view text) {
  constexpr std::uint64_t kOnes = 0x0101'0101'0101'0101, kHigh = 0x80 * kOnes;
  const auto borrows = [](std::uint64_t bytes, std::uint64_t subtrahend) { return (bytes - subtrahend * kOnes) & ~bytes; };
  std::size_t at = 0;
  for (; at + sizeof(std::uint64_t) <= text.size(); at += sizeof(std::uint64_t)) {
    std::uint64_t bytes;
    std::memcpy(&bytes, text.data() + at, sizeof bytes);
    const std::uint64_t found = (borrows(bytes ^ '"' * kOnes, 1) | borrows(bytes ^ '\\' * kOnes, 1) | borrows(bytes, ' ') | bytes) & kHigh;
    if (found != 0) return at + static_cast<std::size_t>(std::countr_zero(found)) / 8;
  }
  while (at < text.size() && text[at] >= ' ' && text[at] != '"' && text[at] != '\\') ++at;
  return at;
}

// The text of the first key of `{"id":"..."`, unescaped; empty when the line begins otherwise. Borrows from the line, or from `unescaped`.
std::optional<std::string_view> leading_id(std::string_view line, std::string& unescaped) {
  if (!line.starts_with(kBegin)) return std::nullopt;
  const std::string_view rest = line.substr(kBegin.size());
  std::size_t end = plain_length(rest);
  if (end < rest.size() && rest[end] == '"') return rest.substr(0, end);
  while (end < rest.size() && rest[end] != '"') end += rest[end] == '\\' ? 2 : 1;
  if (end >= rest.size()) return std::nullopt;
  const auto id = nlohmann::json::parse(line.substr(kBegin.size() - 1, end + 2), nullptr, /*allow_exceptions=*/false);
  if (!id.is_string()) return std::nullopt;
  unescaped = id.get<std::string>();
  return unescaped;
}

std::uint32_t hash_of(std::string_view id) { return static_cast<std::uint32_t>(std::hash<std::string_view>()(id)); }

}  // namespace

Result<EntityLines> EntityLines::open(const std::filesystem::path& path, std::size_t expected_rows) {
  EntityLines lines;
  GEMEL_ASSIGN_OR_RETURN(lines.file_, MappedFile::open(path));
  const std::size_t at_most = lines.file_.bytes().size() / kBegin.size();
  lines.begins_.reserve(std::min(expected_rows, at_most) + 1);
  GEMEL_RETURN_IF_ERROR(lines.read_lines(path));
  if (lines.size() == expected_rows) return lines;
  return fail(ErrorCode::kCorrupt, path.string(), ": expected ", expected_rows, " lines, found ", lines.size());
}

Result<void> EntityLines::read_lines(const std::filesystem::path& path) {
  constexpr std::string_view kEnd = "\"}\n";
  std::string unescaped;
  const std::string_view bytes = file_.bytes();
  while (begins_.back() < bytes.size()) {
    const std::string_view rest = bytes.substr(begins_.back());
    if (rest.starts_with(kBegin)) {  // an id and nothing else: plain_length does not go beyond the line
      const std::size_t end = kBegin.size() + plain_length(rest.substr(kBegin.size()));
      if (rest.substr(end).starts_with(kEnd)) {
        begins_.push_back(begins_.back() + end + kEnd.size());
        continue;
      }
    }
    begins_.push_back(begins_.back() + std::min(rest.find('\n'), rest.size() - 1) + 1);
    const auto id = leading_id(line(size() - 1), unescaped);
    if (!id) return fail(ErrorCode::kCorrupt, path.string(), ":", size(), ": expected a line that begins with {\"id\":\"...\"");
    has_escapes_ |= id->data() == unescaped.data();
  }
  return {};
}

std::string_view EntityLines::line(std::size_t row) const {
  return file_.bytes().substr(begins_[row], begins_[row + 1] - begins_[row] - 1);
}

bool EntityLines::is_id(std::size_t row, std::string_view id) const {
  std::string unescaped;
  return leading_id(line(row), unescaped) == id;
}

std::uint32_t& EntityLines::place_of(std::uint32_t hash, std::string_view id) const {
  auto& places = table_->row_and_one;
  std::size_t place = hash & (places.size() - 1);
  const auto is_here = [&](std::size_t row) { return table_->hashes[row] == hash && is_id(row, id); };
  while (places[place] != 0 && !is_here(places[place] - 1)) place = (place + 1) & (places.size() - 1);
  return places[place];
}

void EntityLines::build_table() const {
  table_->row_and_one.assign(std::bit_ceil(2 * size() + 1), 0);
  table_->hashes.reserve(size());
  std::string unescaped;
  for (std::size_t row = 0; row < size(); ++row) {
    const std::string_view id = *leading_id(line(row), unescaped);
    table_->hashes.push_back(hash_of(id));
    std::uint32_t& place = place_of(table_->hashes.back(), id);
    if (place == 0) place = static_cast<std::uint32_t>(row + 1);
  }
}

std::optional<std::uint32_t> EntityLines::scan(std::string_view id) const {
  const std::string text = concat(kBegin, id, '"');
  const bool is_verbatim = !has_escapes_ && id.find_first_of("\"\\") == std::string_view::npos;
  for (std::size_t row = 0; row < size(); ++row)
    if (is_verbatim ? line(row).starts_with(text) : is_id(row, id)) return static_cast<std::uint32_t>(row);
  return std::nullopt;
}

std::optional<std::uint32_t> EntityLines::find(std::string_view id) const {
  constexpr int kScans = 8;
  if (table_->num_scans < kScans && table_->num_scans++ < kScans) return scan(id);
  std::call_once(table_->built, [this] { build_table(); });
  const std::uint32_t row_and_one = place_of(hash_of(id), id);
  return row_and_one == 0 ? std::nullopt : std::optional(row_and_one - 1);
}

}  // namespace gemel
