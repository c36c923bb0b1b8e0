#include "gemel/models/two_tower/network.h"

#include <algorithm>
#include <cmath>

#include "gemel/features/vocabulary.h"
#include "gemel/nn/rating_loss.h"
#include "gemel/numerics/kernels.h"

namespace gemel {
namespace {

constexpr std::size_t kDaysPerBlock = 8;
constexpr float kMaxScale = 100;  // logits of normalised embeddings stay within +-100, as in CLIP (Radford et al. 2021, section 2.4)

Matrix uniform_table(std::size_t num_rows, std::size_t dim, Rng& rng) {
  Matrix table(num_rows, dim);
  for (std::size_t i = 0; i < table.size(); ++i) table.data()[i] = static_cast<float>(0.1 * rng.uniform() - 0.05);
  return table;
}

// bias = sum over half-lives of weights(0, h) * log_shares[h].
void weigh_shares(const std::vector<Matrix>& log_shares, const Matrix& weights, Matrix& bias, ThreadPool& pool) {
  bias.resize(log_shares[0].rows(), log_shares[0].cols());
  pool.for_blocks(bias.rows(), kDaysPerBlock, [&](std::size_t begin, std::size_t end) {
    for (std::size_t day = begin; day < end; ++day) {
      std::ranges::fill(bias.row(day), 0.0f);
      for (std::size_t h = 0; h < log_shares.size(); ++h)
        kernels().axpy(weights(0, h), log_shares[h].row(day).data(), bias.row(day).data(), bias.cols());
    }
  });
}

double inner_product(std::span<const float> a, std::span<const float> b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += static_cast<double>(a[i]) * b[i];
  return sum;
}

// Of weigh_shares by its weights -> [1, half-lives].
Matrix weight_gradients(const std::vector<Matrix>& log_shares, const Matrix& d_bias, ThreadPool& pool) {
  std::vector<double> of_days(d_bias.rows() * log_shares.size());
  pool.for_blocks(d_bias.rows(), kDaysPerBlock, [&](std::size_t begin, std::size_t end) {
    for (std::size_t day = begin; day < end; ++day)
      for (std::size_t h = 0; h < log_shares.size(); ++h)
        of_days[day * log_shares.size() + h] = inner_product(d_bias.row(day), log_shares[h].row(day));
  });
  Matrix gradients(1, log_shares.size());
  for (std::size_t h = 0; h < log_shares.size(); ++h) {
    double sum = 0;
    for (std::size_t day = 0; day < d_bias.rows(); ++day) sum += of_days[day * log_shares.size() + h];
    gradients(0, h) = static_cast<float>(sum);
  }
  return gradients;
}

}  // namespace

Network::Network(const TwoTowerConfig& config, const NetworkSpec& spec, std::uint64_t seed)
    : Network(config, spec, seed, Rng(seed, /*stream=*/0x746f776572), /*with_values=*/true) {}

Network::Network(const TwoTowerConfig& config, const NetworkSpec& spec, std::uint64_t seed, Rng rng, bool with_values)
    : normalize_(config.normalize),
      train_scale_(config.normalize && config.train_temperature),
      rating_(config.rating),
      dropout_rate_(static_cast<float>(config.dropout)),
      attention_dropout_rate_(static_cast<float>(config.history.attention_dropout)),
      seed_(seed) {
  for (const TableSpec& table : spec.tables)
    tables_.push_back(
        {.name = "table." + table.name, .value = with_values ? uniform_table(table.num_rows, config.embedding_dim, rng) : Matrix()});
  Rng history_rng(seed, /*stream=*/0x686973746f7279);
  history_encoder_ = HistoryEncoder(config, spec.token_tables, history_rng);
  const auto output = normalize_ ? Tower::Output::kNormalized : Tower::Output::kPlain;
  query_tower_ = Tower("query_tower", spec.query_tables, config.embedding_dim, history_encoder_.output_dim(), spec.num_query_numbers,
                       config.query_layers, config.query_gate ? Tower::Output::kGated : output, rng);
  candidate_tower_ = Tower("candidate_tower", spec.candidate_tables, config.embedding_dim, /*encoded_dim=*/0, spec.num_candidate_numbers,
                           config.candidate_layers, output, rng);
  Rng trend_rng(seed, /*stream=*/0x7472656e64);
  trend_head_ = TrendHead(spec.num_trend_inputs, config.trend.units, trend_rng);
  log_scale_ = {.name = "log_scale", .value = Matrix(1, 1, normalize_ ? static_cast<float>(-std::log(config.temperature)) : 0)};
  prior_weights_ = {.name = "prior_weights",
                    .value = Matrix(1, config.popularity_half_life_days.size(), static_cast<float>(config.popularity_start))};
  personal_weights_ = {.name = "personal_weights", .value = Matrix(1, spec.num_personal_values, static_cast<float>(config.personal_start))};
}

Result<Network> Network::load(const TwoTowerConfig& config, const NetworkSpec& spec, std::shared_ptr<const SafetensorsFile> file) {
  Network network(config, spec, /*seed=*/0, Rng(0), /*with_values=*/false);
  for (std::size_t t = 0; t < spec.tables.size(); ++t) {
    GEMEL_ASSIGN_OR_RETURN(const auto table, file->matrix(network.tables_[t].name, spec.tables[t].num_rows, config.embedding_dim));
    network.tables_in_file_.push_back(table);
  }
  const std::vector<Parameter*> parameters = network.list_parameters();
  for (Parameter* parameter : std::span(parameters).subspan(spec.tables.size())) {
    GEMEL_ASSIGN_OR_RETURN(const auto values, file->matrix(parameter->name, parameter->value.rows(), parameter->value.cols()));
    parameter->value = Matrix(values);
  }
  network.file_ = std::move(file);
  return network;
}

std::vector<ConstMatrixView> Network::tables() const {
  if (file_) return tables_in_file_;
  std::vector<ConstMatrixView> views;
  for (const Parameter& table : tables_) views.push_back(table.value);
  return views;
}

void Network::own_tables() {
  if (!file_) return;
  for (std::size_t t = 0; t < tables_.size(); ++t) tables_[t].value = Matrix(tables_in_file_[t]);
  tables_in_file_.clear();
  file_.reset();
}

void Network::grow(const NetworkSpec& spec, std::uint64_t dropout_seed) {
  own_tables();
  seed_ = dropout_seed;
  GEMEL_CHECK(spec.tables.size() == tables_.size());
  for (std::size_t t = 0; t < tables_.size(); ++t) {
    Matrix& table = tables_[t].value;
    const std::size_t rows = table.rows();
    table.resize(spec.tables[t].num_rows, table.cols());  // keeps the rows it has
    for (std::size_t row = rows; row < table.rows(); ++row) std::ranges::copy(table.row(Vocabulary::kUnseen), table.row(row).begin());
  }
  for (Parameter* parameter : parameters()) {
    parameter->first_moment = {};
    parameter->second_moment = {};
    parameter->num_updates = 0;
  }
}

float Network::scale() const { return std::min(std::exp(log_scale_.value(0, 0)), kMaxScale); }

void Network::embed_queries(const TowerInput& input, Tower::Activations& activations, ThreadPool& pool) const {
  HistoryEncoder::Activations history;
  history_encoder_.forward(tables(), input, {}, history, activations.encoded, pool);
  query_tower_.forward(tables(), input, {}, activations, pool);
}

void Network::embed_candidates(const TowerInput& input, Tower::Activations& activations, ThreadPool& pool) const {
  candidate_tower_.forward(tables(), input, {}, activations, pool);
}

void Network::learned_bias(ConstMatrixView log_shares, ConstMatrixView trend_inputs, std::span<float> bias, ThreadPool& pool) const {
  std::ranges::fill(bias, 0.0f);
  for (std::size_t h = 0; h < log_shares.rows; ++h)
    kernels().axpy(prior_weights_.value(0, h), log_shares.row(h).data(), bias.data(), bias.size());
  TrendHead::Activations activations;
  trend_head_.forward(trend_inputs, activations, bias, pool);
}

SoftmaxResult Network::compute_gradients(const TrainingBatch& batch, std::uint64_t step, Gradients& gradients, ThreadPool& pool) {
  own_tables();
  const Tower::Dropout dropout = dropout_of(step), attention_dropout = attention_dropout_of(step);
  history_encoder_.forward(tables(), batch.queries, attention_dropout, history_activations_, query_activations_.encoded, pool);
  query_tower_.forward(tables(), batch.queries, dropout, query_activations_, pool);
  candidate_tower_.forward(tables(), batch.candidates, dropout, candidate_activations_, pool);

  double total_weight = 0;
  for (const float weight : batch.row_weight) total_weight += weight;
  GEMEL_CHECK(total_weight > 0, "a batch needs weight");
  std::vector<float> row_weight(batch.row_weight);
  for (float& weight : row_weight) weight = static_cast<float>(weight / total_weight);

  const bool has_prior = !batch.log_shares.empty();
  if (has_prior) {
    weigh_shares(batch.log_shares, prior_weights_.value, group_bias_, pool);
    trend_head_.forward(batch.trend_inputs, trend_activations_, {group_bias_.data(), group_bias_.size()}, pool);
    d_group_bias_.resize(group_bias_.rows(), group_bias_.cols());
  }
  const std::size_t num_personal = personal_weights_.value.cols();
  row_bias_.resize(batch.personal_columns.size());
  d_row_bias_.assign(row_bias_.size(), 0.0f);  // entries of masked candidates keep it
  for (std::size_t e = 0; e < row_bias_.size(); ++e)
    row_bias_[e] = kernels().dot(batch.personal_values.row(e).data(), personal_weights_.value.data(), num_personal);
  d_query_.resize(batch.queries.size, query_tower_.output_dim());
  d_candidate_.resize(batch.candidates.size, candidate_tower_.output_dim());
  SoftmaxGradients d{.d_queries = d_query_, .d_candidates = d_candidate_};
  if (has_prior) d.d_group_bias = d_group_bias_;
  d.d_row_bias = d_row_bias_;
  const SoftmaxBatchView view{.queries = query_activations_.embeddings,
                              .candidates = candidate_activations_.embeddings,
                              .scale = scale(),
                              .positive = batch.candidate_set.positive,
                              .row_weight = row_weight,
                              .column_bias = batch.candidate_set.column_bias,
                              .positive_bias = batch.candidate_set.positive_bias,
                              .group = batch.group,
                              .group_bias = has_prior ? group_bias_.view() : MatrixView{},
                              .row_bias_offsets = batch.personal_offsets,
                              .row_bias_columns = batch.personal_columns,
                              .row_bias = row_bias_,
                              .masked_offsets = batch.masked_offsets,
                              .masked_columns = batch.masked_columns};
  SoftmaxResult result = rating_ ? rating_loss(view, batch.rating, d) : softmax_loss(view, &d, pool, softmax_scratch_);

  query_tower_.backward(dropout, query_activations_, d_query_, gradients.query, pool);
  history_encoder_.backward(attention_dropout, history_activations_, gradients.query.input, query_tower_.encoded_column(),
                            gradients.history, pool);
  candidate_tower_.backward(dropout, candidate_activations_, d_candidate_, gradients.candidate, pool);
  if (has_prior)
    trend_head_.backward(batch.trend_inputs, trend_activations_, {d_group_bias_.data(), d_group_bias_.size()}, gradients.trend, pool);
  gather_table_gradients(batch, gradients, pool);
  gradients.log_scale = Matrix(1, 1, scale() < kMaxScale ? d.d_scale * scale() : std::max(0.0f, d.d_scale * scale()));
  gradients.prior_weights = has_prior ? weight_gradients(batch.log_shares, d_group_bias_, pool) : Matrix(1, prior_weights_.value.cols());
  gradients.personal_weights = Matrix(1, num_personal);
  std::vector<double> sums(num_personal, 0.0);
  for (std::size_t e = 0; e < d_row_bias_.size(); ++e)
    for (std::size_t p = 0; p < num_personal; ++p) sums[p] += double{d_row_bias_[e]} * batch.personal_values(e, p);
  std::ranges::copy(sums, gradients.personal_weights.data());
  result.loss *= total_weight;  // back to the sum over rows, as reported
  result.weight = total_weight;
  return result;
}

void Network::gather_table_gradients(const TrainingBatch& batch, Gradients& gradients, ThreadPool& pool) const {
  gradients.tables.resize(tables_.size());
  pool.run(tables_.size(), [&](std::size_t table) {
    std::vector<BagUseView> uses;
    const auto add_uses = [&](const Tower& tower, const TowerInput& input, const Matrix& d_input) {
      for (std::size_t bag = 0; bag < tower.tables().size(); ++bag) {
        if (tower.tables()[bag] == table) uses.push_back({&input.bags[bag], d_input, tower.input_column(bag)});
      }
    };
    add_uses(query_tower_, batch.queries, gradients.query.input);
    add_uses(candidate_tower_, batch.candidates, gradients.candidate.input);
    for (std::size_t part = 0; part < history_encoder_.tables().size(); ++part) {
      if (history_encoder_.tables()[part] == table) uses.push_back({&batch.queries.token_parts[part], gradients.history.tokens, 0});
    }
    gradients.tables[table].prepare(uses, tables_[table].value.rows(), tables_[table].value.cols());
  });
  for (RowGradients& table : gradients.tables) table.sum(pool);
}

void Network::apply(const Gradients& gradients, const Optimizer& optimizer, ThreadPool& pool) {
  for (std::size_t table = 0; table < tables_.size(); ++table)
    optimizer.update_rows(tables_[table], gradients.tables[table].rows(), gradients.tables[table].values(), pool);
  const auto update_tower = [&](Tower& tower, const Tower::Gradients& of) {
    const auto parameters = tower.parameters();
    for (std::size_t l = 0; l < of.weight.size(); ++l) {
      optimizer.update_dense(*parameters[2 * l], of.weight[l], pool);
      optimizer.update_dense(*parameters[2 * l + 1], of.bias[l], pool);
    }
  };
  update_tower(query_tower_, gradients.query);
  update_tower(candidate_tower_, gradients.candidate);
  const std::vector<Parameter*> of_history = history_encoder_.parameters();
  for (std::size_t p = 0; p < of_history.size(); ++p) optimizer.update_dense(*of_history[p], gradients.history.parameters[p], pool);
  const std::vector<Parameter*> of_trend = trend_head_.parameters();
  for (std::size_t p = 0; p < of_trend.size(); ++p) optimizer.update_dense(*of_trend[p], *TrendHead::in_order(gradients.trend)[p], pool);
  if (train_scale_) optimizer.update_dense(log_scale_, gradients.log_scale, pool);
  if (prior_weights_.value.size() > 0) optimizer.update_dense(prior_weights_, gradients.prior_weights, pool);
  if (personal_weights_.value.size() > 0) optimizer.update_dense(personal_weights_, gradients.personal_weights, pool);
}

std::vector<Parameter*> Network::parameters() {
  own_tables();
  return list_parameters();
}

std::vector<Parameter*> Network::list_parameters() {
  std::vector<Parameter*> all;
  for (Parameter& table : tables_) all.push_back(&table);
  for (Tower* tower : {&query_tower_, &candidate_tower_}) {
    for (Parameter* parameter : tower->parameters()) all.push_back(parameter);
  }
  for (Parameter* parameter : history_encoder_.parameters()) all.push_back(parameter);
  for (Parameter* parameter : trend_head_.parameters()) all.push_back(parameter);
  all.push_back(&log_scale_);
  all.push_back(&prior_weights_);
  all.push_back(&personal_weights_);
  return all;
}

std::vector<const Parameter*> Network::parameters() const {
  GEMEL_CHECK(!file_, "its tables still lie in the file that it was loaded from");
  const auto all = const_cast<Network*>(this)->list_parameters();
  return {all.begin(), all.end()};
}

std::vector<std::pair<std::string, ConstMatrixView>> Network::values() const {
  std::vector<std::pair<std::string, ConstMatrixView>> values;
  for (const Parameter* parameter : const_cast<Network*>(this)->list_parameters()) values.emplace_back(parameter->name, parameter->value);
  const std::vector<ConstMatrixView> tables = this->tables();
  for (std::size_t t = 0; t < tables.size(); ++t) values[t].second = tables[t];
  return values;
}

bool Network::is_finite() const {
  for (const Parameter* parameter : parameters()) {
    const auto* values = parameter->value.data();
    if (!std::all_of(values, values + parameter->value.size(), [](float value) { return std::isfinite(value); })) return false;
  }
  return true;
}

}  // namespace gemel
