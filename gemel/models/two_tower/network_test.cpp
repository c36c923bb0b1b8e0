// The whole model's gradients against finite differences, through features, both towers, normalisation, temperature and prior.
#include "gemel/models/two_tower/network.h"

#include <gtest/gtest.h>

#include "gemel/data/testing.h"
#include "gemel/models/two_tower/counters.h"
#include "gemel/models/two_tower/trainer.h"
#include "gemel/nn/testing/finite_difference.h"

namespace gemel {
namespace {

using testing::EventRow;

Dataset tiny_shop() {
  std::vector<EventRow> events;
  Rng rng(7);
  for (int i = 0; i < 60; ++i)
    events.push_back({concat("u", rng.below(9)), concat("p", rng.below(12)), static_cast<double>(i) / 4, rng.below(3) == 0 ? "view" : "buy",
                      static_cast<float>(1 + rng.below(3))});
  std::vector<testing::EntityRow> items;
  for (int i = 0; i < 12; ++i)
    items.push_back({concat("p", i), {{"brand", concat("b", i % 3)}, {"tags", i % 2 ? "red|soft" : "blue"}, {"price", concat(5 + i)}}});
  return testing::make_dataset(events, items, {{"u1", {{"skin", "dry"}}}, {"u2", {{"skin", "oily"}}}},
                               {.item_features = "brand = \"category\"\ntags = { type = \"tags\", separator = \"|\" }\n"
                                                 "price = { type = \"number\", transform = \"log1p\", buckets = 3 }",
                                .user_features = "skin = \"category\""});
}

TwoTowerConfig config_of(std::string_view extra) {
  const std::string text = concat(
      "embedding_dim = 4\nquery_layers = [\"6 gelu\", \"5 linear\"]\ncandidate_layers = [\"5 linear\"]\nuser_id = true\n"
      "action = true\nweight = true\ntime = [\"year_cycle\", \"hour\", \"weekday\", \"day\", \"trend\"]\n"
      "temperature = 0.5\nbatch_size = 32\nblock_size = 4\nnum_uniform = 6\n",
      extra);
  const ConfigFile file = ConfigFile::parse(text, "test").value();
  return TwoTowerConfig::read(file.root()).value();
}

struct WholeModel {
  explicit WholeModel(std::string_view extra) : config(config_of(extra)), shop(tiny_shop()) {
    const TrainView view{&shop, shop.num_events(), testing::at_day(30)};
    candidates = CandidateEncoder::fit(config, view).value();
    queries = QueryEncoder::fit(config, view, candidates.ids()).value();
    trend = Counters::make_trend(config, candidates, shop.num_items()).value();
    spec = make_network_spec(candidates, queries, trend);
    network = Network(config, spec, 3);
    if (!spec.token_tables.empty()) grow_tables();
    trainer.emplace(Trainer::make(config, view, candidates, queries, trend, 3).value());
    std::vector<std::uint32_t> examples;
    for (std::uint32_t e = 10; e < std::min<std::size_t>(45, trainer->num_examples()); ++e) examples.push_back(e);
    trainer->make_batch(examples, /*step=*/5, batch, pool);
  }

  // A layer norm bends sharply at tokens as small as they begin.
  void grow_tables() {
    for (Parameter* parameter : network.parameters())
      if (parameter->name.starts_with("table."))
        for (std::size_t i = 0; i < parameter->value.size(); ++i) parameter->value.data()[i] *= 20;
  }

  double mean_loss() {
    Network::Gradients ignored;
    const SoftmaxResult result = network.compute_gradients(batch, 5, ignored, pool);
    return result.loss / result.weight;
  }

