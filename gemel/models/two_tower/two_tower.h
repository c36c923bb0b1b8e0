// The two-tower model: a query tower and a candidate tower trained with a softmax over candidates (Covington et al. 2016, section 3; Yi et
// al. 2019), beside an additive prior of recent popularity. What is served is
//
//   gate * scale * <query_embedding, candidate_embedding> + item_bias + personal_bias
//   item_bias     = sum of popularity_weight * counter: log shares of the product's decayed counts, and the bias that training learnt of
//   them personal_bias = sum of personal_weight * log(1 + 10 * the customer's own decayed count), 0 for what they never had
//
// so that retrieval stays a search over candidate embeddings with one bias a product, the same for all queries of a day; what the customer
// had is scored apart and merged in.
// Thread safety: as Recommender says.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gemel/index/candidate_index.h"
#include "gemel/models/recommender.h"
#include "gemel/models/tuning_space.h"
#include "gemel/models/two_tower/calibration.h"
#include "gemel/models/two_tower/checkpoint.h"
#include "gemel/models/two_tower/counters.h"
#include "gemel/models/two_tower/encoders.h"
#include "gemel/models/two_tower/network.h"
#include "gemel/models/two_tower/trainer.h"
#include "gemel/numerics/top_k.h"

namespace gemel {

class TwoTower final : public Recommender {
 public:
  static Result<std::unique_ptr<Recommender>> make(ConfigTable table);
  static std::vector<std::string> search_space() { return {}; }  // the fit chooses epochs, weights and gates itself
  static TuningSpace tuning_space();

  explicit TwoTower(TwoTowerConfig config) : config_(std::move(config)) {}

  std::string_view name() const override { return "two_tower"; }
  std::string knobs() const override;  // what differs from the defaults; after a fit with validation: epochs, weights and gates as chosen
  Result<void> fit(const TrainView& view, const FitContext& context) override;
  // One pass over the last `refit_days` of the view, from the parameters as they are. Ids new in it get rows; knobs, calibration and what
  // features mean stay. A pass that diverges changes nothing and warns.
  Result<void> refit(const TrainView& view, const FitContext& context) override;
  std::vector<std::string> warnings() const override { return warnings_; }
  void advance(const Dataset& dataset, std::size_t num_events, TimePoint now) override;
  void recommend(std::span<const Query> queries, std::size_t k, std::span<const std::uint8_t> eligible, ThreadPool& pool,
                 std::vector<std::vector<ScoredItem>>& out) const override;
  ConstMatrixView item_embeddings() const override { return candidate_directions_; }
  std::optional<IndexReport> index_report() const override { return index_.report(); }
  Result<Explanations> explain(const Query& query, std::span<const ItemIndex> items, std::span<const std::uint8_t> eligible,
                               ThreadPool& pool) const override;
  Result<void> save(const std::filesystem::path& directory) const override;
  Result<void> load(const std::filesystem::path& directory) override;

 private:
  Result<void> train(Trainer& trainer, const TrainView& view, const FitContext& context);
  Result<void> learn_on(Trainer& trainer, const FitContext& context);
  Result<void> resume(Trainer& trainer, TrainingRun& run, const FitContext& context);
  void checkpoint(Trainer& trainer, const TrainingRun& run, const FitContext& context) const;
  void finish(const FitContext& context, BestEpoch best);
  Result<double> judge(const TrainView& view, const FitContext& context);
  void embed_all_candidates(ThreadPool& pool);
  void keep_directions(ThreadPool& pool);  // whenever the embeddings are new
  Result<void> choose_index(const TrainView& view, const FitContext& context);
  void stand_at(const TrainView& view);  // counters and bias as of the end of the view
  Counters new_counters(TrendFeatures trend) const;  // nothing counted yet
  bool chooses_calibration() const;
  Calibration current_calibration() const;
  Calibration calibration_in_use() const { return {weights_, gates_, personal_weights_}; }
  void use(const Calibration& calibration);
  Calibration calibrate_on(const TrainView& view, const Validation& validation, ThreadPool& pool) const;
  std::vector<PersonalCounts::Of> count_personal(std::span<const Query> queries, ThreadPool& pool) const;
  void add_personal(const PersonalCounts::Of& personal, const Query& query, std::span<const float> embedding,
                    std::span<const std::uint8_t> eligible, std::size_t k, std::vector<ScoredIndex>& found) const;
  Matrix embed(std::span<const Query> queries, ThreadPool& pool) const;
  struct Asked;
  Asked ask(std::span<const Query> queries, ThreadPool& pool) const;
  void set_bias();  // whenever counters, weights or the index are new
  Matrix embed_without_each(const Query& query, std::vector<HistoryEffect>& products, ThreadPool& pool) const;
  std::vector<double> personal_biases(const PersonalCounts::Of& personal) const;
  std::vector<FeatureEffect> feature_effects(ItemIndex item, std::span<const float> query_embedding, double factor, ThreadPool& pool) const;
  Result<void> load_index(const std::filesystem::path& path);
  Result<void> load_candidate_features(const std::filesystem::path& directory, TableFeatures features);
  Result<void> load_counters(const std::filesystem::path& path);

  TwoTowerConfig config_;
  CandidateEncoder candidate_encoder_;  // for fitting and explaining; empty in a model loaded from a bundle without it
  QueryEncoder query_encoder_;
  NetworkSpec spec_;
  Network network_;
  Matrix candidate_embeddings_;  // [num_items, output_dim]
  CandidateIndex index_;  // over them
  Matrix candidate_directions_;  // the same, rows of length 1
  std::vector<double> weights_, gates_, personal_weights_;  // in use: calibrated, given, or as trained
  std::vector<std::string> warnings_;
  Counters counters_;
  std::vector<float> item_bias_;  // [num_items]; empty without a prior
  std::vector<float> arranged_bias_;  // what the index wants to know of it
};

}  // namespace gemel
