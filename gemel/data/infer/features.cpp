#include "gemel/data/infer/features.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "gemel/base/toml_text.h"
#include "gemel/data/dataset_format.h"
#include "gemel/data/infer/column_names.h"
#include "gemel/data/infer/feature_type.h"
#include "gemel/data/ingest/parse_number.h"
#include "gemel/data/period_total.h"

namespace gemel {
namespace {

constexpr double kSaysTheSame = 0.6;
constexpr std::size_t kFewValues = 10;

// The numbers of a column beside the events of the products that have any.
TotalEvidence weigh(const ColumnSample& column, const ColumnSample& ids, const EventCounts& counts) {
  std::vector<double> values, all, train;
  for (std::size_t row = 0; row < column.values.size(); ++row) {
    const auto number = parse_number(column.values[row]);
    const auto item = counts.item_ids.find(ids.values[row]);
    if (!number || !item || counts.kept_counts[*item] == 0) continue;
    values.push_back(*number);
    all.push_back(counts.kept_counts[*item]);
    train.push_back(counts.train_counts[*item]);
  }
  return weigh_total(values, all, train);
}

// Of the rows where both are filled, the share where they are alike, letter by letter; 0 where they rarely are.
double share_alike(const ColumnSample& a, const ColumnSample& b) {
  std::size_t both = 0, alike = 0;
  for (std::size_t row = 0; row < a.values.size(); ++row) {
    if (a.values[row].empty() || b.values[row].empty()) continue;
    ++both;
    alike += a.values[row] == b.values[row];
  }
  return both * 4 < a.values.size() ? 0 : static_cast<double>(alike) / static_cast<double>(both);
}

class Features {
 public:
  Features(TableRole role, const TableSample& table, std::span<const ColumnProfile> profiles, const Layout* layout,
           const EventCounts* counts, EntitiesGuess& guess)
      : is_items_(role == TableRole::kItems), table_(table), profiles_(profiles), layout_(layout), counts_(counts), guess_(guess) {}

  void run() {
    if (is_items_) guess_name();
    for (const ColumnProfile& column : profiles_) {
      if (column.name == guess_.id.value || (column.name == guess_.name.value && !guess_.name.value.empty())) continue;
      FeatureGuess feature = guess_feature_type(column);
      if (const std::string why = reason_against(column); !why.empty() && !is_constant(feature))
        feature.is_left_out = true, feature.reason = why;
      name_feature(feature);
      guess_.features.push_back(std::move(feature));
    }
    if (is_items_ && guess_.name.value.empty()) name_by_finest_category();
  }

 private:
  static bool is_constant(const FeatureGuess& feature) { return feature.is_left_out && feature.reason.find("always") != std::string::npos; }

  // Called so, and different for most products.
  void guess_name() {
    const std::string of_layout = layout_ == nullptr ? "" : first_present(layout_->name_column, table_);
    if (!of_layout.empty()) {
      guess_.name = {of_layout, concat("as in every ", layout_->name, " file"), {}};
      return;
    }
    std::size_t best = kUnranked;
    for (const ColumnProfile& column : profiles_) {
      const std::size_t rank = rank_of(Role::kItemName, column.name);
      if (rank == kUnranked || column.name == guess_.id.value || column.is_numeric() || column.num_distinct() * 3 < column.num_filled)
        continue;
      if (rank >= best) {
        guess_.name.alternatives.push_back(column.name);
        continue;
      }
      if (!guess_.name.value.empty()) guess_.name.alternatives.push_back(guess_.name.value);
      best = rank;
      guess_.name.value = column.name;
      guess_.name.reason = concat("called so; ", column.num_distinct(), " different");
    }
  }

