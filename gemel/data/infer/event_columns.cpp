#include "gemel/data/infer/event_columns.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "gemel/data/day.h"
#include "gemel/data/infer/actions.h"
#include "gemel/data/infer/column_names.h"
#include "gemel/data/ingest/parse_number.h"

namespace gemel {
namespace {

constexpr std::size_t kMaxActions = 50, kMaxUnused = 12;
constexpr double kNameScore = 100, kJoinScore = 60, kOtherRole = -200;

std::string listed(std::span<const ColumnProfile> profiles) {
  std::string list;
  for (const ColumnProfile& column : profiles) list += concat(list.empty() ? "" : ", ", column.name);
  return list;
}

std::string percent(double share) {
  return share >= 0.9995 ? "all"
         : share < 0.001 ? "under 0.1 %"
         : share < 0.1   ? fmt::format("{:.1f} %", 100 * share)
                         : fmt::format("{:.0f} %", 100 * share);
}

double name_score(Role role, std::string_view column) {
  const std::size_t rank = rank_of(role, column);
  return rank == kUnranked ? 0 : kNameScore - static_cast<double>(rank);
}

const ColumnProfile* find(std::span<const ColumnProfile> profiles, std::string_view name) {
  const auto found = std::ranges::find(profiles, name, &ColumnProfile::name);
  return found == profiles.end() ? nullptr : &*found;
}

// Keys are whole numbers or short texts, and there is more than one.
bool can_be_key(const ColumnProfile& column) {
  if (column.num_filled == 0 || column.num_distinct() < 2 || column.num_lists + column.num_objects > 0) return false;
  return column.is_numeric() ? column.is_integer() : column.mean_words < 3 && column.mean_bytes < 100;
}

// Ratings of 1 to 5 are found among the ids of any catalogue that counts from 1.
bool has_few_values(const ColumnProfile& column) { return column.num_distinct() <= 10 && column.num_rows > 100; }

class EventColumns {
 public:
  EventColumns(const TableSample& table, std::span<const ColumnProfile> profiles, const Layout* layout, const KnownIds& ids,
               EventsGuess& guess)
      : table_(table), profiles_(profiles), layout_(layout), ids_(ids), guess_(guess) {}

  Result<void> run() {
    guess_action();
    guess_time();
    GEMEL_RETURN_IF_ERROR(guess_key(Role::kItem, layout_ ? layout_->item : "", ids_.items, "the catalogue", guess_.item));
    GEMEL_RETURN_IF_ERROR(guess_key(Role::kUser, layout_ ? layout_->user : "", ids_.users, "the customer file", guess_.user));
    put_user_first();
    name_actions();
    guess_weight();
    guess_event_id();
    name_unused();
    return {};
  }

 private:
  bool is_taken(const std::string& column) const {
    return column == guess_.action.value || column == guess_.time.value || column == guess_.item.value || column == guess_.user.value ||
           column == guess_.weight.value || column == guess_.id.value ||
           std::ranges::find(guess_.user_else, column) != guess_.user_else.end() ||
           std::ranges::find(guess_.item_else, column) != guess_.item_else.end();
  }
  std::string by_layout(std::string_view names) const { return layout_ == nullptr ? "" : first_present(names, table_); }
  std::string of_layout() const { return concat("as in every ", layout_->name, " file"); }

  void guess_action() {
    guess_.action.value = by_layout(layout_ ? layout_->action : "");
    if (!guess_.action.value.empty()) guess_.action.reason = of_layout();
    else if (layout_ == nullptr || !layout_->action.empty()) guess_action_by_content();
  }

  bool has_product(std::size_t row) const {
    const auto is_filled = [&](const std::string& column) { return !table_.find(column)->values[row].empty(); };
    return is_filled(guess_.item.value) || std::ranges::any_of(guess_.item_else, is_filled);
  }

  // Of the rows that name a product: what is done without one is no event of a recommender.
  void name_actions() {
    if (guess_.action.value.empty()) return;
    ColumnSample actions = *table_.find(guess_.action.value);
    for (std::size_t row = 0; row < actions.values.size(); ++row)
      if (!has_product(row)) actions.values[row].clear();
    guess_.actions = guess_actions(profile(actions));
  }

