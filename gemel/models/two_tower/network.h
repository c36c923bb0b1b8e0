// The two towers, their embedding tables, the temperature and the weights of the popularity prior: all that training changes. A logit is
//
//   <query_embedding, candidate_embedding> / temperature + sum over half-lives h of prior_weight[h] * log_share[h](day of the query,
//   candidate) + trend_head(what recent sales say of the candidate on that day)
//
// Shapes: query_embeddings [batch, output_dim], candidate_embeddings [candidates, output_dim].
// Thread safety: one caller; embed_* are const and may be called by several with an Activations each.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gemel/models/two_tower/history_encoder.h"
#include "gemel/models/two_tower/tower.h"
#include "gemel/models/two_tower/trend_head.h"
#include "gemel/nn/negative_sampling.h"
#include "gemel/nn/optimizer.h"
#include "gemel/nn/softmax_loss.h"
#include "gemel/numerics/safetensors.h"

namespace gemel {

struct NetworkSpec {
  std::vector<TableSpec> tables;
  std::vector<std::size_t> query_tables, candidate_tables;  // which table each bag of a tower reads
  std::vector<std::size_t> token_tables;                    // and each part of a token of the history; empty without attention
  std::size_t num_query_numbers = 0, num_candidate_numbers = 0;
  std::size_t num_personal_values = 0;  // PersonalCounts::num_values
  std::size_t num_trend_inputs = 0;     // TrendFeatures::num_inputs
};

// A batch as the network sees it: rows in time order, candidates distinct.
struct TrainingBatch {
  TowerInput queries, candidates;
  CandidateSet candidate_set;             // positives and biases; items are for the encoder
  std::vector<float> row_weight;          // [batch]
  std::vector<float> rating;              // [batch], weights of the events; read by the rating loss
  std::vector<std::uint32_t> group;       // [batch], ascending: which of the batch's days; empty without a prior
  std::vector<Matrix> log_shares;         // [half-lives] of [days, candidates]
  Matrix trend_inputs;                    // [days x candidates, num_trend_inputs], by day; empty without a trend head
  std::vector<std::uint32_t> personal_offsets, personal_columns;  // CSR: which candidates the row's customer had; empty without
  Matrix personal_values;                                         // [personal_columns, personal values]
  std::vector<std::uint32_t> masked_offsets, masked_columns;  // CSR; empty: nothing masked
};

class Network {
 public:
  Network() = default;
  Network(const TwoTowerConfig& config, const NetworkSpec& spec, std::uint64_t seed);
  // With the parameters of a saved one. Its embedding tables, all but a few of the bytes, are read where they lie in the file until they
  // are to change. Error kCorrupt: a parameter is missing or has another shape.
  static Result<Network> load(const TwoTowerConfig& config, const NetworkSpec& spec, std::shared_ptr<const SafetensorsFile> file);

  // For tables that have more rows in `spec` than here: the new ones begin as the row of unseen values, which id dropout taught to speak
  // for what the network does not know. Nothing else may differ. The optimiser's state is forgotten, as a bundle forgets it.
  void grow(const NetworkSpec& spec, std::uint64_t dropout_seed);

  struct Gradients {
    Tower::Gradients query, candidate;
    HistoryEncoder::Gradients history;
    TrendHead::Gradients trend;
    std::vector<RowGradients> tables;
    Matrix log_scale;      // [1, 1]
    Matrix prior_weights;     // [1, half-lives]
    Matrix personal_weights;  // [1, personal values]
  };

  // Loss of the batch and its gradients, divided by the total row weight. step seeds dropout.
  SoftmaxResult compute_gradients(const TrainingBatch& batch, std::uint64_t step, Gradients& gradients, ThreadPool& pool);
  void apply(const Gradients& gradients, const Optimizer& optimizer, ThreadPool& pool);

  void embed_queries(const TowerInput& input, Tower::Activations& activations, ThreadPool& pool) const;
  void embed_candidates(const TowerInput& input, Tower::Activations& activations, ThreadPool& pool) const;

  // The bias that training learnt, of products on one day: log_shares [half-lives, items], trend_inputs [items, num_trend_inputs].
  void learned_bias(ConstMatrixView log_shares, ConstMatrixView trend_inputs, std::span<float> bias, ThreadPool& pool) const;

  const Tower& query_tower() const { return query_tower_; }
  const Tower& candidate_tower() const { return candidate_tower_; }
  float scale() const;                        // 1 / temperature
  std::span<const float> prior_weights() const { return prior_weights_.value.row(0); }
  std::span<const float> personal_weights() const { return personal_weights_.value.row(0); }
  bool is_finite() const;

  // Every parameter under its name, in a fixed order: for saving, loading, checking.
  std::vector<Parameter*> parameters();
  std::vector<const Parameter*> parameters() const;  // of a network that has its own tables
  std::vector<std::pair<std::string, ConstMatrixView>> values() const;  // of the same, wherever the tables are

 private:
  Network(const TwoTowerConfig& config, const NetworkSpec& spec, std::uint64_t seed, Rng rng, bool with_values);
  std::vector<ConstMatrixView> tables() const;
  void own_tables();  // copies what still lies in the file; whatever changes parameters does so first
  std::vector<Parameter*> list_parameters();
  Tower::Dropout dropout_of(std::uint64_t step) const { return {dropout_rate_, seed_, step}; }
  Tower::Dropout attention_dropout_of(std::uint64_t step) const { return {attention_dropout_rate_, seed_, step}; }
  void gather_table_gradients(const TrainingBatch& batch, Gradients& gradients, ThreadPool& pool) const;

  std::vector<Parameter> tables_;  // without values while file_ has them
  std::shared_ptr<const SafetensorsFile> file_;
  std::vector<ConstMatrixView> tables_in_file_;
  Tower query_tower_, candidate_tower_;
  HistoryEncoder history_encoder_;
  TrendHead trend_head_;
  Parameter log_scale_, prior_weights_, personal_weights_;
  bool normalize_ = false, train_scale_ = false;
  bool rating_ = false;
  float dropout_rate_ = 0, attention_dropout_rate_ = 0;
  std::uint64_t seed_ = 0;

  // Scratch of compute_gradients.
  Tower::Activations query_activations_, candidate_activations_;
  HistoryEncoder::Activations history_activations_;
  TrendHead::Activations trend_activations_;
  SoftmaxScratch softmax_scratch_;
  Matrix d_query_, d_candidate_, group_bias_, d_group_bias_;
  std::vector<float> row_bias_, d_row_bias_;
};

}  // namespace gemel
