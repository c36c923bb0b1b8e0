// A blend of other models, its parts, each fitted as if it stood alone: every part names its `depth` best products, and the blend ranks
// those by a weighted sum of what the parts say of them (fused_candidates.h). Past them the first part goes on alone, scores below zero.
// On validation it chooses what was not given: the parts' knobs, the method and the weights, these by a search along one weight after the
// other for the highest NDCG@20. Without validation: the parts' defaults, reciprocal ranks, equal weights.
// Thread safety: as Recommender. Cost of fit and of a query: those of the parts.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "gemel/base/config.h"
#include "gemel/models/blend/fused_candidates.h"
#include "gemel/models/recommender.h"

namespace gemel {

class Blend : public Recommender {
 public:
  struct Knobs {
    std::vector<std::string> parts = {"popularity", "item_knn"};
    std::map<std::string, std::string> part_knobs = {};  // TOML of some parts; others': [models.<part>] of shop.toml, or chosen
    std::optional<FusionMethod> method = {};             // empty: chosen
    std::vector<double> weights = {};                    // [parts]; empty: learned
    std::size_t depth = 100;
  };

  explicit Blend(Knobs knobs) : knobs_(std::move(knobs)) {}
  static Result<std::unique_ptr<Recommender>> make(ConfigTable table);
  static std::vector<std::string> search_space() { return {}; }  // fit itself chooses

  std::string_view name() const override { return "blend"; }
  std::string knobs() const override;
  Result<void> fit(const TrainView& view, const FitContext& context) override;
  Result<void> refit(const TrainView& view, const FitContext& context) override;  // of each part; method and weights stay
  std::vector<std::string> warnings() const override;
  void advance(const Dataset& dataset, std::size_t num_events, TimePoint now) override;
  void recommend(std::span<const Query> queries, std::size_t k, std::span<const std::uint8_t> eligible, ThreadPool& pool,
                 std::vector<std::vector<ScoredItem>>& out) const override;
  std::optional<IndexReport> index_report() const override;  // the least exact of the parts
  ConstMatrixView item_embeddings() const override;  // of the first part that has any
  // Each part's weighted say; nothing of products that no part names for this query.
  Result<Explanations> explain(const Query& query, std::span<const ItemIndex> items, std::span<const std::uint8_t> eligible,
                               ThreadPool& pool) const override;
  Result<void> save(const std::filesystem::path& directory) const override;  // a folder for each part
  Result<void> load(const std::filesystem::path& directory) override;

 private:
  Result<void> fit_part(const std::string& part, const TrainView& view, const FitContext& context);
  Result<void> choose_fusion(const TrainView& view, const FitContext& context);
  void use_defaults();

  Knobs knobs_;
  std::vector<std::unique_ptr<Recommender>> parts_;
};

}  // namespace gemel
