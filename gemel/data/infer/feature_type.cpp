#include "gemel/data/infer/feature_type.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_set>

#include "gemel/data/infer/column_names.h"
#include "gemel/data/infer/event_columns.h"
#include "gemel/data/ingest/parse_list.h"
#include "gemel/data/ingest/parse_number.h"

namespace gemel {
namespace {

constexpr double kNearlyConstant = 0.99, kNearlyUnique = 0.5, kHasUnit = 0.6, kMostly = 0.98;
constexpr std::size_t kFewValues = 10, kLargeVocabulary = 1000;
constexpr double kManyWords = 6;

// Metric units first: where a shop writes both, "1 oz / 30 mL", a metric one is taken that is there nearly as often.
constexpr std::string_view kUnits[] = {"ml", "g",  "kg",       "l",        "cl", "mm",  "cm",  "m",   "gb",  "mb",
                                       "w",  "oz", "lb",       "in",       "ft", "eur", "usd", "gbp", "chf", "\xE2\x82\xAC",
                                       "%",  "$",  "\xC2\xA3", "\xC2\xA5", "us$"};
constexpr std::size_t kNumMetricUnits = 11;
constexpr double kMetricBonus = 0.15;

double share_of(std::size_t part, std::size_t whole) { return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole); }

std::string percent(double share) { return fmt::format("{:.0f} %", 100 * share); }

bool name_holds(const ColumnProfile& column, std::string_view word) { return normal_name(column.name).find(word) != std::string::npos; }

// What tags a separator cuts from the filled values.
struct Tags {
  std::size_t num_cut = 0;      // values of more than one tag
  std::size_t num_tags = 0;     // over all values
  std::size_t num_unreadable = 0;
  std::unordered_set<std::string> distinct;
  double mean_words = 0;
};

Tags cut_tags(const ColumnProfile& column, std::string_view separator) {
  Tags tags;
  double words = 0;
  std::vector<std::string> values;
  for (const auto& [value, count] : column.counts) {
    values.clear();
    if (!parse_list(value, separator, values)) {
      tags.num_unreadable += count;
      continue;
    }
    tags.num_cut += values.size() > 1 ? count : 0;
    tags.num_tags += values.size() * count;
    for (std::string& tag : values) {
      words += static_cast<double>(count) * static_cast<double>(1 + std::ranges::count(tag, ' '));
      tags.distinct.insert(std::move(tag));
    }
  }
  tags.mean_words = tags.num_tags == 0 ? 0 : words / static_cast<double>(tags.num_tags);
  return tags;
}

class TypeGuesser {
 public:
  explicit TypeGuesser(const ColumnProfile& column) : column_(column) { guess_.config.column = column.name; }

  FeatureGuess run() {
    if (is_useless() || is_time() || is_list() || is_tags()) return std::move(guess_);
    if (column_.is_numeric()) number();
    else if (!is_number_with_unit()) text();
    return std::move(guess_);
  }

 private:
  void leave_out(std::string reason) {
    guess_.is_left_out = true;
    guess_.reason = std::move(reason);
  }

  bool is_useless() {
    const double top_share = share_of(column_.top_count, column_.num_rows);
    if (column_.num_filled == 0) leave_out("empty");
    else if (top_share >= kNearlyConstant)
      leave_out(column_.top_value.empty()
                    ? concat("missing in ", percent(top_share), " of the rows")
                    : concat(column_.num_distinct() == 1 ? "one value" : "nearly always the same", ": '", column_.top_value, "'"));
    else if (column_.share(column_.num_urls) > 0.5) leave_out("addresses of pages or pictures");
    else if (column_.share(column_.num_objects + column_.num_object_lists) > 0.5) leave_out("nested objects");
    else if (column_.is_counting) leave_out("a row number");
    return guess_.is_left_out;
  }

