// The knobs of the two-tower model: the table [models.two_tower] of shop.toml. docs/formats/two_tower.md lists them.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "gemel/base/config.h"
#include "gemel/data/decayed_counts.h"
#include "gemel/index/index_report.h"
#include "gemel/nn/dense.h"
#include "gemel/nn/negative_sampling.h"
#include "gemel/nn/optimizer.h"

namespace gemel {

struct LayerConfig {
  std::size_t units;
  Activation activation;
};

struct HistoryConfig {
  std::size_t length = 30;                   // last N events before the query; 0: no history
  std::vector<std::string> pool{"recency"};  // any of "mean", "recency", "attention"
  double half_life_days = 60;                // recency weight 2^(-age / half_life) + floor, normalised over the history
  double half_life_events = kNoDecay;        // the first term times 2^(-events since / half_life_events)
  double floor = 0.05;
  bool shared_table = false;                 // use the candidate tower's table of product ids, not one of its own
  std::size_t attention_blocks = 1, attention_heads = 1;  // history_encoder.h
  double attention_dropout = 0.2;

  bool has_pool(std::string_view name) const { return std::ranges::find(pool, name) != pool.end(); }
};

// A bias for each product and day from what recent sales say (features/trend_features.h, trend_head.h).
struct TrendConfig {
  std::size_t units = 0;            // of the hidden layer; 0: none
  std::vector<std::string> groups;  // item features of which a product's share of sales counts too, such as the brand
};

struct TwoTowerConfig {
  std::size_t embedding_dim = 64;  // of every embedding table
  std::vector<LayerConfig> query_layers, candidate_layers;  // the last one is the output; both end at the same width

  bool item_id = true;
  std::vector<std::string> item_features;  // empty: all that shop.toml declares; {"none"}: none
  std::vector<std::string> one_hot;        // of the categories and tags among these: plain 0 and 1 into the first layer, no embedding
  bool user_id = false;                    // history before identity: with few events a customer, an id only overfits
  std::vector<std::string> user_features;  // as item_features
  bool action = false, weight = false;
  std::vector<std::string> time{"year_cycle", "week_cycle"};
  HistoryConfig history;
  std::vector<double> popularity_half_life_days{2, 7, 30};  // the additive prior; empty: none
  double popularity_start = 0.3;                            // initial weight of each

  std::size_t counter_interval_days = 0;  // counters in training: as of the event's day, or of the start of the so many days it lies in
  TrendConfig trend;

  std::vector<double> personal_half_life_days{kNoDecay};  // the customer's own counts (features/personal_counts.h); empty: none
  double personal_start = 0.3;                  // initial weight of each

  bool normalize = true;       // L2-normalised embeddings, logits divided by the temperature
  double temperature = 0.07;   // where it starts, or stays
  bool train_temperature = true;
  bool query_gate = false;     // the query tower decides how much the towers count beside popularity

  NegativeKind loss = NegativeKind::kFull;
  bool rating = false;             // loss = "rating": squared error of the logit against the event's weight; the loss above is in_batch
  std::size_t num_uniform = 3000;  // mixed: uniformly drawn candidates a batch
  bool logq_correction = true, mask_accidental_hits = true;
  bool streaming_frequency = false;     // what logq_correction divides by: chances estimated from the batches, not counts of the period
  StreamingFrequencyOptions frequency;  // the estimator's

  double dropout = 0.4;     // on the inputs of both towers
  double id_dropout = 0.1;  // share of product ids replaced by the unseen one, so that its row learns to speak for new products
  OptimizerConfig optimizer;
  double average_decay = 0;  // of the weights over the steps, weight_average.h; 0: the last ones are served
  std::size_t batch_size = 2048;
  std::size_t block_size =
      32;   // examples of neighbouring times that stay together in a batch, at most batch_size: keeps the prior's days few
  std::size_t epochs = 8;        // at most; validation chooses
  std::size_t patience = 2;      // epochs without a better validation figure before the fit stops
  double example_half_life_days = 180;  // example weight floor + 2^(-age / half_life); 0: all alike
  double example_weight_floor = 0.1;
  bool first_only = false;       // learn from first purchases alone
  double refit_days = 28;        // what a refit goes over once: the last days of its view

  // How towers and counters are put together for serving; fitted on the validation period when not given (calibration.h).
  bool calibrate = true;
  std::vector<double> personal_weights;    // [counted actions x half-lives]
  std::vector<double> popularity_weights;  // [num_counters()]
  std::vector<double> tower_gates;         // [kNumGates], by length of the history

  IndexConfig index;  // of the products, for serving and evaluation

  // Errors are kept in the table's file: see ConfigTable.
  static Result<TwoTowerConfig> read(ConfigTable table);
  // What calibration weighs: a counter for each half-life; with a trend head the bias it makes, and 1 for products that training did not
  // see.
  std::size_t num_counters() const { return popularity_half_life_days.size() + (trend.units > 0 ? 2 : 0); }
  std::size_t learned_bias() const { return popularity_half_life_days.size(); }  // which of them
  std::string to_toml() const;  // one key a line; read(to_toml()) gives the same
};

}  // namespace gemel
