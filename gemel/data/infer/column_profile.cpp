#include "gemel/data/infer/column_profile.h"

#include <algorithm>
#include <cmath>

#include "gemel/data/ingest/parse_number.h"

namespace gemel {
namespace {

constexpr double kMostly = 0.98;

std::vector<Cell> cells_of(const ColumnSample& column) {
  std::vector<Cell> cells;
  for (const std::string& value : column.values)
    if (!value.empty()) cells.push_back({.kind = Cell::Kind::kText, .text = value});
  return cells;
}

bool names_zone(std::string_view text) {
  text = trimmed(text);
  if (text.ends_with("Z") || text.ends_with("z") || text.ends_with("UTC")) return true;
  const auto clock = text.find(':');
  return clock != std::string_view::npos && text.find_first_of("+-", clock) != std::string_view::npos;
}

bool is_plausible(TimePoint at) {
  using namespace std::chrono;
  return at >= TimePoint(sys_days(year{1900} / 1 / 1)) && at < TimePoint(sys_days(year{2100} / 1 / 1));
}

// Counts of the epoch must lie within the time of computers; else any number would be a time.
bool is_plausible_count(TimePoint at) {
  using namespace std::chrono;
  return at >= TimePoint(sys_days(year{1990} / 1 / 1)) && at < TimePoint(sys_days(year{2045} / 1 / 1));
}

std::optional<TimeProfile> time_profile(const ColumnSample& column) {
  const std::vector<Cell> cells = cells_of(column);
  const auto format = detect_time_format(cells);
  if (!format) return std::nullopt;
  const bool is_count = *format == TimeFormat::kSeconds || *format == TimeFormat::kMilliseconds || *format == TimeFormat::kMicroseconds;
  TimeProfile times{.format = *format, .has_zone = !is_count};
  std::size_t num_read = 0, num_either = 0;
  TimePoint before{};
  for (const Cell& cell : cells) {
    const auto at = parse_time(cell, *format);
    if (!at || !(is_count ? is_plausible_count(*at) : is_plausible(*at))) continue;
    times.first = num_read == 0 ? *at : std::min(times.first, *at);
    times.last = num_read == 0 ? *at : std::max(times.last, *at);
    times.is_ascending = times.is_ascending && (num_read == 0 || *at >= before);
    times.is_whole_days = times.is_whole_days && is_whole_day(*at);
    times.has_zone = times.has_zone && names_zone(cell.text);
    const std::string_view text = trimmed(cell.text);
    num_either += parse_written_date(text, false) && parse_written_date(text, true);
    before = *at;
    ++num_read;
  }
  if (static_cast<double>(num_read) < kMostly * static_cast<double>(cells.size())) return std::nullopt;
  const bool is_written = *format == TimeFormat::kDayFirst || *format == TimeFormat::kMonthFirst;
  times.is_ambiguous_day = is_written && num_either == num_read;
  return times;
}

// Of the top level of a JSON or Python text.
bool is_list(std::string_view text) { return text.size() >= 2 && text.front() == '[' && text.back() == ']'; }
bool is_object(std::string_view text) { return text.size() >= 2 && text.front() == '{' && text.back() == '}'; }

std::size_t num_words(std::string_view text) {
  std::size_t words = 0;
  bool in_word = false;
  for (const char letter : text) {
    const bool is_blank = letter == ' ' || letter == '\n' || letter == '\t';
    words += !is_blank && !in_word;
    in_word = !is_blank;
  }
  return words;
}

void count_number(double number, std::vector<double>& numbers, ColumnProfile& profile) {
  if (!numbers.empty() && number != numbers.back() + 1) profile.is_counting = false;
  const bool is_whole = std::abs(number) < 9e15 && number == std::floor(number);
  profile.num_integers += is_whole;
  ++profile.num_numbers;
  numbers.push_back(number);
}

void summarize_numbers(std::vector<double>& numbers, ColumnProfile& profile) {
  if (numbers.size() < 2 || numbers.size() != profile.num_filled) profile.is_counting = false;
  if (numbers.empty()) return;
  const auto middle = numbers.begin() + static_cast<std::ptrdiff_t>(numbers.size() / 2);
  std::nth_element(numbers.begin(), middle, numbers.end());
  profile.median = *middle;
  const auto [min, max] = std::ranges::minmax(numbers);
  profile.min = min;
  profile.max = max;
}

void count_values(ColumnProfile& profile) {
  profile.top_count = profile.num_rows - profile.num_filled;
  for (const auto& [value, count] : profile.counts) {
    profile.num_once += count == 1;
    if (count < profile.top_count || (count == profile.top_count && value >= profile.top_value)) continue;
    profile.top_count = count;
    profile.top_value = value;
  }
}

}  // namespace

ColumnProfile profile(const ColumnSample& column) {
  ColumnProfile profile;
  profile.name = column.name;
  profile.num_rows = column.values.size();
  profile.is_counting = true;
  std::vector<double> numbers;
  double words = 0, bytes = 0;
  for (const std::string& value : column.values) {
    const std::string_view text = trimmed(value);
    if (text.empty()) continue;
    if (profile.num_filled++ == 0) profile.first_value = value;
    ++profile.counts[value];
    words += static_cast<double>(num_words(text));
    bytes += static_cast<double>(text.size());
    profile.num_urls += text.starts_with("http://") || text.starts_with("https://");
    profile.num_lists += is_list(text);
    profile.num_objects += is_object(text);
    profile.num_object_lists += is_list(text) && trimmed(text.substr(1)).starts_with('{');
    if (const auto number = parse_number(text)) count_number(*number, numbers, profile);
  }
  const double filled = static_cast<double>(std::max<std::size_t>(profile.num_filled, 1));
  profile.mean_words = words / filled;
  profile.mean_bytes = bytes / filled;
  summarize_numbers(numbers, profile);
  count_values(profile);
  profile.time = time_profile(column);
  return profile;
}

std::vector<ColumnProfile> profile(const TableSample& table) {
  std::vector<ColumnProfile> profiles;
  for (const ColumnSample& column : table.columns) profiles.push_back(profile(column));
  return profiles;
}

double share_found(const ColumnProfile& column, const ColumnProfile& keys) {
  std::size_t found = 0;
  for (const auto& [value, count] : column.counts) found += keys.counts.contains(value) ? count : 0;
  return column.share(found);
}

bool determines(const ColumnSample& fine, const ColumnSample& coarse) {
  std::unordered_map<std::string_view, std::string_view> partner;
  for (std::size_t row = 0; row < fine.values.size(); ++row) {
    if (fine.values[row].empty()) continue;
    const auto [entry, is_new] = partner.try_emplace(fine.values[row], coarse.values[row]);
    if (!is_new && entry->second != coarse.values[row]) return false;
  }
  return !partner.empty();
}

bool is_one_to_one(const ColumnSample& a, const ColumnSample& b) { return determines(a, b) && determines(b, a); }

}  // namespace gemel
