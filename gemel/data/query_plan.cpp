#include "gemel/data/query_plan.h"

#include <algorithm>
#include <array>
#include <set>
#include <tuple>

#include "gemel/data/day.h"

namespace gemel {
namespace {

constexpr std::array<std::pair<Protocol, std::string_view>, 7> kProtocols{{{Protocol::kRollingWeek, "rolling_week"},
                                                                           {Protocol::kPerEvent, "per_event"},
                                                                           {Protocol::kFrozen, "frozen"},
                                                                           {Protocol::kFrozenTrial, "frozen_trial"},
                                                                           {Protocol::kLeaveLastOut, "leave_last_out"},
                                                                           {Protocol::kLightgcnSplit, "lightgcn_split"},
                                                                           {Protocol::kRandom8020, "random_80_20"}}};
constexpr std::array<std::pair<Repeats, std::string_view>, 2> kRepeats{{{Repeats::kKeep, "keep"}, {Repeats::kDrop, "drop"}}};

template <class Enum, std::size_t N>
std::string_view name_of(const std::array<std::pair<Enum, std::string_view>, N>& names, Enum value) {
  for (const auto& [each, name] : names)
    if (each == value) return name;
  GEMEL_CHECK(false, "a value without a name");
}

template <class Enum, std::size_t N>
Result<Enum> value_of(const std::array<std::pair<Enum, std::string_view>, N>& names, std::string_view key, std::string_view text) {
  std::string known;
  for (const auto& [value, name] : names) {
    if (name == text) return value;
    known += concat(known.empty() ? "" : ", ", name);
  }
  return fail(ErrorCode::kBadConfig, key, ": expected one of ", known, ", found '", text, "'");
}

std::vector<std::uint8_t> sold_items(const Dataset& dataset, std::size_t num_events) {
  std::vector<std::uint8_t> sold(dataset.num_items(), 0);
  for (std::size_t event = 0; event < num_events; ++event)
    if (dataset.is_target(dataset.actions()[event])) sold[to_size(dataset.items()[event])] = 1;
  return sold;
}

template <class T>
void sort_distinct(std::vector<T>& values) {
  std::sort(values.begin(), values.end());
  values.erase(std::unique(values.begin(), values.end()), values.end());
}

bool asks_per_event(Protocol protocol) { return protocol == Protocol::kPerEvent || protocol == Protocol::kRandom8020; }

Repeats repeats_of(Protocol protocol, Repeats wanted) {
  if (!is_of_papers(protocol)) return wanted;
  return protocol == Protocol::kRandom8020 ? Repeats::kKeep : Repeats::kDrop;
}

// Builds a plan block by block, query by query.
class Planner {
 public:
  Planner(const Dataset& dataset, const Histories& histories, Protocol protocol, Repeats repeats, std::size_t begin, std::size_t end,
          TimePoint from)
      : dataset_(dataset), histories_(histories), begin_(begin), end_(end) {
    plan_.protocol = protocol;
    plan_.repeats = repeats_of(protocol, repeats);
    plan_.cut = from;
    if (protocol == Protocol::kFrozenTrial) sold_ = sold_items(dataset, begin);
  }

  Result<QueryPlan> run() {
    collect_targets();
    GEMEL_RETURN_IF_ERROR(check());
    for (std::size_t first = 0; first < asked_.size();) {
      std::size_t last = first;
      while (last < asked_.size() && asked_[last].block == asked_[first].block) ++last;
      add_block(std::span(asked_).subspan(first, last - first));
      first = last;
    }
    count_customers();
    if (plan_.queries.empty())
      return fail(ErrorCode::kBadConfig, "protocol ", to_text(plan_.protocol), ", repeats ", to_text(plan_.repeats), ": all ",
                  plan_.dropped_targets, " targets fell out, since their customers had them before",
                  plan_.protocol == Protocol::kFrozenTrial ? " or training does not know them" : "", "; nothing is left to judge by");
    return std::move(plan_);
  }

 private:
  struct Asked {
    std::int64_t block;  // week after the cut, or day after it
    UserIndex user;
    std::size_t event;
    auto key() const { return std::tuple(block, user, event); }
  };

