// What the split leaves to learn from and to be judged by.
#include <algorithm>

#include "gemel/data/day.h"
#include "gemel/data/health/checks.h"
#include "gemel/data/health/wording.h"

namespace gemel::health {
namespace {

constexpr std::size_t kFewCustomers = 200;  // with a target in the part: intervals get wide
constexpr double kManyRepeats = 0.3, kManyNew = 0.5, kManyCold = 0.3;
constexpr std::chrono::days kShort{7};

// One part, judged by what lies before it.
struct Part {
  std::string name;
  std::size_t begin, end;
  std::size_t targets = 0, customers = 0, new_customers = 0, products = 0, cold_products = 0, cold_targets = 0, repeats = 0;
};

// The first event of each customer and product, by its place in the Dataset.
std::vector<std::size_t> first_events(const EventGroups& groups, std::size_t none) {
  std::vector<std::size_t> first(groups.size(), none);
  for (std::size_t group = 0; group < groups.size(); ++group)
    for (const std::uint32_t event : groups.of(group)) first[group] = std::min<std::size_t>(first[group], event);
  return first;
}

void count_part(const ShopFacts& facts, const std::vector<std::size_t>& first_of_user, const std::vector<std::size_t>& first_of_item,
                const std::vector<bool>& is_repeat, Part& part) {
  const Dataset& dataset = facts.dataset;
  std::vector<std::uint8_t> users(dataset.num_users(), 0), items(dataset.num_items(), 0);
  for (std::size_t event = part.begin; event < part.end; ++event) {
    if (!dataset.is_target(dataset.actions()[event])) continue;
    const std::size_t user = to_size(dataset.users()[event]), item = to_size(dataset.items()[event]);
    ++part.targets;
    part.repeats += is_repeat[event];
    part.cold_targets += first_of_item[item] >= part.begin;
    if (!users[user]) {
      users[user] = 1;
      ++part.customers;
      part.new_customers += first_of_user[user] >= part.begin;
    }
    if (!items[item]) {
      items[item] = 1;
      ++part.products;
      part.cold_products += first_of_item[item] >= part.begin;
    }
  }
}

// Target events whose customer had the product before, by a target action at an earlier moment.
std::vector<bool> find_repeats(const ShopFacts& facts) {
  const Dataset& dataset = facts.dataset;
  std::vector<bool> is_repeat(dataset.num_events(), false);
  std::vector<std::uint32_t> events;
  for (std::size_t user = 0; user < facts.by_user.size(); ++user) {
    events.clear();
    for (const std::uint32_t event : facts.by_user.of(user))
      if (dataset.is_target(dataset.actions()[event])) events.push_back(event);
    std::ranges::stable_sort(events, {}, [&](std::uint32_t event) { return dataset.items()[event]; });
    for (std::size_t i = 1, first = 0; i < events.size(); ++i) {
      if (dataset.items()[events[i]] != dataset.items()[events[first]]) first = i;
      else is_repeat[events[i]] = dataset.times()[events[first]] < dataset.times()[events[i]];
    }
  }
  return is_repeat;
}

void judge_size(const Part& part, Section& section) {
  if (part.customers >= kFewCustomers) return;
  section.findings.push_back({Severity::kWarning,
                              concat(part.name, ": ", counted(part.customers, "customer"), " with ", counted(part.targets, "target event")),
                              "too few to tell models apart: the intervals of the evaluation will be wide",
                              concat("make the ", part.name, " period longer"), concat("split.", part.name)});
}

// What the test asks for; the validation, just before it, asks for much the same.
void judge(const Part& part, Section& section) {
  const auto add = [&](Severity severity, std::string what, std::string means, std::string todo, std::string key) {
    section.findings.push_back({severity, concat(part.name, ": ", what), std::move(means), std::move(todo), std::move(key)});
  };
  if (ratio(part.repeats, part.targets) >= kManyRepeats)
    add(Severity::kNote,
        concat(percent(ratio(part.repeats, part.targets)), " of the target events, ", grouped(part.repeats), ", are repeats"),
        "what the customer had before is often the best forecast; a model that only repeats looks good",
        "compare with `repurchase`, and evaluate what is new to the customer apart with --repeats drop", "models.two_tower.first_only");
  if (ratio(part.new_customers, part.customers) >= kManyNew)
    add(Severity::kNote,
        concat(percent(ratio(part.new_customers, part.customers)), " of the customers, ", grouped(part.new_customers),
               ", have no event before this part"),
        "for them only popularity, customer features and what they do in the session speak", "leave user_id off; declare customer features",
        "models.two_tower.user_id");
  if (ratio(part.cold_targets, part.targets) >= kManyCold)
    add(Severity::kNote,
        concat(percent(ratio(part.cold_targets, part.targets)), " of the target events are of ", counted(part.cold_products, "product"),
               " without an event before this part"),
        "only features can place these products, and only counters that move on can find them",
        "declare features that new products have, raise id_dropout, keep short half-lives of popularity", "models.two_tower.id_dropout");
}

}  // namespace

void check_split(const ShopFacts& facts, Section& section) {
  const Dataset& dataset = facts.dataset;
  const Split& split = *facts.split;
  std::vector<Part> parts{{"train", 0, split.validation_begin},
                          {"validation", split.validation_begin, split.test_begin},
                          {"test", split.test_begin, split.end}};
  const auto first_of_user = first_events(facts.by_user, dataset.num_events()),
             first_of_item = first_events(facts.by_item, dataset.num_events());
  const std::vector<bool> is_repeat = find_repeats(facts);
  Table table{"parts", {"part", "events", "targets", "customers", "newcomers", "products", "cold", "cold_targets", "repeats"}};
  for (Part& part : parts) {
    if (part.begin == part.end) continue;  // files without a validation part
    count_part(facts, first_of_user, first_of_item, is_repeat, part);
    table.rows.push_back({part.name, Cell::count(part.end - part.begin), Cell::count(part.targets), Cell::count(part.customers),
                          Cell::count(part.new_customers), Cell::count(part.products), Cell::count(part.cold_products),
                          Cell::share(ratio(part.cold_targets, part.targets)), Cell::share(ratio(part.repeats, part.targets))});
    if (part.name == "test") judge(part, section);
    if (part.name != "train") judge_size(part, section);
  }
  section.tables.push_back(std::move(table));
  if (!facts.has_days) return;
  section.lines.push_back(concat(
      "validation from ", gemel::to_text(day_of(split.validation_from)), ", test from ", gemel::to_text(day_of(split.test_from)), " to ",
      gemel::to_text(day_of(split.until) - std::chrono::days(1)), "; newcomers and cold products have no event before the part"));
  if (split.until - split.test_from < kShort)
    section.findings.push_back({Severity::kWarning, concat("test: ", (day_of(split.until) - day_of(split.test_from)).count(), " days"),
                                "the protocol that decides goes by weeks: less than one says little", "make the test period longer",
                                "split.test"});
}

}  // namespace gemel::health
