// From one action to the next, by (customer, product): who viewed it, put it into the cart, bought it.
#include <algorithm>
#include <limits>
#include <tuple>

#include "gemel/data/health/checks.h"
#include "gemel/data/health/wording.h"

namespace gemel::health {
namespace {

constexpr std::size_t kEnoughPairs = 100;
constexpr double kMostUnseen = 0.5;  // of the target pairs, without an earlier action of another kind

struct Funnel {
  explicit Funnel(std::size_t num_actions)
      : pairs(num_actions, 0), then(num_actions, std::vector<std::uint64_t>(num_actions, 0)), then_target(num_actions, 0) {}
  std::vector<std::uint64_t> pairs;               // (customer, product) pairs with the action
  std::vector<std::vector<std::uint64_t>> then;   // [a][b]: pairs with a and, at that time or later, b
  std::vector<std::uint64_t> then_target;         // pairs with the action and, at that time or later, a target action
  std::uint64_t target_pairs = 0, unseen_target_pairs = 0;  // and of these without another action before
};

// One pair: its first time of each action; TimePoint::max() where it has none.
void add_pair(const Dataset& dataset, const std::vector<TimePoint>& first, Funnel& funnel) {
  TimePoint target = TimePoint::max();
  for (std::size_t a = 0; a < first.size(); ++a) {
    if (dataset.is_target(ActionIndex{static_cast<std::uint8_t>(a)})) target = std::min(target, first[a]);
    if (first[a] == TimePoint::max()) continue;
    ++funnel.pairs[a];
    for (std::size_t b = 0; b < first.size(); ++b) funnel.then[a][b] += b != a && first[b] != TimePoint::max() && first[b] >= first[a];
  }
  if (target == TimePoint::max()) return;
  ++funnel.target_pairs;
  bool seen = false;
  for (std::size_t a = 0; a < first.size(); ++a) {
    if (first[a] > target || dataset.is_target(ActionIndex{static_cast<std::uint8_t>(a)})) continue;
    ++funnel.then_target[a];
    seen = true;
  }
  funnel.unseen_target_pairs += !seen;
}

Funnel count_pairs(const ShopFacts& facts) {
  const Dataset& dataset = facts.dataset;
  Funnel funnel(dataset.action_names().size());
  std::vector<std::uint32_t> events;
  std::vector<TimePoint> first(dataset.action_names().size());
  for (std::size_t user = 0; user < facts.by_user.size(); ++user) {
    const auto own = facts.by_user.of(user);
    events.assign(own.begin(), own.end());
    std::ranges::stable_sort(events, {}, [&](std::uint32_t event) { return dataset.items()[event]; });
    for (std::size_t begin = 0, end = 0; begin < events.size(); begin = end) {
      std::ranges::fill(first, TimePoint::max());
      for (; end < events.size() && dataset.items()[events[end]] == dataset.items()[events[begin]]; ++end) {
        TimePoint& earliest = first[to_size(dataset.actions()[events[end]])];
        earliest = std::min(earliest, dataset.times()[events[end]]);
      }
      add_pair(dataset, first, funnel);
    }
  }
  return funnel;
}

// "view 812 -> cart 120 (14.8 %) -> purchase 60 (50 %)": from the most frequent action to the rarest, targets last.
std::string chain(const Dataset& dataset, const Funnel& funnel) {
  std::vector<std::size_t> order;
  for (std::size_t action = 0; action < funnel.pairs.size(); ++action)
    if (funnel.pairs[action] > 0) order.push_back(action);
  const auto is_target = [&](std::size_t action) { return dataset.is_target(ActionIndex{static_cast<std::uint8_t>(action)}); };
  std::ranges::stable_sort(order, [&](std::size_t a, std::size_t b) {
    return std::tuple(is_target(a), funnel.pairs[b]) < std::tuple(is_target(b), funnel.pairs[a]);
  });
  std::string text;
  for (std::size_t i = 0; i < order.size(); ++i) {
    text += concat(i == 0 ? "" : " -> ", dataset.action_names()[order[i]], " ", grouped(funnel.pairs[order[i]]));
    if (i > 0) text += concat(" (", percent(ratio(funnel.then[order[i - 1]][order[i]], funnel.pairs[order[i - 1]])), ")");
  }
  return text;
}

void judge(const Dataset& dataset, const Funnel& funnel, Section& section) {
  for (std::size_t action = 0; action < funnel.pairs.size(); ++action) {
    const bool is_target = dataset.is_target(ActionIndex{static_cast<std::uint8_t>(action)});
    if (is_target || funnel.pairs[action] < kEnoughPairs || funnel.target_pairs < kEnoughPairs || funnel.then_target[action] > 0) continue;
    section.findings.push_back(
        {Severity::kSerious,
         concat("not one of ", grouped(funnel.pairs[action]), " (customer, product) pairs with '", dataset.action_names()[action],
                "' was followed by a target action, of which there are ", grouped(funnel.target_pairs), " pairs"),
         "the two kinds of events do not know each other: what customers look at says nothing about what they take",
         "see whether both write the same ids (visitor or customer, variant or product)", "events.user"});
  }
  const double unseen = ratio(funnel.unseen_target_pairs, funnel.target_pairs);
  if (funnel.target_pairs < kEnoughPairs || unseen < kMostUnseen || unseen == 1) return;
  section.findings.push_back({Severity::kWarning,
                              concat(percent(unseen), " of the (customer, product) pairs with a target action, ",
                                     grouped(funnel.unseen_target_pairs), ", had no other action before it"),
                              "much of what leads to a purchase is not in the data, such as visits before the login or of another device",
                              "see whether the earlier events carry the customer's id, and whether they cover the whole period",
                              "events.actions"});
}

}  // namespace

void check_funnel(const ShopFacts& facts, Section& section) {
  const Dataset& dataset = facts.dataset;
  const Funnel funnel = count_pairs(facts);
  const auto used = std::ranges::count_if(funnel.pairs, [](std::uint64_t pairs) { return pairs > 0; });
  if (used < 2) {
    section.lines.push_back("There is one kind of action, so there is no funnel.");
    return;
  }
  section.lines.push_back(concat("(customer, product) pairs: ", chain(dataset, funnel)));
  Table table{"actions", {"action", "pairs", "then_target", "conversion", "of_target_pairs"}};
  for (std::size_t action = 0; action < funnel.pairs.size(); ++action) {
    if (dataset.is_target(ActionIndex{static_cast<std::uint8_t>(action)}) || funnel.pairs[action] == 0) continue;
    table.rows.push_back({dataset.action_names()[action], Cell::count(funnel.pairs[action]), Cell::count(funnel.then_target[action]),
                          Cell::share(ratio(funnel.then_target[action], funnel.pairs[action])),
                          Cell::share(ratio(funnel.then_target[action], funnel.target_pairs))});
  }
  section.tables.push_back(std::move(table));
  judge(dataset, funnel, section);
}

}  // namespace gemel::health