  TwoTowerConfig config;
  Dataset shop;
  CandidateEncoder candidates;
  QueryEncoder queries;
  TrendFeatures trend;
  NetworkSpec spec;
  Network network;
  std::optional<Trainer> trainer;
  TrainingBatch batch;
  ThreadPool pool{1};
};

// Gradients of every parameter in the order of Network::parameters(), tables made dense.
std::vector<Matrix> dense_gradients(const Network::Gradients& gradients, std::vector<Parameter*> parameters) {
  std::vector<Matrix> all;
  for (const RowGradients& table : gradients.tables) {
    const Matrix& value = parameters[all.size()]->value;
    Matrix& dense = all.emplace_back(value.rows(), value.cols());
    for (std::size_t i = 0; i < table.rows().size(); ++i) std::ranges::copy(table.values().row(i), dense.row(table.rows()[i]).begin());
  }
  for (const Tower::Gradients* tower : {&gradients.query, &gradients.candidate}) {
    for (std::size_t l = 0; l < tower->weight.size(); ++l) {
      all.push_back(tower->weight[l]);
      all.push_back(tower->bias[l]);
    }
  }
  for (const Matrix& gradient : gradients.history.parameters) all.push_back(gradient);
  if (parameters[all.size()]->name.starts_with("trend_head"))
    for (const Matrix* gradient : TrendHead::in_order(gradients.trend)) all.push_back(*gradient);
  all.push_back(gradients.log_scale);
  all.push_back(gradients.prior_weights);
  all.push_back(gradients.personal_weights);
  return all;
}

class WholeModelGradients : public ::testing::TestWithParam<const char*> {};

TEST_P(WholeModelGradients, AgreeWithFiniteDifferences) {
  WholeModel model(GetParam());
  Network::Gradients gradients;
  model.network.compute_gradients(model.batch, 5, gradients, model.pool);
  const auto parameters = model.network.parameters();
  const std::vector<Matrix> claimed = dense_gradients(gradients, parameters);
  ASSERT_EQ(claimed.size(), parameters.size());
  double largest_gradient = 0;
  for (std::size_t p = 0; p < parameters.size(); ++p) {
    Matrix& value = parameters[p]->value;
    const std::span<float> values(value.data(), value.size());
    const std::span<const float> gradient(claimed[p].data(), claimed[p].size());
    const GradientError error = gradient_error([&] { return model.mean_loss(); }, values, gradient, 2e-3f, value.size() > 200 ? 7 : 1);
    EXPECT_LT(error.largest, 4e-3) << parameters[p]->name << "[" << error.element << "]: claimed " << error.claimed << ", measured "
                                   << error.measured;
    for (const float g : gradient) largest_gradient = std::max(largest_gradient, std::abs(static_cast<double>(g)));
  }
  EXPECT_GT(largest_gradient, 0.02) << "a model without gradients proves nothing";
}

INSTANTIATE_TEST_SUITE_P(
    Losses, WholeModelGradients,
    ::testing::Values("loss = \"full\"\ndropout = 0.3\nid_dropout = 0.3",
                      "loss = \"full\"\npersonal_half_life_days = [3, inf]\ndropout = 0.0",
                      "loss = \"in_batch\"\ndropout = 0.0\nhistory = { pool = [\"mean\", \"recency\"], shared_table = true }",
                      "loss = \"full\"\ndropout = 0.2\nhistory = { length = 7, pool = [\"attention\", \"mean\"], attention_heads = 2, "
                      "attention_blocks = 2, attention_dropout = 0.3 }",
                      "loss = \"in_batch\"\ndropout = 0.0\nhistory = { pool = [\"attention\"], shared_table = true }",
                      "loss = \"full\"\ndropout = 0.1\nid_dropout = 0.3\nquery_gate = true\ncounter_interval_days = 3\n"
                      "trend = { units = 3, groups = [\"brand\", \"tags\"] }",
                      "loss = \"mixed\"\nmask_accidental_hits = false\ndropout = 0.2\nnormalize = false",
                      "loss = \"full\"\nfirst_only = true\npopularity_half_life_days = []\ndropout = 0.0"));

}  // namespace
}  // namespace gemel
