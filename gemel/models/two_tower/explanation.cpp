// Why the two-tower gives a product its score: the parts of the sum, and what each feature of the product and each product of the
// history adds, by leaving it out and embedding again. The gate, which goes by the length of the history, stays.
#include <algorithm>
#include <cmath>
#include <numeric>

#include "gemel/models/effects.h"
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

// Without the events of the product itself its personal count is gone too, also where they lie too far back for the query tower.
void add_own_effect(ItemIndex item, double bias, std::span<const HistoryItem> history, std::vector<HistoryEffect>& effects) {
  auto own = std::ranges::find(effects, item, &HistoryEffect::item);
  if (own == effects.end()) own = effects.insert(effects.end(), {item, count_events(history, item), 0});
  own->effect += bias;
}

}  // namespace

// Missing is what the encoding has for it: the missing row, the unseen row of an id, the mean of a number with its flag down. The flag for
// missing would speak in an untrained voice where no product of the training lacked the number.
void CandidateEncoder::encode_without_each(std::uint32_t item, TowerInput& out) const {
  const std::vector<EncodedPlace> places = features_.places();
  const std::size_t first_bag = use_id_ ? 1 : 0;
  const std::vector<std::uint32_t> copies(1 + first_bag + places.size(), item);
  TowerInput full;
  encode_as_bags(copies, {}, full);
  out.reset(full.bags.size(), full.size, full.numbers.cols());
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
  spread_one_hot(out);
}

// Row 0: the query; then it without each product of the history that the query tower looks at. `products` receives these.
Matrix TwoTower::embed_without_each(const Query& query, std::vector<HistoryEffect>& products, ThreadPool& pool) const {
  const auto used = query.history.last(std::min(query.history.size(), config_.history.length));
  for (const HistoryItem& event : used)
    if (std::ranges::find(products, event.item, &HistoryEffect::item) == products.end()) products.push_back({event.item, 0, 0});
  std::vector<std::vector<HistoryItem>> rest(products.size());
  std::vector<Query> queries{query};
  for (std::size_t i = 0; i < products.size(); ++i) {
    for (const HistoryItem& event : used)
      if (event.item != products[i].item) rest[i].push_back(event);
    queries.push_back(query);
    queries.back().history = rest[i];
    products[i].num_events = count_events(query.history, products[i].item);
  }
  return embed(queries, pool);
}

// What the customer's own counts add to each product of their history.
std::vector<double> TwoTower::personal_biases(const PersonalCounts::Of& personal) const {
  std::vector<double> biases;
  for (std::size_t i = 0; i < personal.items.size(); ++i) {
    const auto values = personal.values_of(i);
    biases.push_back(std::inner_product(values.begin(), values.end(), personal_weights_.begin(), 0.0));
  }
  return biases;
}

// Leaves out one feature of the product after the other.
std::vector<FeatureEffect> TwoTower::feature_effects(ItemIndex item, std::span<const float> query_embedding, double factor,
                                                     ThreadPool& pool) const {
  std::vector<FeatureEffect> effects;
  if (candidate_encoder_.ids().rows().empty()) return effects;
  if (config_.item_id) effects.push_back({"item_id", 0});
  for (const EncodedPlace& place : candidate_encoder_.features().places()) effects.push_back({place.name, 0});
  TowerInput input;
  Tower::Activations activations;
  candidate_encoder_.encode_without_each(static_cast<std::uint32_t>(item), input);
  network_.embed_candidates(input, activations, pool);
  const double whole = dot(query_embedding, activations.embeddings.row(0));
  for (std::size_t i = 0; i < effects.size(); ++i)
    effects[i].effect = factor * (whole - dot(query_embedding, activations.embeddings.row(i + 1)));
  sort_by_size(effects);
  return effects;
}

Result<Explanations> TwoTower::explain(const Query& query, std::span<const ItemIndex> items, std::span<const std::uint8_t>,
                                       ThreadPool& pool) const {
  const double factor = static_cast<double>(network_.scale()) * gates_[gate_of(query.history.size())];
  std::vector<HistoryEffect> history;
  const Matrix queries = embed_without_each(query, history, pool);
  const auto own = queries.row(0);
  const PersonalCounts::Of personal = count_personal({&query, 1}, pool)[0];
  const std::vector<double> biases = personal_biases(personal);
  const std::vector<float> mean_candidate = mean_row(candidate_embeddings_);
  const auto num_items = static_cast<double>(candidate_embeddings_.rows());
  const double mean_popularity = std::accumulate(item_bias_.begin(), item_bias_.end(), 0.0) / num_items;
  const double mean_personal = std::accumulate(biases.begin(), biases.end(), 0.0) / num_items;

  Explanations explanations;
  if (candidate_encoder_.ids().rows().empty())
    explanations.notes.push_back("this bundle does not hold the products' features: it cannot tell what each of them adds; train it anew");
  for (const ItemIndex item : items) {
    GEMEL_CHECK(to_size(item) < candidate_embeddings_.rows());
    const auto candidate = candidate_embeddings_.row(to_size(item));
    const auto place = std::ranges::find(personal.items, static_cast<std::uint32_t>(item)) - personal.items.begin();
    const bool is_had = place < static_cast<std::ptrdiff_t>(personal.items.size());
    const double towers = factor * dot(own, candidate), bias = is_had ? biases[static_cast<std::size_t>(place)] : 0;
    ScoreExplanation& product = explanations.products.emplace_back();
    product.parts.push_back({"towers", towers, towers - factor * dot(own, mean_candidate)});
    if (!item_bias_.empty())
      product.parts.push_back({"popularity", item_bias_[to_size(item)], item_bias_[to_size(item)] - mean_popularity});
    if (!personal_weights_.empty()) product.parts.push_back({"personal", bias, bias - mean_personal});
    for (const ScorePart& part : product.parts) product.score += part.value;

    product.history = history;
    for (std::size_t i = 0; i < history.size(); ++i)
      product.history[i].effect = factor * (dot(own, candidate) - dot(queries.row(i + 1), candidate));
    if (is_had) add_own_effect(item, bias, query.history, product.history);
    sort_by_size(product.history);
    product.features = feature_effects(item, own, factor, pool);
  }
  return explanations;
}

}  // namespace gemel