  // A column of few values of which some are known actions; or one that is called so.
  void guess_action_by_content() {
    double best = 0;
    for (const ColumnProfile& column : profiles_) {
      if (column.num_filled < column.num_rows || column.num_distinct() > kMaxActions || column.is_numeric()) continue;
      double known = 0;
      for (const auto& [value, count] : column.counts) known += class_of(value) != ActionClass::kUnknown;
      const double share = known / static_cast<double>(column.num_distinct());
      const bool is_vague = normal_name(column.name) == "type" || normal_name(column.name) == "activity";
      const bool named = rank_of(Role::kAction, column.name) != kUnranked && !is_vague;
      const double score = 2 * share + (named ? 1 : 0);
      if (score <= best || (!named && share < 0.5)) continue;
      best = score;
      guess_.action.value = column.name;
      guess_.action.reason = concat(named ? "called so; " : "", column.num_distinct(), column.num_distinct() == 1 ? " value" : " values",
                                    known > 0 ? ", known as actions" : "");
    }
  }

  double time_score(const ColumnProfile& column) const {
    if (!column.time || column.share(column.num_filled) == 0 || column.num_filled * 100 < column.num_rows * 99) return 0;
    const TimeProfile& time = *column.time;
    const double named = name_score(Role::kTime, column.name);
    const bool is_count =
        time.format == TimeFormat::kSeconds || time.format == TimeFormat::kMilliseconds || time.format == TimeFormat::kMicroseconds;
    const bool other_role =
        rank_of(Role::kUser, column.name) != kUnranked || rank_of(Role::kItem, column.name) != kUnranked || is_id_name(column.name);
    if (is_count && named == 0 && (other_role || column.is_counting || time.last - time.first < std::chrono::hours(24))) return 0;
    return 1 + named + (time.is_whole_days ? 0 : 60) + (is_count && named == 0 ? 0 : 20) + (time.is_ascending ? 5 : 0);
  }

  void guess_time() {
    std::string wanted = by_layout(layout_ ? layout_->time : "");
    double best = 0;
    const ColumnProfile* chosen = find(profiles_, wanted);
    if (chosen == nullptr || !chosen->time) {
      chosen = nullptr;
      for (const ColumnProfile& column : profiles_)
        if (const double score = time_score(column); score > best && column.name != guess_.action.value) best = score, chosen = &column;
    }
    if (chosen == nullptr) {
      guess_.has_order = true;
      guess_.time.reason = "no column holds a time; the rows are taken to be in order";
      return;
    }
    const TimeProfile& time = *chosen->time;
    guess_.time.value = chosen->name;
    guess_.time.reason = concat(describe(time), ", ", to_text(day_of(time.first)), " to ", to_text(day_of(time.last)),
                                table_.is_whole ? "" : " in the rows looked at");
    for (const ColumnProfile& column : profiles_)
      if (&column != chosen && column.name != guess_.action.value && time_score(column) > 0)
        guess_.time.alternatives.push_back(column.name);
    if (time.format == TimeFormat::kDayFirst || time.format == TimeFormat::kMonthFirst || time.format == TimeFormat::kCompactDay) {
      guess_.time_format.value = to_text(time.format);
      guess_.time_format.reason =
          time.is_ambiguous_day ? "no value tells whether day or month comes first: CHECK" : "told by days above 12";
      if (time.format == TimeFormat::kCompactDay) guess_.time_format.reason = "year, month and day as one number";
      if (time.is_ambiguous_day) guess_.time_format.alternatives.push_back(time.format == TimeFormat::kDayFirst ? "mdy" : "dmy");
    }
  }

