// How well features are filled, and which values they hold.
#include <algorithm>
#include <cctype>
#include <cmath>
#include <map>
#include <set>

#include "gemel/data/day.h"
#include "gemel/data/health/checks.h"
#include "gemel/data/health/wording.h"

namespace gemel::health {
namespace {

constexpr double kHardlyFilled = 0.1, kConstant = 0.995, kNearlyUnique = 0.9, kManyRare = 0.5, kPlaceholder = 0.01, kSpelling = 0.001;
constexpr std::size_t kEnoughRows = 100;  // below it rates say little
constexpr std::size_t kShownValues = 3;
constexpr std::string_view kPlaceholders[] = {"unknown", "n/a", "na",        "none",    "null",         "nan",
                                              "-",       "?",   "undefined", "missing", "other/unknown"};

std::string_view name_of(FeatureType type) {
  switch (type) {
    case FeatureType::kCategory: return "category";
    case FeatureType::kTags: return "tags";
    case FeatureType::kNumber: return "number";
    case FeatureType::kTime: return "time";
    case FeatureType::kText: return "text";
    case FeatureType::kShown: return "shown";
  }
  return "";
}

// Lower case, blanks at the ends gone and inside made one.
std::string plain(std::string_view text) {
  std::string out;
  for (const unsigned char letter : text) {
    if (std::isspace(letter) == 0) out += static_cast<char>(std::tolower(letter));
    else if (!out.empty() && out.back() != ' ') out += ' ';
  }
  if (out.ends_with(' ')) out.pop_back();
  return out;
}

// Blanks that one would not see in a line: at the ends, and more than one in a row.
std::string visible(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool is_edge = i == 0 || i + 1 == text.size() || text[i - 1] == ' ' || text[i + 1] == ' ';
    out += text[i] == ' ' && is_edge ? "\u2423" : std::string(1, text[i]);
  }
  return out;
}

// The features of one table, looked at one after the other; findings of a kind are collected to be told together.
class FeatureCheck {
 public:
  FeatureCheck(const EntityTable& table, const std::vector<FieldValues>& fields, std::size_t num_rows, std::string rows_name,
               std::string key, const std::vector<FeatureConfig>& configs)
      : table_(table), fields_(fields), num_rows_(num_rows), rows_name_(std::move(rows_name)), key_(std::move(key)), configs_(configs) {}

  void run(Table& out) {
    for (const FeatureColumn& column : table_.features) {
      const auto field = std::ranges::find(fields_, column.name, &FieldValues::name);
      if (field != fields_.end()) look_at_texts(*field, out);
      else if (column.type == FeatureType::kNumber) look_at_numbers(column, out);
      else look_at_others(column, out);
    }
  }

  void tell(Section& section) const {
    const auto add = [&](Severity severity, const std::vector<std::string>& features, std::string what, std::string means,
                         std::string todo) {
      if (features.empty()) return;
      section.findings.push_back(
          {severity, concat(rows_name_, ": ", what, ": ", listed(features, 6)), std::move(means), std::move(todo), key_});
    };
    add(Severity::kWarning, never_filled_, "features without a single value", "they teach nothing and cost time",
        "see whether the column is named right, or drop the line");
    add(Severity::kNote, hardly_filled_, concat("features filled in less than ", percent(kHardlyFilled), " of the rows"),
        "most rows share the missing value: such a feature speaks for few", "keep it if the few matter, else drop the line");
    add(Severity::kNote, constant_, "features with one value in nearly all rows", "they tell nothing apart", "drop the line");
    add(Severity::kWarning, nearly_unique_, "categories with nearly as many values as rows",
        "an id in disguise: values of new rows were never seen, and the table of embeddings is as large as that of ids",
        "drop the line, declare it as number or tags if it is one, or set min_count = 2");
    add(Severity::kNote, many_rare_, "features with most of their values in one row only",
        "a value seen once teaches its row by heart; all unseen values of later rows share one row that is never trained",
        "set min_count = 2: rare values then share the row of unseen ones");
    add(Severity::kNote, placeholders_, "texts that stand for a missing value", "they are learnt as if they were a value like the others",
        "leave the field empty in the export, unless not telling is itself telling");
    add(Severity::kWarning, spellings_, "values that differ in case or blanks only", "what belongs together is learnt apart",
        "write them alike in the export");
  }

 private:
  void add_row(const std::string& name, FeatureType type, std::size_t filled, Cell distinct, std::string values, Table& out) {
    const double share = ratio(filled, num_rows_);
    out.rows.push_back({rows_name_, name, name_of(type), Cell::share(share), std::move(distinct), std::move(values)});
    if (type == FeatureType::kShown || num_rows_ == 0) return;
    if (filled == 0) never_filled_.push_back(name);
    else if (share < kHardlyFilled && num_rows_ >= kEnoughRows) hardly_filled_.push_back(concat(name, " ", percent(share)));
  }

  void look_at_texts(const FieldValues& field, Table& out) {
    std::vector<std::uint32_t> counts(field.num_values(), 0);
    std::size_t filled = 0, total = 0;
    for (std::size_t row = 0; row < num_rows_; ++row) {
      filled += !field.of(row).empty();
      for (const std::uint32_t value : field.of(row)) ++counts[value];
      total += field.of(row).size();
    }
    std::vector<std::uint32_t> order(counts.size());
    for (std::uint32_t value = 0; value < order.size(); ++value) order[value] = value;
    std::ranges::stable_sort(order, std::greater(), [&](std::uint32_t value) { return counts[value]; });
    const auto distinct = static_cast<std::size_t>(std::ranges::count_if(counts, [](std::uint32_t count) { return count > 0; }));
    std::vector<std::string> values;
    for (const std::uint32_t value : order)
      if (values.size() < kShownValues && counts[value] > 0)
        values.push_back(concat(field.text(value), " ", percent(ratio(counts[value], total))));
    add_row(field.name(), field.type(), filled, Cell::count(distinct), listed(values, kShownValues), out);
    if (filled < kEnoughRows) return;
    judge_values(field, counts, filled, distinct);
    judge_texts(field, counts, total);
  }

