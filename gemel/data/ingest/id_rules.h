// What an id may be. Thread safety: pure functions.
#pragma once

#include <optional>
#include <string>

#include "gemel/base/result.h"
#include "gemel/data/ingest/id_table.h"
#include "gemel/data/ingest/parse_number.h"

namespace gemel {

inline constexpr std::size_t kMaxIdBytes = 1024;  // longer ones are a broken file, not a key

inline std::optional<std::string> id_problem(std::string_view id) {
  if (id.empty()) return "missing";
  if (id.find('\0') != std::string_view::npos) return "holds a NUL byte";
  if (id.size() > kMaxIdBytes) return concat("longer than ", kMaxIdBytes, " bytes");
  if (!is_valid_utf8(id)) return "not UTF-8";
  return std::nullopt;
}

inline Result<void> check_room(const IdTable& ids, const std::string& file) {
  if (!ids.is_full()) return {};
  return fail(ErrorCode::kBadInput, file, ": the ids take more than 2 GiB, which is more than a column of the Dataset holds");
}

}  // namespace gemel