  Result<void> guess_key(Role role, std::string_view layout_names, const ColumnProfile* ids, std::string_view ids_place, Guess& guess) {
    if (std::vector<std::string> names = present_names(layout_names, table_); !names.empty()) {
      guess.value = names.front();
      guess.reason = of_layout();
      append_join(ids, ids_place, guess);
      names.erase(names.begin());
      (role == Role::kUser ? guess_.user_else : guess_.item_else) = std::move(names);
      return {};
    }
    const Role other = role == Role::kItem ? Role::kUser : Role::kItem;
    double best = 0;
    std::vector<const ColumnProfile*> keys;
    for (const ColumnProfile& column : profiles_) {
      if (!can_be_key(column) || is_taken(column.name)) continue;
      const double named = name_score(role, column.name), joined = ids == nullptr || has_few_values(column) ? 0 : share_found(column, *ids);
      const bool is_other = named == 0 && rank_of(other, column.name) != kUnranked;
      const bool is_elsewise =
          named == 0 && (rank_of(Role::kTime, column.name) != kUnranked || rank_of(Role::kWeight, column.name) != kUnranked);
      const double score = named + (joined >= 0.3 ? kJoinScore * joined : 0) + (is_other ? kOtherRole : 0);
      if (!is_other && !is_elsewise && !column.time) keys.push_back(&column);
      if (score <= 0) continue;
      if (score > best) {
        if (!guess.value.empty()) guess.alternatives.insert(guess.alternatives.begin(), guess.value);
        best = score;
        guess.value = column.name;
        guess.reason = named > 0 ? "called so" : "";
      } else {
        guess.alternatives.push_back(column.name);
      }
    }
    if (guess.value.empty()) return guess_key_by_place(role, keys, guess);
    append_join(ids, ids_place, guess);
    return {};
  }

  // Nothing is called so and nothing joins: of the columns that look like keys, customers come first by custom.
  Result<void> guess_key_by_place(Role role, std::vector<const ColumnProfile*> keys, Guess& guess) {
    const bool is_item = role == Role::kItem;
    std::erase_if(keys, [&](const ColumnProfile* column) { return has_few_values(*column); });
    const std::size_t place = is_item && keys.size() > 1 && guess_.user.value.empty() ? 1 : 0;
    if (keys.empty() || (is_item && keys.size() < 2))
      return fail(ErrorCode::kBadInput, table_.file, ": expected a column with the ", is_item ? "product" : "customer",
                  " of each event, found ", listed(profiles_), "; none is called so", is_item ? " or holds ids of the catalogue" : "");
    guess.value = keys[place]->name;
    guess.reason = is_item ? "the second column that looks like a key: CHECK" : "the first column that looks like a key: CHECK";
    for (const ColumnProfile* column : keys)
      if (column->name != guess.value) guess.alternatives.push_back(column->name);
    return {};
  }

  void append_join(const ColumnProfile* ids, std::string_view place, Guess& guess) const {
    const ColumnProfile* const column = find(profiles_, guess.value);
    if (column == nullptr) return;
    guess.reason +=
        concat(guess.reason.empty() ? "" : "; ", column->num_distinct(), " different", table_.is_whole ? "" : " in the rows looked at");
    if (ids != nullptr) guess.reason += concat(", ", percent(share_found(*column, *ids)), " of the rows in ", place);
  }

  // A chosen customer cannot remain an alternative of the product, and the other way round.
  void put_user_first() {
    std::erase(guess_.item.alternatives, guess_.user.value);
    std::erase(guess_.user.alternatives, guess_.item.value);
  }

  void guess_weight() {
    const ColumnProfile* chosen = find(profiles_, by_layout(layout_ ? layout_->weight : ""));
    if (chosen == nullptr)
      for (const ColumnProfile& column : profiles_)
        if (!is_taken(column.name) && column.is_numeric() && rank_of(Role::kWeight, column.name) != kUnranked) chosen = &column;
    if (chosen == nullptr) return;
    std::size_t num_bad = 0;
    const ColumnSample& weights = *table_.find(chosen->name);
    for (std::size_t row = 0; row < weights.values.size(); ++row) {
      const auto weight = parse_number(weights.values[row]);
      num_bad += has_product(row) && !(weight && *weight > 0);
    }
    constexpr double kDrowns = 100;  // one event must not outweigh a hundred
    if (num_bad == 0 && chosen->max <= kDrowns) {
      guess_.weight = {chosen->name, fmt::format("called so; {:g} to {:g}, all above 0", chosen->min, chosen->max), {}};
      return;
    }
    const std::string why = num_bad > 0 ? concat("not above 0 in ", num_bad, " of the rows looked at, which would be rejected")
                                        : fmt::format("values up to {:g} would drown all else", chosen->max);
    guess_.weight.reason = concat("weight = \"", chosen->name, "\"  # left out: ", why);
    weight_left_out_ = chosen->name;
  }

