#include "gemel/retrieval/entity_lines.h"

#include <algorithm>
#include <bit>
#include <functional>
#include <nlohmann/json.hpp>

namespace gemel {
namespace {

constexpr std::string_view kBegin = "{\"id\":\"";

// The text of the first key of `{"id":"..."`, unescaped; empty when the line begins otherwise. Borrows from the line, or from `unescaped`.
std::optional<std::string_view> leading_id(std::string_view line, std::string& unescaped) {
  if (!line.starts_with(kBegin)) return std::nullopt;
  const std::string_view rest = line.substr(kBegin.size());
  std::size_t end = 0;
  bool is_plain = true;  // ASCII without escapes: what stands there is the id
  while (end < rest.size() && rest[end] != '"') {
    is_plain &= rest[end] >= ' ' && rest[end] != '\\';
    end += rest[end] == '\\' ? 2 : 1;
  }
  if (end >= rest.size()) return std::nullopt;
  if (is_plain) return rest.substr(0, end);
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
  GEMEL_ASSIGN_OR_RETURN(const auto hashes, lines.read_lines(path));
  if (hashes.size() != expected_rows)
    return fail(ErrorCode::kCorrupt, path.string(), ": expected ", expected_rows, " lines, found ", hashes.size());
  lines.index_rows(hashes);
  return lines;
}

Result<std::vector<std::uint32_t>> EntityLines::read_lines(const std::filesystem::path& path) {
  std::vector<std::uint32_t> hashes;
  std::string unescaped;
  begins_.assign(1, 0);
  const std::string_view bytes = file_.bytes();
  while (begins_.back() < bytes.size()) {
    begins_.push_back(std::min(bytes.find('\n', begins_.back()), bytes.size() - 1) + 1);
    const auto id = leading_id(line(hashes.size()), unescaped);
    if (!id) return fail(ErrorCode::kCorrupt, path.string(), ":", hashes.size() + 1, ": expected a line that begins with {\"id\":\"...\"");
    hashes.push_back(hash_of(*id));
  }
  return hashes;
}

void EntityLines::index_rows(const std::vector<std::uint32_t>& hashes) {
  slots_.resize(std::bit_ceil(2 * hashes.size() + 1));
  std::string unescaped;
  for (std::size_t row = 0; row < hashes.size(); ++row) {
    Slot& slot = slots_[slot_of(hashes[row], *leading_id(line(row), unescaped))];
    if (slot.row_and_one == 0) slot = {hashes[row], static_cast<std::uint32_t>(row + 1)};
  }
}

std::size_t EntityLines::slot_of(std::uint32_t hash, std::string_view id) const {
  std::string unescaped;
  std::size_t place = hash & (slots_.size() - 1);
  for (; slots_[place].row_and_one != 0; place = (place + 1) & (slots_.size() - 1))
    if (slots_[place].hash == hash && leading_id(line(slots_[place].row_and_one - 1), unescaped) == id) break;
  return place;
}

std::string_view EntityLines::line(std::size_t row) const {
  return file_.bytes().substr(begins_[row], begins_[row + 1] - begins_[row] - 1);
}

std::optional<std::uint32_t> EntityLines::find(std::string_view id) const {
  if (slots_.empty()) return std::nullopt;
  const Slot& slot = slots_[slot_of(hash_of(id), id)];
  return slot.row_and_one == 0 ? std::nullopt : std::optional(slot.row_and_one - 1);
}

}  // namespace gemel
