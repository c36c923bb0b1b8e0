// From queries and products to what the towers read. Everything is fitted on the training period: a product or customer without an
// event in it has the unseen row of its id table, its features still speak for it.
// Bags, in order. Candidate tower: item id, item features. Query tower: user id, user features, action, time parts, history pools
// (the attention pool reads tokens, no bag).
// Thread safety: const after fit.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "gemel/features/personal_counts.h"
#include "gemel/features/table_features.h"
#include "gemel/features/time_parts.h"
#include "gemel/features/trend_features.h"
#include "gemel/models/recommender.h"
#include "gemel/models/two_tower/config.h"
#include "gemel/models/two_tower/network.h"
#include "gemel/numerics/safetensors.h"

namespace gemel {

// Ids that the training period saw get a row each, in index order; the others share Vocabulary::kUnseen.
class IdRows {
 public:
  IdRows() = default;
  IdRows(std::span<const std::uint8_t> seen);
  explicit IdRows(std::vector<std::uint32_t> rows);
  // Those of `seen` without a row get the next ones; the others keep theirs.
  void extend(std::span<const std::uint8_t> seen);
  std::uint32_t row(std::size_t index) const { return index < rows_.size() ? rows_[index] : Vocabulary::kUnseen; }
  bool knows(std::size_t index) const { return row(index) != Vocabulary::kUnseen; }
  std::uint32_t num_rows() const { return num_rows_; }
  std::span<const std::uint32_t> rows() const { return rows_; }

 private:
  std::vector<std::uint32_t> rows_;
  std::uint32_t num_rows_ = Vocabulary::kFirstValue;
};

// Chance that a product's id is replaced by the unseen row in this step, drawn from (seed, step, product).
struct IdDropout {
  double rate = 0;
  std::uint64_t seed = 0, step = 0;

  bool drops(std::uint32_t item) const {
    const auto limit = static_cast<std::uint64_t>(rate * 0x1p64 * 0.9999999);
    return rate > 0 && splitmix64(splitmix64(seed ^ step) ^ item) < limit;
  }
};

class CandidateEncoder {
 public:
  CandidateEncoder() = default;
  static Result<CandidateEncoder> fit(const TwoTowerConfig& config, const TrainView& view);
  void extend(const TrainView& view);  // ids that are new in it get rows of their own; what features mean stays as fitted

  std::vector<TableSpec> tables() const;  // one a bag
  std::size_t num_numbers() const;
  void encode(std::span<const std::uint32_t> items, const IdDropout& dropout, TowerInput& out) const;
  const IdRows& ids() const { return ids_; }
  const TableFeatures& features() const { return features_; }
  // 1 for each product whose id the network does not know, by nature or dropped. -> [items]
  std::vector<std::uint8_t> without_id(std::span<const std::uint32_t> items, const IdDropout& dropout) const;
  // Products that share their values of a feature. Error kBadConfig: no categories or tags of that name.
  Result<TrendGroup> group_by(std::string_view feature) const;

  // Product `item` in row 0, then as if the shop did not know one thing of it: its id (where there are ids), then each of features().
  void encode_without_each(std::uint32_t item, TowerInput& out) const;

  // The encoded features of every product, for explanations without the Dataset (candidate_files.cpp). Errors: kIo; kCorrupt, kNotFound.
  Result<void> save(const std::filesystem::path& path) const;
  static Result<CandidateEncoder> load(const TwoTowerConfig& config, TableFeatures features, const NetworkSpec& spec, std::size_t num_items,
                                       const std::filesystem::path& path);

 private:
  Result<void> find_one_hot(const std::vector<std::string>& names);
  void encode_as_bags(std::span<const std::uint32_t> items, const IdDropout& dropout, TowerInput& out) const;
  void spread_one_hot(TowerInput& out) const;

  bool use_id_ = true;
  IdRows ids_;
  std::vector<std::size_t> one_hot_;  // of table_.bags, ascending: columns of numbers to the tower, after the plain ones
  TableFeatures features_;
  EncodedTable table_;  // [num_items]
};

class QueryEncoder {
 public:
  QueryEncoder() = default;
  static Result<QueryEncoder> fit(const TwoTowerConfig& config, const TrainView& view, const IdRows& item_ids);
  void extend(const TrainView& view, const IdRows& item_ids);  // as CandidateEncoder::extend

  // One a bag. A history that shares the candidate tower's table says so by the name "item_id".
  std::vector<TableSpec> tables() const;
  std::vector<TableSpec> token_tables() const;  // what a token of the attention pool is the sum of; empty without it
  std::size_t num_numbers() const;
  void encode(std::span<const Query> queries, TowerInput& out) const;
  const TableFeatures& features() const { return features_; }
  const IdRows& item_ids() const { return item_ids_; }
  const PersonalCounts& personal_counts() const { return personal_counts_; }

  // Everything encode and personal_counts need, without the Dataset. Error: kIo.
  Result<void> save(const std::filesystem::path& path) const;
  static Result<QueryEncoder> load(const TwoTowerConfig& config, TableFeatures features, const SafetensorsFile& file);

 private:
  void encode_user(const Query& query, std::vector<Bags>& bags, std::size_t& bag, float*& numbers) const;
  void encode_history(std::span<const HistoryItem> history, TimePoint at, bool by_recency, Bags& out) const;
  void encode_tokens(std::span<const HistoryItem> history, TimePoint at, TowerInput& out) const;
  TableSpec history_table() const;
  Result<void> make_time_parts();

  TwoTowerConfig config_;
  IdRows user_ids_, item_ids_;
  std::size_t num_actions_ = 1;
  TableFeatures features_;
  EncodedTable users_;  // [num_users]
  TimePoint first_{}, last_{};
  TimeParts time_;
  PersonalCounts personal_counts_;
};

// The network that reads what these write.
NetworkSpec make_network_spec(const CandidateEncoder& candidates, const QueryEncoder& queries, const TrendFeatures& trend);
// Its tables get the rows that these name by now; encoders of a bundle no longer know the tables' names.
void grow_network_spec(const CandidateEncoder& candidates, const QueryEncoder& queries, NetworkSpec& spec);

}  // namespace gemel