  void guess_event_id() {
    if (layout_ != nullptr && !layout_->each.empty()) return;  // the id of a record is not that of its parts
    for (const ColumnProfile& column : profiles_) {
      if (is_taken(column.name) || rank_of(Role::kEventId, column.name) == kUnranked || !column.is_unique()) continue;
      guess_.id = {column.name, "called so; no value twice in the rows looked at", {}};
      return;
    }
  }

  void name_unused() {
    for (const ColumnProfile& column : profiles_) {
      if (is_taken(column.name) || column.name == weight_left_out_) continue;
      const std::string name = normal_name(column.name);
      std::string why;
      if (std::ranges::find(guess_.time.alternatives, column.name) != guess_.time.alternatives.end()) why = "also a time";
      else if (name.find("rating") != std::string::npos || name == "stars" || name == "score")
        why = "an opinion: that somebody had it counts, whatever the rating";
      else if (column.is_counting) why = "a row number";
      if (guess_.unused.size() == kMaxUnused) guess_.unused.emplace_back("and others");
      if (guess_.unused.size() > kMaxUnused) return;
      guess_.unused.push_back(why.empty() ? column.name : concat(column.name, " (", why, ")"));
    }
  }

  const TableSample& table_;
  std::span<const ColumnProfile> profiles_;
  const Layout* layout_;
  const KnownIds& ids_;
  EventsGuess& guess_;
  std::string weight_left_out_;
};

}  // namespace

std::string describe(const TimeProfile& time) {
  switch (time.format) {
    case TimeFormat::kSeconds: return time.is_whole_days ? "epoch seconds of whole days" : "epoch seconds";
    case TimeFormat::kMilliseconds: return time.is_whole_days ? "epoch milliseconds of whole days" : "epoch milliseconds";
    case TimeFormat::kMicroseconds: return time.is_whole_days ? "epoch microseconds of whole days" : "epoch microseconds";
    case TimeFormat::kCompactDay: return "days as 20171231";
    default: break;
  }
  const std::string_view order = time.format == TimeFormat::kDayFirst     ? ", day first"
                                 : time.format == TimeFormat::kMonthFirst ? ", month first"
                                                                          : "";
  if (time.is_whole_days) return concat("whole days", order);
  return concat("times", order, time.has_zone ? ", with their zone" : ", without a zone: read as UTC");
}

Result<void> guess_event_columns(const TableSample& table, std::span<const ColumnProfile> profiles, const Layout* layout,
                                 const KnownIds& ids, EventsGuess& guess) {
  return EventColumns(table, profiles, layout, ids, guess).run();
}

Result<Guess> guess_id_column(TableRole role, const TableSample& table, std::span<const ColumnProfile> profiles, const Layout* layout,
                              std::span<const ColumnProfile> events) {
  const bool is_items = role == TableRole::kItems;
  const std::string of_layout = layout == nullptr ? "" : first_present(is_items ? layout->item : layout->user, table);
  if (!of_layout.empty()) return Guess{of_layout, concat("as in every ", layout->name, " file"), {}};
  Guess guess;
  double best = 0;
  for (const ColumnProfile& column : profiles) {
    const bool is_nearly_unique =
        column.num_distinct() * 1000 >= column.num_filled * 999 && column.num_filled * 1000 >= column.num_rows * 999;
    if (column.num_filled == 0 || !is_nearly_unique || (column.is_numeric() && !column.is_integer())) continue;
    double joined = 0;
    for (const ColumnProfile& event : events) joined = std::max(joined, can_be_key(event) ? share_found(event, column) : 0);
    const double named =
        std::max(name_score(is_items ? Role::kItem : Role::kUser, column.name), normal_name(column.name) == "id" ? 90.0 : 0.0);
    const double score = named + (joined >= 0.3 ? kJoinScore * joined : 0) + (&column == profiles.data() ? 5 : 0);
    if (score > best) {
      if (!guess.value.empty()) guess.alternatives.insert(guess.alternatives.begin(), guess.value);
      best = score;
      guess.value = column.name;
      guess.reason = column.is_unique()
                         ? "no value twice"
                         : concat(column.num_rows - column.num_distinct(), " values twice or missing: those rows will be rejected");
    } else if (score > 0) {
      guess.alternatives.push_back(column.name);
    }
  }
  if (guess.value.empty())
    return fail(ErrorCode::kBadInput, table.file, ": expected a column with one id a row, found ", listed(profiles),
                "; each has values twice or missing");
  return guess;
}

}  // namespace gemel