  bool is_time() {
    if (!column_.time) return false;
    const TimeProfile& time = *column_.time;
    const bool is_count =
        time.format == TimeFormat::kSeconds || time.format == TimeFormat::kMilliseconds || time.format == TimeFormat::kMicroseconds;
    const bool named = rank_of(Role::kTime, column_.name) != kUnranked || name_holds(column_, "time") || name_holds(column_, "date");
    if ((is_count || time.format == TimeFormat::kCompactDay) && !named) return false;
    guess_.config.type = FeatureType::kTime;
    guess_.reason = describe(time);
    if (time.format == TimeFormat::kDayFirst || time.format == TimeFormat::kMonthFirst || time.format == TimeFormat::kCompactDay)
      guess_.config.time_format = to_text(time.format);
    if (time.is_ambiguous_day) guess_.reason += "; no value tells whether day or month comes first: CHECK";
    return true;
  }

  void tags(std::string separator, const Tags& tags, std::string reason) {
    guess_.config.type = FeatureType::kTags;
    guess_.config.separator = std::move(separator);
    if (tags.distinct.size() > kLargeVocabulary) guess_.config.min_count = 5;
    guess_.reason = concat(reason, "; ", tags.distinct.size(), " different tags, ",
                           fmt::format("{:.1f}", static_cast<double>(tags.num_tags) / static_cast<double>(column_.num_filled)), " a row");
  }

  bool is_list() {
    if (column_.share(column_.num_lists) < kMostly) return false;
    const Tags elements = cut_tags(column_, "list"), inner = cut_tags(column_, "list,");
    if (column_.share(elements.num_unreadable) > 1 - kMostly) return false;
    const bool are_texts_of_lists = elements.num_cut * 2 < column_.num_filled && inner.num_cut * 2 > column_.num_filled;
    tags(are_texts_of_lists ? "list," : "list", are_texts_of_lists ? inner : elements,
         are_texts_of_lists ? "lists of one text, which is a list itself" : "lists");
    return true;
  }

  bool is_tags() {
    if (column_.is_numeric()) return false;
    for (const std::string_view separator : {"|", ";", ">"}) {
      const Tags cut = cut_tags(column_, separator);
      const bool come_again = cut.distinct.size() * 2 <= cut.num_tags || (separator == "|" && cut.num_cut * 2 > column_.num_filled);
      if (share_of(cut.num_cut, column_.num_filled) < 0.1 || !come_again || cut.mean_words > kManyWords) continue;
      return tags(std::string(separator), cut, concat("several values, cut at ", separator)), true;
    }
    if (const Tags cut = cut_tags(column_, ","); share_of(cut.num_cut, column_.num_filled) >= 0.3 && cut.mean_words <= 3 &&
                                                 cut.distinct.size() * 5 < cut.num_tags && cut.distinct.size() < column_.num_distinct())
      return tags(",", cut, "several values, cut at commas"), true;
    if (!name_holds(column_, "categor") && !name_holds(column_, "path")) return false;
    for (const std::string_view separator : {"/", "."})
      if (const Tags cut = cut_tags(column_, separator);
          share_of(cut.num_cut, column_.num_filled) >= 0.5 && cut.distinct.size() * 2 < cut.num_tags)
        return tags(std::string(separator), cut, concat("levels, cut at ", separator)), true;
    return false;
  }

  void category(std::string reason) {
    guess_.config.type = FeatureType::kCategory;
    if (share_of(column_.num_once, column_.num_filled) > 0.02 && column_.num_distinct() > 100) guess_.config.min_count = 2;
    guess_.reason = concat(column_.num_distinct(), column_.num_distinct() == 1 ? " value" : " values", reason.empty() ? "" : "; ", reason);
    if (guess_.config.min_count > 1) guess_.reason += concat("; the ", column_.num_once, " that occur once teach nothing");
  }

