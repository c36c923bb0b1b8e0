// Which of a customer's events a model reads, and how they fade: the knobs `history_half_life_days`, `history_half_life_events` and
// `history_length`. Where events have an order but no times they all are of one age, and their places alone tell the latest.
#pragma once

#include <span>
#include <string>

#include "gemel/models/half_life.h"
#include "gemel/models/recommender.h"

namespace gemel {

struct HistoryKnobs {
  double half_life_days = 60;          // an event of this age counts half
  double half_life_events = kNoDecay;  // and so does one that so many followed
  std::size_t length = 300;            // the last so many events

  void read(ConfigTable& table);  // what stands here already is the default
  std::string to_toml() const;

  std::span<const HistoryItem> recent(const Query& query) const { return query.history.last(std::min(length, query.history.size())); }
  // What the n-th event of recent(query) still counts.
  double fade(const Query& query, std::size_t n) const {
    const auto events = recent(query);
    return decay(query.at, events[n].at, half_life_days) * decay_by_place(events.size() - 1 - n, half_life_events);
  }
};

}  // namespace gemel
