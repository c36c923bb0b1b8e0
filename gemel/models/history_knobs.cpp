#include "gemel/models/history_knobs.h"

namespace gemel {

void HistoryKnobs::read(ConfigTable& table) {
  half_life_days = read_half_life(table, "history_half_life_days", half_life_days);
  half_life_events = read_half_life(table, "history_half_life_events", half_life_events, "events");
  length = table.count("history_length", length, 1, 100'000);
}

std::string HistoryKnobs::to_toml() const {
  return concat("history_half_life_days = ", half_life_to_toml(half_life_days),
                ", history_half_life_events = ", half_life_to_toml(half_life_events), ", history_length = ", length);
}

}  // namespace gemel
