#include "gemel/data/health/wording.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "gemel/base/toml_text.h"

namespace gemel::health {

std::string percent(double share) {
  const double value = 100 * share;
  if (value >= 9.95 || value == 0) return fmt::format("{:.0f} %", value);
  if (value >= 0.1) return fmt::format("{:.1f} %", value);
  return value >= 0.005 ? fmt::format("{:.2f} %", value) : "less than 0.01 %";
}

std::string grouped(std::uint64_t number) {
  const std::string digits = fmt::format("{}", number);
  std::string out;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    if (i > 0 && (digits.size() - i) % 3 == 0) out += ',';
    out += digits[i];
  }
  return out;
}

std::string counted(std::uint64_t number, std::string_view one) {
  if (number == 1) return fmt::format("1 {}", one);
  if (one.ends_with('y') && !one.ends_with("day")) return fmt::format("{} {}ies", grouped(number), one.substr(0, one.size() - 1));
  return fmt::format("{} {}s", grouped(number), one);
}

std::string listed(const std::vector<std::string>& parts, std::size_t at_most) {
  std::string text;
  const std::size_t shown = std::min(parts.size(), at_most);
  for (std::size_t i = 0; i < shown; ++i) text += (i == 0 ? "" : ", ") + parts[i];
  if (parts.size() > shown) text += fmt::format(" and {} more", parts.size() - shown);
  return text;
}

std::string exclude_line(std::string_view key, const std::vector<std::string>& ids, std::size_t at_most) {
  const std::vector<std::string> shown(ids.begin(), ids.begin() + static_cast<std::ptrdiff_t>(std::min(ids.size(), at_most)));
  const std::string line = fmt::format("exclude = [{{ {} = {} }}]", key, toml_text(shown));
  return ids.size() == shown.size() ? line : fmt::format("{} and {} more", line, ids.size() - shown.size());
}

std::string short_number(double number) {
  const double size = std::abs(number);
  if (size >= 100 || number == std::round(number)) return fmt::format("{:.0f}", number);
  return size >= 10 ? fmt::format("{:.1f}", number) : size >= 1 ? fmt::format("{:.2f}", number) : fmt::format("{:.3f}", number);
}

double ratio(std::uint64_t part, std::uint64_t whole) { return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole); }

}  // namespace gemel::health
