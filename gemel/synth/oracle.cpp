#include "gemel/synth/oracle.h"

#include <algorithm>
#include <cmath>

#include "gemel/numerics/top_k.h"
#include "gemel/synth/year.h"

namespace gemel::synth {
namespace {

constexpr std::size_t kQueriesABlock = 16;

// Somebody of whom nothing is known: no taste, average habits.
Customer stranger() {
  Customer customer{};
  customer.loyalty = 1;
  customer.price_sensitivity = .4;
  return customer;
}

}  // namespace

double horizon_days(Protocol protocol, const Split& split) {
  switch (protocol) {
    case Protocol::kRollingWeek: return 7;
    case Protocol::kPerEvent: return 0;
    case Protocol::kFrozen:
    case Protocol::kFrozenTrial:
    case Protocol::kLeaveLastOut:
    case Protocol::kLightgcnSplit:
    case Protocol::kRandom8020: break;
  }
  return std::chrono::duration<double, std::ratio<86400>>(split.until - split.test_from).count();
}

struct Oracle::Scratch {
  explicit Scratch(const World& world) : chooser(world), weights(world.num_products()) {}
  Chooser chooser;
  PersonalState state;
  std::vector<double> fits, weights;  // [num_products]
  std::vector<float> scores;          // [num_items]
  std::vector<std::uint32_t> excluded;
};

Result<Oracle> Oracle::open(const std::filesystem::path& folder, const Dataset& dataset, double horizon_days, ThreadPool& pool) {
  GEMEL_ASSIGN_OR_RETURN(World world, World::open(folder, pool));
  Oracle oracle(std::move(world), horizon_days);
  GEMEL_RETURN_IF_ERROR(oracle.match(folder, dataset));
  return oracle;
}

Result<void> Oracle::match(const std::filesystem::path& folder, const Dataset& dataset) {
  const auto stranger_found = [&](std::string_view what, std::string_view id) {
    return fail(ErrorCode::kBadInput, dataset.directory().string(), ": ", what, " '", id, "' is not of the synthetic shop in ",
                folder.string());
  };
  const auto& products = world_.catalogue().products;
  const EntityTable &items = dataset.item_table(), &users = dataset.user_table();
  const FeatureColumn* names = items.feature("name");  // tells a shop from one of another seed
  for (std::size_t item = 0; item < items.size(); ++item) {
    const auto product = parse_product_id(items.ids[item]);
    const bool is_known = product && *product < products.size();
    if (!is_known || (names != nullptr && names->texts[item] != products[*product].name)) return stranger_found("product", items.ids[item]);
    product_of_item_.push_back(static_cast<std::uint32_t>(*product));
  }
  for (std::size_t user = 0; user < users.size(); ++user) {
    const auto number = parse_customer_id(users.ids[user]);
    if (!number || *number >= world_.num_customers()) return stranger_found("customer", users.ids[user]);
    number_of_user_.push_back(static_cast<std::uint32_t>(*number));
  }
  for (const std::string& name : dataset.action_names()) {
    const auto action = std::ranges::find(kActionNames, name);
    if (action == std::end(kActionNames)) return stranger_found("action", name);
    action_of_.push_back(static_cast<Action>(action - std::begin(kActionNames)));
  }
  return {};
}

std::string Oracle::knobs() const {
  return concat("horizon_days = ", horizon_days_, ", scale = ", world_.options().scale, ", seed = ", world_.options().seed);
}

Result<void> Oracle::fit(const TrainView&, const FitContext&) { return {}; }
void Oracle::advance(const Dataset&, std::size_t, TimePoint) {}

Result<void> Oracle::save(const std::filesystem::path&) const {
  return fail(ErrorCode::kBadConfig, "the oracle of a synthetic shop is no model that could be served");
}
Result<void> Oracle::load(const std::filesystem::path& directory) { return save(directory); }

std::optional<ItemIndex> Oracle::decided(const Query& query) const {
  const Action action = action_of_[to_size(query.action)];
  if (horizon_days_ > 0 || action == Action::kView || query.history.empty()) return std::nullopt;
  const HistoryItem& last = query.history.back();
  const Action before = action == Action::kPurchase ? Action::kCart : Action::kView;
  const bool is_just_before = query.at - last.at <= std::chrono::seconds(kFunnelSeconds);
  if (!is_just_before || action_of_[to_size(last.action)] != before) return std::nullopt;
  return last.item;
}

void Oracle::add_moments(const Query& query, const Customer& customer, Scratch& scratch) const {
  const Action action = action_of_[to_size(query.action)];
  const Second begin = second_of(query.at), end = static_cast<Second>(kNumDays) * kSecondsADay;
  const int moments = std::clamp(static_cast<int>(std::ceil(horizon_days_)), 1, kMaxMoments);
  for (int moment = 0; moment < moments; ++moment) {
    const double days_ahead = horizon_days_ == 0 ? 0 : (moment + .5) * horizon_days_ / moments;
    const Second at = std::clamp<Second>(begin + static_cast<Second>(days_ahead * kSecondsADay), 0, end - 1);
    const double visits = horizon_days_ == 0 ? 1 : world_.calendar().visits(day_of_second(at));
    scratch.chooser.add_weights(customer, scratch.state, scratch.fits, at, action, visits, scratch.weights);
  }
}

void Oracle::score(const Query& query, Scratch& scratch) const {
  const Customer customer = query.user ? world_.customer(number_of_user_[to_size(*query.user)]) : stranger();
  scratch.state.clear();
  for (const HistoryItem& past : query.history)
    scratch.state.add(product_of_item_[to_size(past.item)], action_of_[to_size(past.action)], second_of(past.at));
  scratch.chooser.fit(customer.taste, scratch.fits);
  std::ranges::fill(scratch.weights, 0.);
  add_moments(query, customer, scratch);
  scratch.scores.resize(product_of_item_.size());
  for (std::size_t item = 0; item < scratch.scores.size(); ++item)
    scratch.scores[item] = static_cast<float>(scratch.weights[product_of_item_[item]]);
  if (const auto item = decided(query)) scratch.scores[to_size(*item)] = std::numeric_limits<float>::max();
}

void Oracle::recommend(std::span<const Query> queries, std::size_t k, std::span<const std::uint8_t> eligible, ThreadPool& pool,
                       std::vector<std::vector<ScoredItem>>& out) const {
  out.resize(queries.size());
  pool.for_blocks(queries.size(), kQueriesABlock, [&](std::size_t begin, std::size_t end) {
    Scratch scratch(world_);
    for (std::size_t q = begin; q < end; ++q) {
      score(queries[q], scratch);
      scratch.excluded.clear();
      for (const ItemIndex item : queries[q].excluded) scratch.excluded.push_back(static_cast<std::uint32_t>(item));
      out[q].clear();
      for (const ScoredIndex& best : top_k(scratch.scores, k, eligible, scratch.excluded))
        out[q].push_back({ItemIndex{best.index}, best.score});
    }
  });
}

}  // namespace gemel::synth