  std::int64_t block_of(std::size_t event) const {
    const auto since_cut = dataset_.times()[event] - plan_.cut;
    if (plan_.protocol == Protocol::kRollingWeek) return std::chrono::floor<std::chrono::weeks>(since_cut).count();
    if (plan_.protocol != Protocol::kPerEvent || !has_days(dataset_.time_kind())) return 0;
    return std::max<std::int64_t>(0, (day_of(dataset_.times()[event]) - day_of(plan_.cut)).count());
  }

  TimePoint start_of(std::int64_t block) const {
    if (plan_.protocol == Protocol::kRollingWeek) return plan_.cut + std::chrono::weeks(block);
    if (block == 0) return plan_.cut;
    return TimePoint(day_of(plan_.cut) + std::chrono::days(block));
  }

  void collect_targets() {
    for (std::size_t event = begin_; event < end_; ++event)
      if (dataset_.is_target(dataset_.actions()[event])) asked_.push_back({block_of(event), dataset_.users()[event], event});
    std::sort(asked_.begin(), asked_.end(), [](const Asked& a, const Asked& b) { return a.key() < b.key(); });
  }

  Result<void> check() const {
    const auto name = to_text(plan_.protocol);
    if (plan_.protocol == Protocol::kRollingWeek && !has_days(dataset_.time_kind()))
      return fail(ErrorCode::kBadConfig, "protocol ", name,
                  ": needs the days of the events, and [events] time names no column; expected frozen or per_event");
    if (is_of_papers(plan_.protocol) && !dataset_.file_split())
      return fail(ErrorCode::kBadConfig, "protocol ", name,
                  ": is for the split of a paper; expected its train and test files in [split], found a split by time");
    if (asked_.empty())
      return fail(ErrorCode::kBadConfig, "protocol ", name, ": no event of a target action lies in the period to be judged (",
                  end_ - begin_, " events)");
    if (asks_per_event(plan_.protocol) || is_of_papers(plan_.protocol)) return {};
    const auto times = dataset_.times().subspan(begin_, end_ - begin_);
    if (*std::min_element(times.begin(), times.end()) < plan_.cut)
      return fail(ErrorCode::kBadConfig, "protocol ", name,
                  ": some events to be judged lie before the cut, since the files of the split overlap in time; "
                  "expected per_event");
    return {};
  }

  // Events of the period before the block's moment are known to it, and all before the period.
  void add_block(std::span<const Asked> asked) {
    QueryBlock block{};
    block.now = start_of(asked.front().block);
    const auto times = dataset_.times().subspan(begin_, end_ - begin_);
    block.num_known_events = begin_;
    if (!is_of_papers(plan_.protocol))
      block.num_known_events += static_cast<std::size_t>(std::lower_bound(times.begin(), times.end(), block.now) - times.begin());
    block.queries_begin = static_cast<std::uint32_t>(plan_.queries.size());
    for (std::size_t first = 0; first < asked.size();) {
      std::size_t last = first + 1;
      if (!asks_per_event(plan_.protocol))
        while (last < asked.size() && asked[last].user == asked[first].user) ++last;
      add_query(block, asked.subspan(first, last - first));
      first = last;
    }
    block.queries_end = static_cast<std::uint32_t>(plan_.queries.size());
    if (block.queries_begin < block.queries_end) plan_.blocks.push_back(block);
  }

  // One query of one customer; its targets are the items of these events, unless they fall out.
  void add_query(const QueryBlock& block, std::span<const Asked> asked) {
    const std::size_t event = asked.front().event;
    PlannedQuery query{};
    query.user = asked.front().user;
    const bool per_event = asks_per_event(plan_.protocol);
    query.action = per_event ? dataset_.actions()[event] : first_target_action();
    query.weight = per_event ? dataset_.weights()[event] : 1;
    query.at = per_event ? dataset_.times()[event] : block.now;
    query.block = static_cast<std::uint32_t>(plan_.blocks.size());
    const auto history = history_before(histories_.of(query.user), query.at);

    std::vector<ItemIndex> targets;
    for (const Asked& each : asked) targets.push_back(dataset_.items()[each.event]);
    sort_distinct(targets);
    const std::size_t num_asked = targets.size();
    exclude(query, history);
    drop_targets(query, history, targets);
    plan_.dropped_targets += num_asked - targets.size();
    if (targets.empty()) return;
    query.targets_begin = static_cast<std::uint32_t>(plan_.targets.size());
    plan_.targets.insert(plan_.targets.end(), targets.begin(), targets.end());
    query.targets_end = static_cast<std::uint32_t>(plan_.targets.size());
    plan_.queries.push_back(query);
  }

