#include "gemel/models/interactions.h"

#include <algorithm>
#include <numeric>

#include "gemel/models/half_life.h"

namespace gemel {
namespace {

const std::vector<std::string> kValueNames{"once", "count", "action_weight", "last_weight"};

// Adds (column, value) to the row that is being written, or joins it with the last one there.
void add_event(std::uint32_t column, float value, std::size_t row_begin, const InteractionRule& rule, InteractionRows& rows) {
  if (rows.columns.size() > row_begin && rows.columns.back() == column) {
    rows.values.back() = rule.joined(rows.values.back(), value);
  } else {
    rows.columns.push_back(column);
    rows.values.push_back(value);
  }
}

void close_row(InteractionRows& rows) {
  std::size_t kept = rows.offsets.back();
  for (std::size_t n = kept; n < rows.columns.size(); ++n) {
    if (rows.values[n] == 0) continue;
    rows.columns[kept] = rows.columns[n];
    rows.values[kept++] = rows.values[n];
  }
  rows.columns.resize(kept);
  rows.values.resize(kept);
  rows.offsets.push_back(kept);
}

// Events of the view by item, in time order, as rows of users: not yet joined.
InteractionRows events_by_item(const TrainView& view, const InteractionRule& rule) {
  const auto events = view.num_events;
  const auto items = view.dataset->items().first(events);
  InteractionRows rows;
  rows.offsets.assign(view.dataset->num_items() + 1, 0);
  for (const ItemIndex item : items) ++rows.offsets[to_size(item) + 1];
  for (std::size_t r = 0; r + 1 < rows.offsets.size(); ++r) rows.offsets[r + 1] += rows.offsets[r];
  rows.columns.resize(events);
  rows.values.resize(events);
  std::vector<std::size_t> next(rows.offsets.begin(), rows.offsets.end() - 1);
  for (std::size_t event = 0; event < events; ++event) {
    const std::size_t place = next[to_size(items[event])]++;
    rows.columns[place] = static_cast<std::uint32_t>(view.dataset->users()[event]);
    rows.values[place] =
        rule.value_of(view.dataset->actions()[event], view.dataset->weights()[event], view.dataset->times()[event], view.until);
  }
  return rows;
}

}  // namespace

InteractionValue read_interaction_value(ConfigTable& table, InteractionValue fallback) {
  const std::string name = table.choice("value", kValueNames, kValueNames[static_cast<std::size_t>(fallback)]);
  return static_cast<InteractionValue>(std::find(kValueNames.begin(), kValueNames.end(), name) - kValueNames.begin());
}

std::string to_toml(InteractionValue value) { return concat('"', kValueNames[static_cast<std::size_t>(value)], '"'); }

float InteractionRule::value_of(ActionIndex action, float weight, TimePoint at, TimePoint now, std::size_t num_later) const {
  const auto by_place = static_cast<float>(decay_by_place(num_later, half_life_events));
  switch (value) {
    case InteractionValue::kOnce:
    case InteractionValue::kCount: return static_cast<float>(decay(now, at, half_life_days)) * by_place;
    case InteractionValue::kActionWeight:
      if (to_size(action) >= action_weights.size()) return 0;
      return static_cast<float>(action_weights[to_size(action)] * decay(now, at, half_life_days)) * by_place;
    case InteractionValue::kLastWeight: return weight;
  }
  return 0;
}

float InteractionRule::joined(float earlier, float later) const {
  return value == InteractionValue::kCount || value == InteractionValue::kActionWeight ? earlier + later : later;
}

std::vector<double> action_weights(const Dataset& dataset) {
  std::vector<double> weights;
  for (std::size_t action = 0; action < dataset.action_names().size(); ++action) {
    weights.push_back(dataset.action_weight(static_cast<ActionIndex>(action)));
  }
  return weights;
}

void InteractionRows::clear() {
  offsets.assign(1, 0);
  columns.clear();
  values.clear();
}

InteractionRows items_of_users(const TrainView& view, const InteractionRule& rule) {
  // Turned round by counting: each customer's events come out by item, those of one item still in time order.
  const InteractionRows events = transposed(events_by_item(view, rule), view.dataset->num_users());
  InteractionRows rows;
  rows.offsets.reserve(events.offsets.size());
  for (std::size_t user = 0; user < events.size(); ++user) {
    const auto items = events.row(user);
    const std::size_t row_begin = rows.columns.size();
    for (std::size_t n = 0; n < items.size(); ++n) add_event(items[n], events.values_of(user)[n], row_begin, rule, rows);
    close_row(rows);
  }
  return rows;
}

InteractionRows transposed(const InteractionRows& rows, std::size_t num_columns) {
  InteractionRows out;
  out.offsets.assign(num_columns + 1, 0);
  for (const std::uint32_t column : rows.columns) ++out.offsets[column + 1];
  for (std::size_t c = 0; c < num_columns; ++c) out.offsets[c + 1] += out.offsets[c];
  out.columns.resize(rows.columns.size());
  out.values.resize(rows.columns.size());
  std::vector<std::size_t> next(out.offsets.begin(), out.offsets.end() - 1);
  for (std::size_t r = 0; r < rows.size(); ++r) {
    for (std::size_t n = rows.offsets[r]; n < rows.offsets[r + 1]; ++n) {
      const std::size_t place = next[rows.columns[n]]++;
      out.columns[place] = static_cast<std::uint32_t>(r);
      out.values[place] = rows.values[n];
    }
  }
  return out;
}

void append_history(std::span<const HistoryItem> history, TimePoint now, const InteractionRule& rule, InteractionRows& rows) {
  std::vector<std::size_t> by_item(history.size());
  std::iota(by_item.begin(), by_item.end(), std::size_t{0});
  std::ranges::stable_sort(by_item, {}, [&](std::size_t n) { return history[n].item; });
  const std::size_t row_begin = rows.columns.size();
  for (const std::size_t n : by_item) {
    const HistoryItem& past = history[n];
    const float value = rule.value_of(past.action, past.weight, past.at, now, history.size() - 1 - n);
    add_event(static_cast<std::uint32_t>(past.item), value, row_begin, rule, rows);
  }
  close_row(rows);
}

void append_history(const Query& query, const HistoryKnobs& knobs, InteractionRule rule, InteractionRows& rows) {
  rule.half_life_days = knobs.half_life_days;
  rule.half_life_events = knobs.half_life_events;
  append_history(knobs.recent(query), query.at, rule, rows);
}

}  // namespace gemel