  void name_by_finest_category() {
    std::size_t most = 1;
    for (const FeatureGuess& feature : guess_.features) {
      if (feature.is_left_out || feature.config.type != FeatureType::kCategory) continue;
      const auto column = std::ranges::find(profiles_, feature.config.column, &ColumnProfile::name);
      if (column->is_numeric() || column->num_distinct() <= most || feature.config.name != feature.config.column) continue;
      if (column->num_filled * 4 < column->num_rows * 3) continue;
      most = column->num_distinct();
      guess_.name.value = column->name;
    }
    if (!guess_.name.value.empty()) guess_.name.reason = "no column holds names; of the categories this one is the finest";
  }

  std::string reason_against(const ColumnProfile& column) const {
    const ColumnSample& values = *table_.find(column.name);
    const std::string_view by_name = period_reason(column.name);
    const bool is_total = is_total_name(column.name) || is_rating_name(column.name);
    const bool has_figures = is_items_ && column.is_numeric() && counts_ != nullptr;
    const TotalEvidence evidence = has_figures ? weigh(values, *table_.find(guess_.id.value), *counts_) : TotalEvidence{};
    const TotalVerdict verdict = judge_total(column.name, evidence);
    if (!by_name.empty() && (is_items_ || is_total))
      return concat(by_name, verdict != TotalVerdict::kNone ? concat(" (", evidence.text(), ")") : "", ": it would tell the future");
    if (verdict == TotalVerdict::kTotal) return concat("looks like a total over the whole period: ", evidence.text());
    return says_the_same(column, values);
  }

  // A key beside its name, or a copy: one of the two is enough.
  std::string says_the_same(const ColumnProfile& column, const ColumnSample& values) const {
    if (column.num_distinct() < 2 || column.num_distinct() * 2 > column.num_filled) return "";
    for (const ColumnProfile& other : profiles_) {
      if (other.name == column.name || other.name == guess_.id.value || other.num_distinct() * 2 > other.num_filled) continue;
      const ColumnSample& other_values = *table_.find(other.name);
      const bool comes_later = column_place(column) > column_place(other);
      const bool is_worse = (column.is_numeric() && !other.is_numeric()) || (column.is_numeric() == other.is_numeric() && comes_later);
      if (!is_worse) continue;
      if (column.num_distinct() == other.num_distinct() && is_one_to_one(values, other_values))
        return concat("says the same as ", other.name);
      const bool can_agree_by_chance = std::min(column.num_distinct(), other.num_distinct()) <= kFewValues;  // flags, mostly 0
      if (!can_agree_by_chance && share_alike(values, other_values) >= kSaysTheSame) return concat("mostly a copy of ", other.name);
      if (column.is_numeric() && is_id_name(column.name) && !other.is_numeric() && column.num_distinct() > 2 &&
          determines(other_values, values))
        return concat("told by ", other.name);
    }
    return "";
  }
  std::size_t column_place(const ColumnProfile& column) const { return static_cast<std::size_t>(&column - profiles_.data()); }

  // The name of the feature: that of the column, or with its unit; made a plain key where the file's is none.
  void name_feature(FeatureGuess& feature) {
    FeatureConfig& config = feature.config;
    config.name = is_bare_key(config.column) ? config.column : normal_name(config.column);
    if (!config.unit.empty() && is_bare_key(config.unit)) config.name += concat("_", config.unit);
    if (!is_bare_key(config.name)) config.name = concat("column_", guess_.features.size() + 1);
    if (config.name == kIdColumn || config.name == kRowByIdColumn) config.name = concat("feature_", config.name);
    while (!names_.insert(config.name).second) config.name += "_2";
  }

  bool is_items_;
  const TableSample& table_;
  std::span<const ColumnProfile> profiles_;
  const Layout* layout_;
  const EventCounts* counts_;
  EntitiesGuess& guess_;
  std::set<std::string> names_;
};

}  // namespace

void guess_features(TableRole role, const TableSample& table, std::span<const ColumnProfile> profiles, const Layout* layout,
                    const EventCounts* counts, EntitiesGuess& guess) {
  Features(role, table, profiles, layout, counts, guess).run();
}

}  // namespace gemel