  // What the customer had: products of target actions before the query. Queries of one customer and moment (a basket) share the list.
  void exclude(PlannedQuery& query, std::span<const HistoryItem> history) {
    if (plan_.repeats == Repeats::kKeep) return;
    if (query.user != excluded_user_ || query.at != excluded_at_ || !has_excluded_) {
      std::vector<ItemIndex> had;
      for (const HistoryItem& item : history)
        if (dataset_.is_target(item.action)) had.push_back(item.item);
      sort_distinct(had);
      excluded_begin_ = static_cast<std::uint32_t>(plan_.excluded.size());
      plan_.excluded.insert(plan_.excluded.end(), had.begin(), had.end());
      excluded_user_ = query.user;
      excluded_at_ = query.at;
      has_excluded_ = true;
    }
    query.excluded_begin = excluded_begin_;
    query.excluded_end = static_cast<std::uint32_t>(plan_.excluded.size());
  }

  void drop_targets(const PlannedQuery& query, std::span<const HistoryItem> history, std::vector<ItemIndex>& targets) const {
    const auto excluded = std::span(plan_.excluded).subspan(query.excluded_begin, query.excluded_end - query.excluded_begin);
    const bool is_trial = plan_.protocol == Protocol::kFrozenTrial;
    if (is_trial && history.empty()) targets.clear();  // unknown customers are not asked about
    std::erase_if(targets, [&](ItemIndex item) {
      return (is_trial && !sold_[to_size(item)]) || std::binary_search(excluded.begin(), excluded.end(), item);
    });
  }

  ActionIndex first_target_action() const {
    for (std::size_t action = 0; action < dataset_.action_names().size(); ++action)
      if (dataset_.is_target(ActionIndex(action))) return ActionIndex(action);
    GEMEL_CHECK(false, "events of a target action without a target action");
  }

  void count_customers() {
    std::vector<std::uint8_t> asked(dataset_.num_users(), 0), left(dataset_.num_users(), 0);
    for (const Asked& each : asked_) asked[to_size(each.user)] = 1;
    for (const PlannedQuery& query : plan_.queries) left[to_size(query.user)] = 1;
    for (std::size_t user = 0; user < asked.size(); ++user) plan_.customers_without_targets += asked[user] && !left[user] ? 1 : 0;
  }

  const Dataset& dataset_;
  const Histories& histories_;
  std::size_t begin_, end_;
  std::vector<std::uint8_t> sold_;  // [num_items], kFrozenTrial only
  std::vector<Asked> asked_;        // target events of the period, by block, then customer, then event
  UserIndex excluded_user_{};
  TimePoint excluded_at_{};
  std::uint32_t excluded_begin_ = 0;
  bool has_excluded_ = false;
  QueryPlan plan_{};
};

}  // namespace

std::string_view to_text(Protocol protocol) { return name_of(kProtocols, protocol); }
std::string_view to_text(Repeats repeats) { return name_of(kRepeats, repeats); }
Result<Protocol> parse_protocol(std::string_view text) { return value_of(kProtocols, "protocol", text); }
Result<Repeats> parse_repeats(std::string_view text) { return value_of(kRepeats, "repeats", text); }

Result<QueryPlan> make_query_plan(const Dataset& dataset, const Histories& all_events, Protocol protocol, Repeats repeats,
                                  std::size_t begin, std::size_t end, TimePoint from) {
  GEMEL_CHECK(begin <= end && end <= dataset.num_events());
  return Planner(dataset, all_events, protocol, repeats, begin, end, from).run();
}

Histories histories_for(const Dataset& dataset, Protocol protocol, std::size_t begin, std::size_t end) {
  return Histories(dataset, is_of_papers(protocol) ? begin : end);
}

std::vector<std::uint8_t> eligible_items(const Dataset& dataset, Protocol protocol, std::size_t num_known_events) {
  GEMEL_CHECK(num_known_events <= dataset.num_events());
  std::vector<std::uint8_t> eligible = sold_items(dataset, num_known_events);
  if (protocol != Protocol::kFrozenTrial)
    std::fill(eligible.begin(), eligible.begin() + static_cast<std::ptrdiff_t>(dataset.num_catalogue_items()), std::uint8_t{1});
  return eligible;
}

}  // namespace gemel
