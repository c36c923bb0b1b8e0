// Which customers had which products, and how much of it: the matrix that neighbours and factorizations learn from, as rows of customers
// or of products. The same rule makes a customer's row from the events of a fit and from the history of a query.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "gemel/base/config.h"
#include "gemel/data/decayed_counts.h"
#include "gemel/data/histories.h"
#include "gemel/data/split.h"
#include "gemel/models/history_knobs.h"

namespace gemel {

// What the events of a customer with a product come to.
enum class InteractionValue : std::uint8_t {
  kOnce,          // 1, however many they are, faded by the age of the last
  kCount,         // how many they are
  kActionWeight,  // the sum of their actions' weights in shop.toml
  kLastWeight,    // the weight of the last event, such as a rating
};

// The knob `value`: "once", "count", "action_weight" or "last_weight".
InteractionValue read_interaction_value(ConfigTable& table, InteractionValue fallback);
std::string to_toml(InteractionValue value);

struct InteractionRule {
  InteractionValue value = InteractionValue::kOnce;
  double half_life_days = kNoDecay;          // but for kLastWeight: an event of this age counts half
  double half_life_events = kNoDecay;        // likewise: so does one that so many followed
  std::vector<double> action_weights = {};   // [num_actions], for kActionWeight

  float value_of(ActionIndex action, float weight, TimePoint at, TimePoint now, std::size_t num_later = 0) const;  // of one event
  float joined(float earlier, float later) const;                                       // of two events, or two runs of events
};

std::vector<double> action_weights(const Dataset& dataset);  // [num_actions]

// Rows of column numbers, ascending within a row, each with its value; pairs that come to 0 are left out.
struct InteractionRows {
  std::vector<std::size_t> offsets{0};  // [rows + 1]
  std::vector<std::uint32_t> columns;
  std::vector<float> values;            // same length

  std::size_t size() const { return offsets.size() - 1; }
  std::span<const std::uint32_t> row(std::size_t r) const { return std::span(columns).subspan(offsets[r], offsets[r + 1] - offsets[r]); }
  std::span<const float> values_of(std::size_t r) const { return std::span(values).subspan(offsets[r], offsets[r + 1] - offsets[r]); }
  void clear();
};

// [num_users] rows of items, as of view.until.
InteractionRows items_of_users(const TrainView& view, const InteractionRule& rule = {});
// [num_columns] rows.
InteractionRows transposed(const InteractionRows& rows, std::size_t num_columns);
// One more row of items: what these events, oldest first, come to as of `now`.
void append_history(std::span<const HistoryItem> history, TimePoint now, const InteractionRule& rule, InteractionRows& rows);
// Likewise of the query's history: as much of it as the knobs read, fading as they say and not as the rule does.
void append_history(const Query& query, const HistoryKnobs& knobs, InteractionRule rule, InteractionRows& rows);

}  // namespace gemel
