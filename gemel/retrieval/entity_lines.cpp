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
  const std::size_t at_most = lines.file_.bytes().size() / kBegin.size();
  lines.begins_.reserve(std::min(expected_rows, at_most) + 1);
  lines.hashes_.reserve(std::min(expected_rows, at_most));
  GEMEL_RETURN_IF_ERROR(lines.read_lines(path));
  if (lines.hashes_.size() == expected_rows) return lines;
  return fail(ErrorCode::kCorrupt, path.string(), ": expected ", expected_rows, " lines, found ", lines.hashes_.size());
}

Result<void> EntityLines::read_lines(const std::filesystem::path& path) {
  std::string unescaped;
  begins_.assign(1, 0);
  const std::string_view bytes = file_.bytes();
  while (begins_.back() < bytes.size()) {
    begins_.push_back(std::min(bytes.find('\n', begins_.back()), bytes.size() - 1) + 1);
    const auto id = leading_id(line(hashes_.size()), unescaped);
    if (!id) return fail(ErrorCode::kCorrupt, path.string(), ":", hashes_.size() + 1, ": expected a line that begins with {\"id\":\"...\"");
    hashes_.push_back(hash_of(*id));
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
  const auto is_here = [&](std::size_t row) { return hashes_[row] == hash && is_id(row, id); };
  while (places[place] != 0 && !is_here(places[place] - 1)) place = (place + 1) & (places.size() - 1);
  return places[place];
}

void EntityLines::build_table() const {
  table_->row_and_one.assign(std::bit_ceil(2 * hashes_.size() + 1), 0);
  std::string unescaped;
  for (std::size_t row = 0; row < hashes_.size(); ++row) {
    std::uint32_t& place = place_of(hashes_[row], *leading_id(line(row), unescaped));
    if (place == 0) place = static_cast<std::uint32_t>(row + 1);
  }
}

std::optional<std::uint32_t> EntityLines::find(std::string_view id) const {
  constexpr int kScans = 8;
  const std::uint32_t hash = hash_of(id);
  if (table_->num_scans < kScans && table_->num_scans++ < kScans) {
    for (std::size_t row = 0; row < hashes_.size(); ++row)
      if (hashes_[row] == hash && is_id(row, id)) return static_cast<std::uint32_t>(row);
    return std::nullopt;
  }
  std::call_once(table_->built, [this] { build_table(); });
  const std::uint32_t row_and_one = place_of(hash, id);
  return row_and_one == 0 ? std::nullopt : std::optional(row_and_one - 1);
}

}  // namespace gemel
