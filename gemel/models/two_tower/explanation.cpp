// Why the two-tower gives a product its score: the parts of the sum, and what each feature of the product and each product of the
// history adds to the towers' part, by leaving it out and embedding again. The gate, which goes by the length of the history, stays.
#include <algorithm>
#include <cmath>
#include <numeric>

#include "gemel/models/two_tower/two_tower.h"

namespace gemel {
namespace {

double dot(std::span<const float> a, std::span<const float> b) {
  return std::inner_product(a.begin(), a.end(), b.begin(), 0.0, std::plus(), [](float x, float y) { return static_cast<double>(x) * y; });
}

std::vector<float> mean_row(ConstMatrixView matrix) {
  std::vector<double> sum(matrix.cols, 0);
  for (std::size_t row = 0; row < matrix.rows; ++row)
    for (std::size_t c = 0; c < matrix.cols; ++c) sum[c] += matrix.row(row)[c];
  std::vector<float> mean(matrix.cols);
  for (std::size_t c = 0; c < mean.size(); ++c)
    mean[c] = static_cast<float>(sum[c] / static_cast<double>(std::max<std::size_t>(1, matrix.rows)));
  return mean;
}

template <class Effect>
void sort_by_size(std::vector<Effect>& effects) {
  std::ranges::stable_sort(effects, std::greater(), [](const Effect& effect) { return std::abs(effect.effect); });
}

}  // namespace

// Missing is what the encoding has for it: the missing row, the unseen row of an id, the mean of a number with its flag down. The flag for
// missing would speak in an untrained voice where no product of the training lacked the number.
void CandidateEncoder::encode_without_each(std::uint32_t item, TowerInput& out) const {
  const std::vector<EncodedPlace> places = features_.places();
  const std::size_t first_bag = use_id_ ? 1 : 0;
  const std::vector<std::uint32_t> copies(1 + first_bag + places.size(), item);
  TowerInput full;
  encode(copies, {}, full);
  out.reset(full.bags.size(), full.size, num_numbers());
  std::ranges::copy(std::span(full.numbers.data(), full.numbers.size()), out.numbers.data());
  for (std::size_t row = 0; row < full.size; ++row) {
    std::size_t left_out = SIZE_MAX;
    if (use_id_ && row == 1) left_out = 0;
    if (row > first_bag) {
      const EncodedPlace& place = places[row - first_bag - 1];
      if (place.bag) left_out = first_bag + *place.bag;
      if (place.number) out.numbers(row, *place.number) = out.numbers(row, *place.number + 1) = 0;
    }
    for (std::size_t bag = 0; bag < full.bags.size(); ++bag) {
      if (bag != left_out) {
        out.bags[bag].append(full.bags[bag], row);
        continue;
      }
      out.bags[bag].push(use_id_ && bag == 0 ? Vocabulary::kUnseen : Vocabulary::kMissing, 1);
      out.bags[bag].close_bag();
    }
  }
}

// Row 0: the query; then it without each product of the history that the model looks at. `products` receives these.
Matrix TwoTower::embed_without_each(const Query& query, std::vector<HistoryEffect>& products, ThreadPool& pool) const {
  const auto used = query.history.last(std::min(query.history.size(), config_.history.length));
  for (const HistoryItem& event : used) {
    const auto known = std::ranges::find(products, event.item, &HistoryEffect::item);
    if (known != products.end()) ++known->num_events;
    else products.push_back({event.item, 1, 0});
  }
  std::vector<std::vector<HistoryItem>> rest(products.size());
  std::vector<Query> queries{query};
  for (std::size_t i = 0; i < products.size(); ++i) {
    for (const HistoryItem& event : used)
      if (event.item != products[i].item) rest[i].push_back(event);
    queries.push_back(query);
    queries.back().history = rest[i];
  }
  return embed(queries, pool);
}

Result<Explanations> TwoTower::explain(const Query& query, std::span<const ItemIndex> items, ThreadPool& pool) const {
  Explanations explanations;
  const double factor = static_cast<double>(network_.scale()) * gates_[gate_of(query.history.size())];
  std::vector<HistoryEffect> history;
  const Matrix queries = embed_without_each(query, history, pool);
  const auto own = queries.row(0);
  const std::vector<float> mean_candidate = mean_row(candidate_embeddings_);
  const double mean_bias =
      item_bias_.empty() ? 0 : std::accumulate(item_bias_.begin(), item_bias_.end(), 0.0) / static_cast<double>(item_bias_.size());
  const bool knows_features = !candidate_encoder_.ids().rows().empty();
  if (!knows_features)
    explanations.notes.push_back(
        "this bundle is of an older version, without the products' features: it cannot tell what each of them adds");
  std::vector<std::string> names;
  if (config_.item_id) names.push_back("item_id");
  for (const EncodedPlace& place : candidate_encoder_.features().places()) names.push_back(place.name);

  TowerInput input;
  Tower::Activations activations;
  for (const ItemIndex item : items) {
    GEMEL_CHECK(to_size(item) < candidate_embeddings_.rows());
    ScoreExplanation& product = explanations.products.emplace_back();
    const auto candidate = candidate_embeddings_.row(to_size(item));
    const double towers = factor * dot(own, candidate);
    product.parts.push_back({"towers", towers, towers - factor * dot(own, mean_candidate)});
    if (!item_bias_.empty()) product.parts.push_back({"popularity", item_bias_[to_size(item)], item_bias_[to_size(item)] - mean_bias});
    for (const ScorePart& part : product.parts) product.score += part.value;
    product.history = history;
    for (std::size_t i = 0; i < history.size(); ++i)
      product.history[i].effect = factor * (dot(own, candidate) - dot(queries.row(i + 1), candidate));
    sort_by_size(product.history);
    if (!knows_features) continue;
    candidate_encoder_.encode_without_each(static_cast<std::uint32_t>(item), input);
    network_.embed_candidates(input, activations, pool);
    const double whole = dot(own, activations.embeddings.row(0));
    for (std::size_t i = 0; i < names.size(); ++i)
      product.features.push_back({names[i], factor * (whole - dot(own, activations.embeddings.row(i + 1)))});
    sort_by_size(product.features);
  }
  return explanations;
}

}  // namespace gemel
