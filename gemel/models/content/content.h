// Content-based filtering: products that resemble what the customer took, by their features in the catalogue alone (Lops, de Gemmis,
// Semeraro, Recommender Systems Handbook 2011, section 3.3.1). It needs no other customer, and knows a product that nobody has bought yet.
//   profile(query) = sum over the last `history_length` events of the query's history of
//                    weight of the action * weight of the event * fade (history_knobs.h) * row of the product (item_terms.h)
//   score(j) = cosine of profile and row of j
// then mixed with what sells: PopularityOrder::rank. What the customer had is a candidate like any other, and resembles itself most.
// Thread safety: as Recommender. Cost of a query: for each term of the profile, the products that have it (an inverted index).
#pragma once

#include "gemel/models/content/item_terms.h"
#include "gemel/models/history_knobs.h"
#include "gemel/models/popularity/popularity_order.h"
#include "gemel/models/tuning_space.h"

namespace gemel {

class Content : public Recommender {
 public:
  struct Knobs {
    std::map<std::string, double> field_weights = {};  // by feature; 1 where absent
    int number_buckets = 10;
    HistoryKnobs history = {};
    PopularityKnobs popularity = {};
  };

  explicit Content(Knobs knobs);
  static Result<std::unique_ptr<Recommender>> make(ConfigTable table);
  static std::vector<std::string> search_space();
  static TuningSpace tuning_space();

  std::string_view name() const override { return "content"; }
  std::string knobs() const override;
  Result<void> fit(const TrainView& view, const FitContext& context) override;
  bool take_fit(const Recommender& fitted, const TrainView& view) override;
  std::vector<std::string> warnings() const override;
  void advance(const Dataset& dataset, std::size_t num_events, TimePoint now) override;
  void recommend(std::span<const Query> queries, std::size_t k, std::span<const std::uint8_t> eligible, ThreadPool& pool,
                 std::vector<std::vector<ScoredItem>>& out) const override;
  // By term: what the score would lose without the terms that both share; by past product: its share of the profile. Both add up to the
  // cosine.
  Result<Explanations> explain(const Query& query, std::span<const ItemIndex> items, std::span<const std::uint8_t> eligible,
                               ThreadPool& pool) const override;
  Result<void> save(const std::filesystem::path& directory) const override;
  Result<void> load(const std::filesystem::path& directory) override;

 private:
  double strength(const Query& query, std::size_t n) const;  // of the n-th recent event
  void build_profile(const Query& query, TouchedScores& profile) const;  // of length 1, or empty
  void add_cosines(const TouchedScores& profile, TouchedScores& scores) const;

  Knobs knobs_;
  PopularityOrder popularity_;
  std::vector<double> action_weights_;
  ItemTerms terms_;
};

}  // namespace gemel
