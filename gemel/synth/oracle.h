// The best possible recommendation in a synthetic shop, as a Recommender that goes through the same evaluation as every model. It knows
// what no model can: the taste and habits of each customer, and the demand of every day. It sees the query's history like everybody else,
// and ranks by the expected number of the query's actions (purchases) of each product within the horizon:
//
//   horizon 0       the next action at the query's moment, by the probabilities of world.h. When the history ends with the cart (or the
//   view)
//                   of a product within the two minutes before, that product comes first: its purchase (or cart) is what is asked about;
//   horizon n days  the mean over the noons of n days (at most kMaxMoments of them, evenly spaced), each weighted by its number of visits.
//                   What the customer does within the horizon itself is not foreseen. Days after the year count as its last.
//
// A customer whom the world does not know is served by demand alone. Thread safety: const after open; no state to advance.
#pragma once

#include <filesystem>

#include "gemel/models/recommender.h"
#include "gemel/synth/choice.h"

namespace gemel::synth {

// Days that queries of a protocol look ahead: a week, the next action, or all that lies after the cut.
double horizon_days(Protocol protocol, const Split& split);

class Oracle : public Recommender {
 public:
  static constexpr int kMaxMoments = 14;

  // `folder` is the shop that the Dataset was made from. Errors: those of World::open; kBadInput: the Dataset has other products, customers
  // or actions than that shop.
  static Result<Oracle> open(const std::filesystem::path& folder, const Dataset& dataset, double horizon_days, ThreadPool& pool);

  std::string_view name() const override { return "oracle"; }
  std::string knobs() const override;
  Result<void> fit(const TrainView& view, const FitContext& context) override;  // knows everything already
  void advance(const Dataset& dataset, std::size_t num_events, TimePoint now) override;
  void recommend(std::span<const Query> queries, std::size_t k, std::span<const std::uint8_t> eligible, ThreadPool& pool,
                 std::vector<std::vector<ScoredItem>>& out) const override;
  Result<void> save(const std::filesystem::path& directory) const override;  // kBadConfig: it is nothing that could be served
  Result<void> load(const std::filesystem::path& directory) override;  // likewise

 private:
  Oracle(World world, double horizon_days) : world_(std::move(world)), horizon_days_(horizon_days) {}
  Result<void> match(const std::filesystem::path& folder, const Dataset& dataset);

  struct Scratch;
  void score(const Query& query, Scratch& scratch) const;
  // The product whose cart or view was just before, if that decides the query.
  std::optional<ItemIndex> decided(const Query& query) const;
  void add_moments(const Query& query, const Customer& customer, Scratch& scratch) const;

  World world_;
  double horizon_days_;
  std::vector<std::uint32_t> product_of_item_;  // [num_items]
  std::vector<std::uint32_t> number_of_user_;  // [num_users]
  std::vector<Action> action_of_;  // [actions of the Dataset]
};

}  // namespace gemel::synth