  void judge_values(const FieldValues& field, const std::vector<std::uint32_t>& counts, std::size_t filled, std::size_t distinct) {
    const std::uint32_t most = *std::ranges::max_element(counts);
    const auto once = static_cast<std::size_t>(std::ranges::count(counts, 1u));
    const bool is_category = field.type() == FeatureType::kCategory;
    if (is_category && ratio(most, num_rows_) >= kConstant) {
      constant_.push_back(concat(field.name(), " ", percent(ratio(most, num_rows_))));
    } else if (is_category && ratio(distinct, filled) >= kNearlyUnique) {
      nearly_unique_.push_back(concat(field.name(), " (", counted(distinct, "value"), " in ", counted(filled, "row"), ")"));
    } else if (ratio(once, distinct) >= kManyRare && distinct >= kEnoughRows && min_count_of(field.name()) < 2) {
      many_rare_.push_back(concat(field.name(), " (", grouped(once), " of ", counted(distinct, "value"), ")"));
    }
  }

  void judge_texts(const FieldValues& field, const std::vector<std::uint32_t>& counts, std::size_t total) {
    std::map<std::string, std::vector<std::uint32_t>> by_plain;
    for (std::uint32_t value = 0; value < counts.size(); ++value)
      if (counts[value] > 0) by_plain[plain(field.text(value))].push_back(value);
    std::uint64_t minor = 0;
    std::string example;
    for (const auto& [text, values] : by_plain) {
      std::uint64_t all = 0, most = 0;
      for (const std::uint32_t value : values) {
        all += counts[value];
        most = std::max<std::uint64_t>(most, counts[value]);
      }
      if (values.size() > 1 && example.empty())
        example = concat("'", visible(field.text(values[0])), "' and '", visible(field.text(values[1])), "'");
      minor += all - most;
      const bool is_placeholder = std::ranges::find(kPlaceholders, text) != std::end(kPlaceholders);
      if (is_placeholder && ratio(all, total) >= kPlaceholder)
        placeholders_.push_back(concat(field.name(), " '", field.text(values[0]), "' ", percent(ratio(all, total))));
    }
    if (ratio(minor, total) >= kSpelling)
      spellings_.push_back(concat(field.name(), " (", example, "; ", percent(ratio(minor, total)), " of its values)"));
  }

  void look_at_numbers(const FeatureColumn& column, Table& out) {
    std::vector<double> numbers;
    for (std::size_t row = 0; row < num_rows_; ++row)
      if (!std::isnan(column.numbers[row])) numbers.push_back(column.numbers[row]);
    std::ranges::sort(numbers);
    std::size_t distinct = 0;
    for (std::size_t i = 0; i < numbers.size(); ++i) distinct += i == 0 || numbers[i] != numbers[i - 1];
    const std::string values = numbers.empty() ? ""
                                               : concat(short_number(numbers.front()), " to ", short_number(numbers.back()), ", median ",
                                                        short_number(numbers[numbers.size() / 2]));
    add_row(column.name, column.type, numbers.size(), Cell::count(distinct), values, out);
    if (numbers.size() >= kEnoughRows && distinct == 1) constant_.push_back(concat(column.name, " ", short_number(numbers.front())));
  }

  void look_at_others(const FeatureColumn& column, Table& out) {
    std::size_t filled = 0;
    if (column.type == FeatureType::kTime) {
      TimePoint first = TimePoint::max(), last = TimePoint::min();
      for (std::size_t row = 0; row < num_rows_; ++row) {
        if (column.times[row] == kMissingTime) continue;
        ++filled;
        first = std::min(first, column.times[row]);
        last = std::max(last, column.times[row]);
      }
      const std::string values = filled == 0 ? "" : concat(gemel::to_text(day_of(first)), " to ", gemel::to_text(day_of(last)));
      return add_row(column.name, column.type, filled, "", values, out);
    }
    for (std::size_t row = 0; row < num_rows_; ++row) filled += !column.texts[row].empty();
    add_row(column.name, column.type, filled, "", "", out);
  }

  int min_count_of(const std::string& name) const {
    const auto config = std::ranges::find(configs_, name, &FeatureConfig::name);
    return config == configs_.end() ? 1 : config->min_count;
  }

  const EntityTable& table_;
  const std::vector<FieldValues>& fields_;
  std::size_t num_rows_;
  std::string rows_name_, key_;
  const std::vector<FeatureConfig>& configs_;
  std::vector<std::string> never_filled_, hardly_filled_, constant_, nearly_unique_, many_rare_, placeholders_, spellings_;
};

}  // namespace

void check_features(const ShopFacts& facts, Section& section) {
  const Dataset& dataset = facts.dataset;
  Table table{"features", {"of", "feature", "type", "filled", "distinct", "values"}};
  table.shown_rows = 40;
  FeatureCheck items(dataset.item_table(), facts.item_fields, dataset.num_catalogue_items(), "catalogue", "items.features",
                     dataset.config().items.features);
  FeatureCheck users(dataset.user_table(), facts.user_fields, dataset.num_users(), "customers", "users.features",
                     dataset.config().users.features);
  items.run(table);
  users.run(table);
  if (table.rows.empty()) section.lines.push_back("No features are declared: products are known by their events alone.");
  else section.tables.push_back(std::move(table));
  items.tell(section);
  users.tell(section);
}

}  // namespace gemel::health