  void number() {
    const bool is_code = is_id_name(column_.name) || name_holds(column_, "zip") || name_holds(column_, "postal");
    const bool is_rare = share_of(column_.num_once, column_.num_filled) > kNearlyUnique || column_.num_distinct() * 5 > column_.num_filled;
    if (column_.is_integer() && is_code && is_rare)
      return leave_out(concat("a key: ", column_.num_distinct(), " different numbers in ", column_.num_filled, " rows"));
    if (column_.is_integer() && is_code) return category("numbers that name something");
    if (column_.is_integer() && column_.num_distinct() <= kFewValues) return category("whole numbers, few");
    const bool is_price = name_holds(column_, "price") || name_holds(column_, "cost") || name_holds(column_, "preis") ||
                          (normal_name(column_.name) == "value" && !column_.is_integer());
    scaled(is_price ? "a price" : "a number", column_.min, column_.max, column_.median, is_price);
  }

  // Skewed ones by their logarithm; prices and amounts in steps too, since taste does not rise or fall with them evenly.
  void scaled(std::string_view what, double min, double max, double median, bool in_steps) {
    guess_.config.type = FeatureType::kNumber;
    const bool is_skewed = min >= 0 && (in_steps || max > 20 * std::max(median, 1.0));
    if (is_skewed) guess_.config.transform = "log1p";
    if (in_steps && column_.num_distinct() > 20) guess_.config.buckets = 20;
    guess_.reason = fmt::format("{}, {:g} to {:g}", what, min, max);
  }

  // How many rows hold a number with `unit`, and these numbers.
  std::pair<std::size_t, std::vector<double>> numbers_with(std::string_view unit) const {
    std::size_t num_found = 0;
    std::vector<double> numbers;
    for (const auto& [value, count] : column_.counts) {
      const auto number = parse_number_with_unit(value, unit);
      if (!number) continue;
      num_found += count;
      numbers.push_back(*number);
    }
    return {num_found, std::move(numbers)};
  }

  bool is_number_with_unit() {
    if (column_.mean_words > kManyWords) return false;  // a sentence may well hold "5 in"
    double best = 0;
    std::string_view unit;
    std::vector<double> numbers;
    std::size_t num_found = 0;
    for (std::size_t i = 0; i < std::size(kUnits); ++i) {
      auto [found, values] = numbers_with(kUnits[i]);
      const double share = column_.share(found), score = share + (i < kNumMetricUnits ? kMetricBonus : 0);
      if (share < kHasUnit || score <= best) continue;
      best = score;
      unit = kUnits[i];
      num_found = found;
      numbers = std::move(values);
    }
    if (unit.empty()) return false;
    std::ranges::sort(numbers);
    scaled(concat("a number of ", unit, " in ", percent(column_.share(num_found)), " of the filled rows, such as '",
                  column_.first_value.substr(0, 30), "'"),
           numbers.front(), numbers.back(), numbers[numbers.size() / 2], true);
    guess_.config.unit = unit;
    return true;
  }

  bool holds_several_keys() const {
    std::size_t num_several = 0;
    for (const auto& [value, count] : column_.counts)
      num_several += value.find_first_not_of("0123456789 ") == std::string::npos && value.find(' ') != std::string::npos ? count : 0;
    return column_.share(num_several) > 0.3;
  }

  void text() {
    const double once = share_of(column_.num_once, column_.num_filled);
    if (column_.mean_words > kManyWords && column_.num_distinct() * 3 > column_.num_filled)
      return leave_out("free text: type text makes a feature of its words");
    if (holds_several_keys()) return leave_out("keys of another system: numbers that mean nothing here");
    if (once > kNearlyUnique && column_.num_distinct() > kFewValues)
      return leave_out(concat(is_id_name(column_.name) ? "a key" : "nearly unique", ": ", column_.num_distinct(), " different values in ",
                              column_.num_filled, " rows"));
    category("");
  }

  const ColumnProfile& column_;
  FeatureGuess guess_;
};

}  // namespace

FeatureGuess guess_feature_type(const ColumnProfile& column) { return TypeGuesser(column).run(); }

}  // namespace gemel
