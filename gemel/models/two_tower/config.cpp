#include "gemel/models/two_tower/config.h"

#include <sstream>

#include "gemel/base/toml_text.h"
#include "gemel/features/time_parts.h"
#include "gemel/models/half_life.h"
#include "gemel/models/two_tower/calibration.h"

namespace gemel {
namespace {

const std::vector<std::string> kActivations{"linear", "relu", "gelu"};
const std::vector<std::string> kLosses{"full", "in_batch", "mixed", "rating"};
const std::vector<std::string> kOptimizers{"adagrad", "adam", "sgd"};
const std::vector<std::string> kIndexKinds{"auto", "exact", "approximate"};
const std::vector<std::string> kSchedules{"constant", "linear", "cosine"};

template <class Enum>
Enum to_enum(const std::vector<std::string>& names, const std::string& name) {
  return static_cast<Enum>(std::find(names.begin(), names.end(), name) - names.begin());
}

template <class Enum>
const std::string& name_of(const std::vector<std::string>& names, Enum value) {
  return names[static_cast<std::size_t>(value)];
}

// "64 relu"
std::vector<LayerConfig> read_layers(ConfigTable& table, std::string_view key) {
  std::vector<LayerConfig> layers;
  for (const std::string& text : table.texts(key, {"64 linear"})) {
    std::istringstream words(text);
    long units = 0;
    std::string activation, rest;
    const bool reads = static_cast<bool>(words >> units >> activation) && !(words >> rest);
    const auto found = std::find(kActivations.begin(), kActivations.end(), activation);
    if (!reads || units < 1 || units > 65536 || found == kActivations.end()) {
      table.reject(key, concat("a layer is its width and activation, such as \"64 relu\" (linear, relu, gelu), found \"", text, "\""));
      return layers;
    }
    layers.push_back({static_cast<std::size_t>(units), to_enum<Activation>(kActivations, activation)});
  }
  if (layers.empty()) table.reject(key, "needs at least one layer, such as \"64 linear\"");
  return layers;
}

constexpr std::int64_t kMaxDim = 4096;

std::size_t read_size(ConfigTable& table, std::string_view key, std::size_t fallback, std::int64_t min = 0,
                      std::int64_t max = 1'000'000'000) {
  return table.count(key, fallback, min, max);
}

std::vector<double> read_half_lives(ConfigTable& table, std::string_view key, std::vector<double> fallback) {
  std::vector<double> values = table.numbers(key, std::move(fallback));
  for (const double value : values) {
    if (!(value > 0)) table.reject(key, concat("half-lives are days above 0, found ", value));
  }
  return values;
}

HistoryConfig read_history(ConfigTable table) {
  HistoryConfig history;
  history.length = read_size(table, "length", history.length);
  history.pool = table.texts("pool", history.pool);
  for (const std::string& pool : history.pool) {
    if (pool != "mean" && pool != "recency" && pool != "attention")
      table.reject("pool", concat("expected mean, recency or attention, found '", pool, "'"));
    if (std::ranges::count(history.pool, pool) > 1) table.reject("pool", concat("names '", pool, "' twice"));
  }
  history.half_life_days = table.number("half_life_days", history.half_life_days, 1e-3);
  history.half_life_events = read_half_life(table, "half_life_events", history.half_life_events, "events");
  history.floor = table.number("floor", history.floor, 0);
  history.shared_table = table.flag("shared_table", history.shared_table);
  history.attention_blocks = read_size(table, "attention_blocks", history.attention_blocks, 1);
  history.attention_heads = read_size(table, "attention_heads", history.attention_heads, 1);
  history.attention_dropout = table.number("attention_dropout", history.attention_dropout, 0, 0.95);
  (void)table.finish();  // the error is kept in the file and returned at the end
  return history;
}

TrendConfig read_trend(ConfigTable table) {
  TrendConfig trend;
  trend.units = read_size(table, "units", trend.units);
  trend.groups = table.texts("groups");
  (void)table.finish();
  return trend;
}

void read_frequency(ConfigTable& table, TwoTowerConfig& config) {
  config.streaming_frequency = table.choice("frequency", {"exact", "streaming"}, "exact") == "streaming";
  if (config.streaming_frequency && config.loss == NegativeKind::kFull)
    table.reject("frequency",
                 "'streaming' estimates chances to be in a batch; loss = \"full\" has every product in each: set in_batch or mixed");
  config.frequency.learning_rate = table.number("frequency_learning_rate", config.frequency.learning_rate, 0, 1);
  config.frequency.num_buckets = read_size(table, "frequency_buckets", config.frequency.num_buckets);
}

OptimizerConfig read_optimizer(ConfigTable& table) {
  OptimizerConfig optimizer;
  optimizer.kind = to_enum<OptimizerKind>(kOptimizers, table.choice("optimizer", kOptimizers, "adam"));
  const double usual = optimizer.kind == OptimizerKind::kAdam ? 0.002 : optimizer.kind == OptimizerKind::kAdagrad ? 0.1 : 0.05;
  optimizer.learning_rate = static_cast<float>(table.number("learning_rate", usual, 0));
  if (!(optimizer.learning_rate > 0)) table.reject("learning_rate", "expected more than 0: nothing would be learnt");
  optimizer.momentum = static_cast<float>(table.number("momentum", 0.9, 0, 1));
  optimizer.weight_decay = static_cast<float>(table.number("weight_decay", 0, 0));
  optimizer.schedule = to_enum<Schedule>(kSchedules, table.choice("schedule", kSchedules, "constant"));
  return optimizer;
}

std::string number_list(const std::vector<double>& numbers) {
  std::string out;
  for (const double number : numbers) out += concat(out.empty() ? "" : ", ", number);
  return concat("[", out, "]");
}

std::string layer_list(const std::vector<LayerConfig>& layers) {
  std::vector<std::string> texts;
  for (const LayerConfig& layer : layers) texts.push_back(concat(layer.units, " ", name_of(kActivations, layer.activation)));
  return toml_list(texts);
}

}  // namespace

Result<TwoTowerConfig> TwoTowerConfig::read(ConfigTable table) {
  TwoTowerConfig config;
  config.embedding_dim = read_size(table, "embedding_dim", config.embedding_dim, 1, kMaxDim);
  config.query_layers = read_layers(table, "query_layers");
  config.candidate_layers = read_layers(table, "candidate_layers");
  config.item_id = table.flag("item_id", config.item_id);
  config.item_features = table.texts("item_features");
  config.one_hot = table.texts("one_hot");
  config.user_id = table.flag("user_id", config.user_id);
  config.user_features = table.texts("user_features");
  config.action = table.flag("action", config.action);
  config.weight = table.flag("weight", config.weight);
  config.time = table.texts("time", config.time);
  if (const auto parts = TimeParts::make(config.time, {}, {}); !parts) table.reject("time", parts.error().message);
  config.history = read_history(table.table("history"));
  config.popularity_half_life_days = read_half_lives(table, "popularity_half_life_days", config.popularity_half_life_days);
  config.popularity_start = table.number("popularity_start", config.popularity_start);
  config.counter_interval_days = read_size(table, "counter_interval_days", config.counter_interval_days);
  config.trend = read_trend(table.table("trend"));
  config.first_only = table.flag("first_only", config.first_only);
  const auto usual = config.first_only ? std::vector<double>{} : config.personal_half_life_days;
  config.personal_half_life_days = read_half_lives(table, "personal_half_life_days", usual);
  config.personal_start = table.number("personal_start", config.personal_start);
  config.normalize = table.flag("normalize", config.normalize);
  config.temperature = table.number("temperature", config.temperature, 1e-4);
  config.train_temperature = table.flag("train_temperature", config.train_temperature);
  config.query_gate = table.flag("query_gate", config.query_gate);
  const std::string loss = table.choice("loss", kLosses, "full");
  config.rating = loss == "rating";
  config.loss = config.rating ? NegativeKind::kInBatch : to_enum<NegativeKind>(kLosses, loss);
  config.num_uniform = read_size(table, "num_uniform", config.num_uniform, 1);
  config.logq_correction = table.flag("logq_correction", config.logq_correction);
  config.mask_accidental_hits = table.flag("mask_accidental_hits", config.mask_accidental_hits);
  read_frequency(table, config);
  config.dropout = table.number("dropout", config.dropout, 0, 0.95);
  config.id_dropout = table.number("id_dropout", config.id_dropout, 0, 1);
  config.optimizer = read_optimizer(table);
  config.average_decay = table.number("average_decay", config.average_decay, 0, 0.999999);
  config.batch_size = read_size(table, "batch_size", config.batch_size, 2);
  config.block_size = read_size(table, "block_size", config.block_size, 1);
  config.epochs = read_size(table, "epochs", config.epochs, 1);
  config.patience = read_size(table, "patience", config.patience, 1);
  config.example_half_life_days = table.number("example_half_life_days", config.example_half_life_days, 0);
  config.example_weight_floor = table.number("example_weight_floor", config.example_weight_floor, 0);
  config.refit_days = table.number("refit_days", config.refit_days, 1);
  config.calibrate = table.flag("calibrate", config.calibrate);
  config.personal_weights = table.numbers("personal_weights");
  config.popularity_weights = table.numbers("popularity_weights");
  config.tower_gates = table.numbers("tower_gates");
  config.index.kind = to_enum<IndexKind>(kIndexKinds, table.choice("index", kIndexKinds, "auto"));
  config.index.recall = table.number("index_recall", config.index.recall, 0.5, 1);

  GEMEL_RETURN_IF_ERROR(table.finish());
  if (config.query_layers.back().units != config.candidate_layers.back().units)
    table.reject("candidate_layers",
                 concat("both towers must end at the same width; query_layers end at ", config.query_layers.back().units,
                        ", candidate_layers at ", config.candidate_layers.back().units));
  if (config.embedding_dim % config.history.attention_heads != 0)
    table.reject("history", concat("attention_heads share the embedding_dim evenly; ", config.history.attention_heads, " do not divide ",
                                   config.embedding_dim));
  if (!config.popularity_weights.empty() && config.popularity_weights.size() != config.num_counters())
    table.reject("popularity_weights", "needs one weight for each of popularity_half_life_days and, where the trend has units, two more");
  if (config.trend.units > 0 && (config.popularity_half_life_days.empty() || !std::ranges::is_sorted(config.popularity_half_life_days)))
    table.reject("trend", "compares counters of neighbouring half-lives: set popularity_half_life_days, shortest first");
  if (config.query_gate && !config.normalize)
    table.reject("query_gate", "embeddings of free length are gates already; it is for normalize = true");
  if (config.first_only && !config.personal_half_life_days.empty())
    table.reject("personal_half_life_days", "counts what the customer had, and first_only leaves all that out; set one of them alone");
  if (!config.tower_gates.empty() && config.tower_gates.size() != kNumGates)
    table.reject("tower_gates", concat("expected ", kNumGates, " gates, found ", config.tower_gates.size()));
  GEMEL_RETURN_IF_ERROR(table.status());
  return config;
}

std::string TwoTowerConfig::to_toml() const {
  std::string out;
  const auto line = [&out](std::string_view key, const auto& value) { out += concat(key, " = ", value, "\n"); };
  const auto text = [&out](std::string_view key, const std::string& value) { out += concat(key, " = \"", value, "\"\n"); };
  line("embedding_dim", embedding_dim);
  line("query_layers", layer_list(query_layers));
  line("candidate_layers", layer_list(candidate_layers));
  line("item_id", item_id);
  line("item_features", toml_list(item_features));
  line("one_hot", toml_list(one_hot));
  line("user_id", user_id);
  line("user_features", toml_list(user_features));
  line("action", action);
  line("weight", weight);
  line("time", toml_list(time));
  line("history", concat("{ length = ", history.length, ", pool = ", toml_list(history.pool), ", half_life_days = ", history.half_life_days,
                         ", half_life_events = ", half_life_to_toml(history.half_life_events), ", floor = ", history.floor,
                         ", shared_table = ", history.shared_table, ", attention_blocks = ", history.attention_blocks,
                         ", attention_heads = ", history.attention_heads, ", attention_dropout = ", history.attention_dropout, " }"));
  line("popularity_half_life_days", number_list(popularity_half_life_days));
  line("popularity_start", popularity_start);
  line("counter_interval_days", counter_interval_days);
  line("trend", concat("{ units = ", trend.units, ", groups = ", toml_list(trend.groups), " }"));
  line("personal_half_life_days", number_list(personal_half_life_days));
  line("personal_start", personal_start);
  line("normalize", normalize);
  line("temperature", temperature);
  line("train_temperature", train_temperature);
  line("query_gate", query_gate);
  text("loss", rating ? "rating" : name_of(kLosses, loss));
  line("num_uniform", num_uniform);
  line("logq_correction", logq_correction);
  line("mask_accidental_hits", mask_accidental_hits);
  text("frequency", streaming_frequency ? "streaming" : "exact");
  line("frequency_learning_rate", frequency.learning_rate);
  line("frequency_buckets", frequency.num_buckets);
  line("dropout", dropout);
  line("id_dropout", id_dropout);
  text("optimizer", name_of(kOptimizers, optimizer.kind));
  line("learning_rate", optimizer.learning_rate);
  line("momentum", optimizer.momentum);
  line("weight_decay", optimizer.weight_decay);
  text("schedule", name_of(kSchedules, optimizer.schedule));
  line("average_decay", average_decay);
  line("batch_size", batch_size);
  line("block_size", block_size);
  line("epochs", epochs);
  line("patience", patience);
  line("example_half_life_days", example_half_life_days);
  line("example_weight_floor", example_weight_floor);
  line("first_only", first_only);
  line("refit_days", refit_days);
  line("calibrate", calibrate);
  line("personal_weights", number_list(personal_weights));
  line("popularity_weights", number_list(popularity_weights));
  line("tower_gates", number_list(tower_gates));
  text("index", name_of(kIndexKinds, index.kind));
  line("index_recall", index.recall);
  return out;
}

}  // namespace gemel
