#include "gemel/data/ingest/exclusions.h"

namespace gemel {

std::optional<std::size_t> Exclusions::match(const Event& event) {
  const auto fits = [](const auto& named, const auto& value) { return named.empty() || named.contains(value); };
  for (std::size_t rule = 0; rule < rules_.size(); ++rule) {
    const ExcludeConfig& named = rules_[rule];
    if (!fits(named.users, event.user) || !fits(named.items, event.item) || !fits(named.actions, event.action) ||
        !fits(named.days, event.day))
      continue;
    ++num_excluded_[rule];
    return rule;
  }
  return std::nullopt;
}

std::vector<std::size_t> Exclusions::unused() const {
  std::vector<std::size_t> unused;
  for (std::size_t rule = 0; rule < num_excluded_.size(); ++rule)
    if (num_excluded_[rule] == 0) unused.push_back(rule);
  return unused;
}

}  // namespace gemel
