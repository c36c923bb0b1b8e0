#include "gemel/models/two_tower/encoders.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <map>
#include <utility>

namespace gemel {
namespace {

constexpr std::uint32_t kMaxOneHot = 2000;  // values of a one-hot feature

// 1 for each index that is in `column` before the end of the view.
template <class Index>
std::vector<std::uint8_t> seen_in(std::size_t size, std::span<const Index> column) {
  std::vector<std::uint8_t> seen(size, 0);
  for (const Index index : column) seen[to_size(index)] = 1;
  return seen;
}

std::vector<std::uint8_t> items_seen_in(const TrainView& view) {
  return seen_in(view.dataset->num_items(), view.dataset->items().first(view.num_events));
}

std::vector<std::uint8_t> users_seen_in(const TrainView& view) {
  return seen_in(view.dataset->num_users(), view.dataset->users().first(view.num_events));
}

// features = ["none"] switches them off.
Result<TableFeatures> fit_features(const EntityTable& table, const std::vector<FeatureConfig>& declared,
                                   const std::vector<std::string>& use, std::span<const std::uint8_t> seen, std::string_view key) {
  if (use == std::vector<std::string>{"none"}) return TableFeatures();
  auto features = TableFeatures::fit(table, declared, use, seen);
  if (!features) return with_context(features.error(), concat("models.two_tower.", key));
  return features;
}

std::vector<TableSpec> tables_of(const EncodedTable& table, std::string_view prefix) {
  std::vector<TableSpec> specs;
  for (const EncodedBags& bags : table.bags) specs.push_back({concat(prefix, bags.name), bags.num_rows});
  return specs;
}

constexpr std::uint32_t kNumAges = 16;  // below a day, two, four, eight, ...

std::uint32_t age_bucket(TimePoint::duration age) {
  const std::int64_t days = std::chrono::floor<std::chrono::days>(age).count();
  return std::min(kNumAges - 1, static_cast<std::uint32_t>(std::bit_width(static_cast<std::uint64_t>(std::max<std::int64_t>(days, 0)))));
}

// Indices of the wanted tables in `all`, which takes in those it lacks: equal names are one table.
std::vector<std::size_t> merge_tables(const std::vector<TableSpec>& wanted, std::vector<TableSpec>& all) {
  std::vector<std::size_t> found;
  for (const TableSpec& spec : wanted) {
    auto at = std::ranges::find(all, spec.name, &TableSpec::name);
    if (at == all.end()) at = all.insert(all.end(), spec);
    found.push_back(static_cast<std::size_t>(at - all.begin()));
  }
  return found;
}

}  // namespace

NetworkSpec make_network_spec(const CandidateEncoder& candidates, const QueryEncoder& queries, const TrendFeatures& trend) {
  NetworkSpec spec;
  spec.candidate_tables = merge_tables(candidates.tables(), spec.tables);
  spec.query_tables = merge_tables(queries.tables(), spec.tables);
  spec.token_tables = merge_tables(queries.token_tables(), spec.tables);
  spec.num_query_numbers = queries.num_numbers();
  spec.num_candidate_numbers = candidates.num_numbers();
  spec.num_personal_values = queries.personal_counts().num_values();
  spec.num_trend_inputs = trend.num_inputs();
  return spec;
}

void grow_network_spec(const CandidateEncoder& candidates, const QueryEncoder& queries, NetworkSpec& spec) {
  const auto grow = [&spec](const std::vector<TableSpec>& tables, const std::vector<std::size_t>& places) {
    GEMEL_CHECK(tables.size() == places.size(), "encoders of another network");
    for (std::size_t bag = 0; bag < tables.size(); ++bag) {
      auto& num_rows = spec.tables[places[bag]].num_rows;
      num_rows = std::max(num_rows, tables[bag].num_rows);
    }
  };
  grow(candidates.tables(), spec.candidate_tables);
  grow(queries.tables(), spec.query_tables);
  grow(queries.token_tables(), spec.token_tables);
}

IdRows::IdRows(std::span<const std::uint8_t> seen) {
  rows_.reserve(seen.size());
  for (const std::uint8_t is_seen : seen) rows_.push_back(is_seen ? num_rows_++ : Vocabulary::kUnseen);
}

IdRows::IdRows(std::vector<std::uint32_t> rows) : rows_(std::move(rows)) {
  for (const std::uint32_t row : rows_) num_rows_ = std::max(num_rows_, row + 1);
}

void IdRows::extend(std::span<const std::uint8_t> seen) {
  rows_.resize(std::max(rows_.size(), seen.size()), Vocabulary::kUnseen);
  for (std::size_t index = 0; index < seen.size(); ++index)
    if (seen[index] && !knows(index)) rows_[index] = num_rows_++;
}

Result<CandidateEncoder> CandidateEncoder::fit(const TwoTowerConfig& config, const TrainView& view) {
  const Dataset& dataset = *view.dataset;
  const std::vector<std::uint8_t> seen = items_seen_in(view);
  CandidateEncoder encoder;
  encoder.use_id_ = config.item_id;
  encoder.ids_ = IdRows(seen);
  GEMEL_ASSIGN_OR_RETURN(encoder.features_,
                         fit_features(dataset.item_table(), dataset.config().items.features, config.item_features, seen, "item_features"));
  encoder.table_ = encoder.features_.encode(dataset.item_table());
  GEMEL_RETURN_IF_ERROR(encoder.find_one_hot(config.one_hot));
  if (!config.item_id && encoder.table_.bags.empty() && encoder.table_.numbers.cols() == 0)
    return fail(ErrorCode::kBadConfig, "models.two_tower: the candidate tower has neither item_id nor item_features");
  return encoder;
}

void CandidateEncoder::extend(const TrainView& view) { ids_.extend(items_seen_in(view)); }

std::vector<TableSpec> CandidateEncoder::tables() const {
  std::vector<TableSpec> specs;
  if (use_id_) specs.push_back({"item_id", ids_.num_rows()});
  const std::vector<TableSpec> features = tables_of(table_, "item.");
  for (std::size_t bag = 0; bag < features.size(); ++bag)
    if (std::ranges::find(one_hot_, bag) == one_hot_.end()) specs.push_back(features[bag]);
  return specs;
}

std::size_t CandidateEncoder::num_numbers() const {
  std::size_t columns = table_.numbers.cols();
  for (const std::size_t bag : one_hot_) columns += table_.bags[bag].num_rows;
  return columns;
}

Result<void> CandidateEncoder::find_one_hot(const std::vector<std::string>& names) {
  const std::vector<EncodedPlace> places = features_.places();
  for (const std::string& name : names) {
    const auto place = std::ranges::find(places, name, &EncodedPlace::name);
    if (place == places.end() || !place->bag)
      return fail(ErrorCode::kBadConfig, "models.two_tower.one_hot: '", name, "' is no category, tags or buckets among the item_features");
    const std::uint32_t num_values = table_.bags[*place->bag].num_rows;
    if (num_values > kMaxOneHot)
      return fail(ErrorCode::kBadConfig, "models.two_tower.one_hot: ", name, " has ", num_values, " values, expected at most ", kMaxOneHot,
                  ": each is a column of the first layer; an embedding is made for such features");
    one_hot_.push_back(*place->bag);
  }
  std::ranges::sort(one_hot_);
  one_hot_.erase(std::ranges::unique(one_hot_).begin(), one_hot_.end());
  return {};
}

void CandidateEncoder::encode(std::span<const std::uint32_t> items, const IdDropout& dropout, TowerInput& out) const {
  encode_as_bags(items, dropout, out);
  spread_one_hot(out);
}

// Bags of one-hot features become columns: the weight of a value stands in its column.
void CandidateEncoder::spread_one_hot(TowerInput& out) const {
  if (one_hot_.empty()) return;
  const Matrix plain = std::exchange(out.numbers, Matrix(out.size, num_numbers()));
  for (std::size_t row = 0; row < out.size; ++row) std::ranges::copy(plain.row(row), out.numbers.row(row).begin());
  const std::size_t first_bag = use_id_ ? 1 : 0;
  std::size_t column = plain.cols();
  for (const std::size_t feature : one_hot_) {
    const Bags& bags = out.bags[first_bag + feature];
    for (std::size_t row = 0; row < out.size; ++row)
      for (std::size_t i = 0; i < bags.rows_of(row).size(); ++i) out.numbers(row, column + bags.rows_of(row)[i]) += bags.weights_of(row)[i];
    column += table_.bags[feature].num_rows;
  }
  for (std::size_t i = one_hot_.size(); i-- > 0;) out.bags.erase(out.bags.begin() + static_cast<std::ptrdiff_t>(first_bag + one_hot_[i]));
}

void CandidateEncoder::encode_as_bags(std::span<const std::uint32_t> items, const IdDropout& dropout, TowerInput& out) const {
  out.reset(table_.bags.size() + (use_id_ ? 1 : 0), items.size(), table_.numbers.cols());
  for (std::size_t i = 0; i < items.size(); ++i) {
    std::size_t bag = 0;
    if (use_id_) {
      out.bags[bag].push(dropout.drops(items[i]) ? Vocabulary::kUnseen : ids_.row(items[i]), 1);
      out.bags[bag++].close_bag();
    }
    for (const EncodedBags& feature : table_.bags) out.bags[bag++].append(feature.bags, items[i]);
    std::ranges::copy(table_.numbers.row(items[i]), out.numbers.row(i).begin());
  }
}

std::vector<std::uint8_t> CandidateEncoder::without_id(std::span<const std::uint32_t> items, const IdDropout& dropout) const {
  std::vector<std::uint8_t> without;
  for (const std::uint32_t item : items) without.push_back(!ids_.knows(item) || dropout.drops(item));
  return without;
}

Result<TrendGroup> CandidateEncoder::group_by(std::string_view feature) const {
  const auto found = std::ranges::find(table_.bags, feature, &EncodedBags::name);
  if (found == table_.bags.end())
    return fail(ErrorCode::kBadConfig, "models.two_tower.trend.groups: '", feature, "' is no category and no tags among the item_features");
  TrendGroup group{std::string(feature), {}, 0};
  std::map<std::vector<std::uint32_t>, std::uint32_t> numbers;  // of each set of values
  for (std::size_t item = 0; item < found->bags.size(); ++item) {
    const auto rows = found->bags.rows_of(item);
    const auto [at, is_new] = numbers.try_emplace({rows.begin(), rows.end()}, group.num_groups);
    group.num_groups += is_new;
    group.group_of_item.push_back(at->second);
  }
  return group;
}

Result<QueryEncoder> QueryEncoder::fit(const TwoTowerConfig& config, const TrainView& view, const IdRows& item_ids) {
  const Dataset& dataset = *view.dataset;
  const std::vector<std::uint8_t> seen = users_seen_in(view);
  QueryEncoder encoder;
  encoder.config_ = config;
  encoder.user_ids_ = IdRows(seen);
  encoder.item_ids_ = item_ids;
  encoder.num_actions_ = dataset.action_names().size();
  std::vector<std::uint8_t> is_counted;
  for (std::size_t action = 0; action < encoder.num_actions_; ++action)
    is_counted.push_back(dataset.action_weight(static_cast<ActionIndex>(action)) > 0);
  encoder.personal_counts_ = PersonalCounts(config.personal_half_life_days, std::move(is_counted), dataset.num_items());
  GEMEL_ASSIGN_OR_RETURN(encoder.features_,
                         fit_features(dataset.user_table(), dataset.config().users.features, config.user_features, seen, "user_features"));
  encoder.users_ = encoder.features_.encode(dataset.user_table());
  const auto times = dataset.times().first(view.num_events);
  if (!times.empty()) {
    const auto [first, last] = std::ranges::minmax(times);
    encoder.first_ = first;
    encoder.last_ = last;
  }
  GEMEL_RETURN_IF_ERROR(encoder.make_time_parts());
  if (encoder.tables().empty() && encoder.token_tables().empty() && encoder.num_numbers() == 0)
    return fail(ErrorCode::kBadConfig,
                "models.two_tower: the query tower has no input: give it history, user_id, user_features, action or time");
  return encoder;
}

void QueryEncoder::extend(const TrainView& view, const IdRows& item_ids) {
  user_ids_.extend(users_seen_in(view));
  item_ids_ = item_ids;
}

Result<void> QueryEncoder::make_time_parts() {
  auto time = TimeParts::make(config_.time, first_, last_);
  if (!time) return with_context(time.error(), "models.two_tower.time");
  time_ = *std::move(time);
  return {};
}

std::vector<TableSpec> QueryEncoder::tables() const {
  std::vector<TableSpec> specs;
  if (config_.user_id) specs.push_back({"user_id", user_ids_.num_rows()});
  for (TableSpec& spec : tables_of(users_, "user.")) specs.push_back(std::move(spec));
  if (config_.action) specs.push_back({"action", num_actions_});
  for (const auto& part : time_.embedded()) specs.push_back({concat("time.", part.name), part.num_rows});
  if (config_.history.length > 0) {
    for (const std::string& pool : config_.history.pool)
      if (pool != "attention") specs.push_back(history_table());
  }
  return specs;
}

TableSpec QueryEncoder::history_table() const { return {config_.history.shared_table ? "item_id" : "history", item_ids_.num_rows()}; }

std::vector<TableSpec> QueryEncoder::token_tables() const {
  if (config_.history.length == 0 || !config_.history.has_pool("attention")) return {};
  return {history_table(), {"history.place", config_.history.length}, {"history.age", kNumAges}};
}

std::size_t QueryEncoder::num_numbers() const { return users_.numbers.cols() + (config_.weight ? 1 : 0) + time_.num_numbers(); }

// A customer the Dataset does not know has every feature missing: bags at the missing row, numbers 0. In EncodedTable a number is
// followed by its missing flag, so odd columns are 1.
void QueryEncoder::encode_user(const Query& query, std::vector<Bags>& bags, std::size_t& bag, float*& numbers) const {
  const std::size_t row = query.user ? to_size(*query.user) : SIZE_MAX;
  const bool known = row < users_.numbers.rows();
  if (config_.user_id) {
    bags[bag].push(query.user ? user_ids_.row(row) : Vocabulary::kUnseen, 1);
    bags[bag++].close_bag();
  }
  for (const EncodedBags& feature : users_.bags) {
    if (known) {
      bags[bag++].append(feature.bags, row);
    } else {
      bags[bag].push(Vocabulary::kMissing, 1);
      bags[bag++].close_bag();
    }
  }
  for (std::size_t c = 0; c < users_.numbers.cols(); ++c) *numbers++ = known ? users_.numbers(row, c) : static_cast<float>(c % 2);
}

void QueryEncoder::encode_history(std::span<const HistoryItem> history, TimePoint at, bool by_recency, Bags& out) const {
  const auto recent = history.last(std::min(history.size(), config_.history.length));
  if (recent.empty()) {
    out.push(Vocabulary::kMissing, 1);
    return out.close_bag();
  }
  const std::size_t begin = out.weights.size();
  double total = 0;
  for (std::size_t i = 0; i < recent.size(); ++i) {
    const double age_days = std::chrono::duration<double, std::ratio<86400>>(at - recent[i].at).count();
    const double half_lives =
        age_days / config_.history.half_life_days + static_cast<double>(recent.size() - 1 - i) / config_.history.half_life_events;
    const double weight = by_recency ? std::exp2(-half_lives) + config_.history.floor : 1;
    out.push(item_ids_.row(to_size(recent[i].item)), static_cast<float>(weight));
    total += weight;
  }
  for (std::size_t i = begin; i < out.weights.size(); ++i) out.weights[i] = static_cast<float>(out.weights[i] / total);
  out.close_bag();
}

// Weights bring the small rows of the tables to the size that the encoder's blocks work at (Vaswani et al. 2017, section 3.4).
void QueryEncoder::encode_tokens(std::span<const HistoryItem> history, TimePoint at, TowerInput& out) const {
  const auto recent = history.last(std::min(history.size(), config_.history.length));
  const auto weight = static_cast<float>(std::sqrt(static_cast<double>(config_.embedding_dim)));
  const auto add = [&](std::uint32_t item_row, std::size_t place, std::uint32_t age) {
    const std::uint32_t rows[] = {item_row, static_cast<std::uint32_t>(place), age};
    for (std::size_t part = 0; part < out.token_parts.size(); ++part) {
      out.token_parts[part].push(rows[part], weight);
      out.token_parts[part].close_bag();
    }
  };
  for (std::size_t i = 0; i < recent.size(); ++i)
    add(item_ids_.row(to_size(recent[i].item)), recent.size() - 1 - i, age_bucket(at - recent[i].at));
  if (recent.empty()) add(Vocabulary::kMissing, 0, 0);
  out.token_offsets.push_back(static_cast<std::uint32_t>(out.token_parts[0].size()));
}

void QueryEncoder::encode(std::span<const Query> queries, TowerInput& out) const {
  const std::size_t num_bags = tables().size();
  out.token_parts.resize(token_tables().size());
  out.reset(num_bags, queries.size(), num_numbers());
  for (std::size_t i = 0; i < queries.size(); ++i) {
    const Query& query = queries[i];
    std::size_t bag = 0;
    float* numbers = out.numbers.row(i).data();
    encode_user(query, out.bags, bag, numbers);
    if (config_.action) {
      out.bags[bag].push(static_cast<std::uint32_t>(query.action), 1);
      out.bags[bag++].close_bag();
    }
    for (std::size_t part = 0; part < time_.embedded().size(); ++part) {
      out.bags[bag].push(time_.row(part, query.at), 1);
      out.bags[bag++].close_bag();
    }
    if (config_.history.length > 0) {
      for (const std::string& pool : config_.history.pool)
        if (pool != "attention") encode_history(query.history, query.at, pool == "recency", out.bags[bag++]);
      if (!out.token_parts.empty()) encode_tokens(query.history, query.at, out);
    }
    if (config_.weight) *numbers++ = std::log1p(query.weight);
    time_.numbers(query.at, numbers);
  }
}

Result<void> QueryEncoder::save(const std::filesystem::path& path) const {
  std::vector<std::int64_t> shape{static_cast<std::int64_t>(num_actions_), first_.time_since_epoch().count(),
                                  last_.time_since_epoch().count(), static_cast<std::int64_t>(users_.bags.size())};
  for (const EncodedBags& bags : users_.bags) shape.push_back(bags.num_rows);
  SafetensorsWriter writer;
  writer.add<std::int64_t>("query_encoder", shape);
  writer.add<std::uint32_t>("item_id_rows", item_ids_.rows());
  writer.add<std::uint32_t>("user_id_rows", user_ids_.rows());
  for (std::size_t i = 0; i < users_.bags.size(); ++i) {
    const Bags& bags = users_.bags[i].bags;
    writer.add<std::uint32_t>(concat("user_bags.", i, ".offsets"), bags.offsets);
    writer.add<std::uint32_t>(concat("user_bags.", i, ".rows"), bags.rows);
    writer.add<float>(concat("user_bags.", i, ".weights"), bags.weights);
  }
  writer.add("user_numbers", users_.numbers.view());
  writer.add<std::uint8_t>("personal_actions", personal_counts_.is_counted());
  return writer.write(path);
}

Result<QueryEncoder> QueryEncoder::load(const TwoTowerConfig& config, TableFeatures features, const SafetensorsFile& file) {
  const auto corrupt = [](std::string_view what) { return fail(ErrorCode::kCorrupt, "encoders.safetensors: ", what); };
  QueryEncoder encoder;
  encoder.config_ = config;
  encoder.features_ = std::move(features);
  GEMEL_ASSIGN_OR_RETURN(const auto shape, file.values<std::int64_t>("query_encoder"));
  if (shape.size() < 4 || shape[3] < 0 || shape.size() != 4 + static_cast<std::size_t>(shape[3]))
    return corrupt("query_encoder has a wrong length");
  encoder.num_actions_ = static_cast<std::size_t>(shape[0]);
  encoder.first_ = TimePoint{std::chrono::microseconds{shape[1]}};
  encoder.last_ = TimePoint{std::chrono::microseconds{shape[2]}};
  GEMEL_ASSIGN_OR_RETURN(const auto item_rows, file.values<std::uint32_t>("item_id_rows"));
  GEMEL_ASSIGN_OR_RETURN(const auto user_rows, file.values<std::uint32_t>("user_id_rows"));
  encoder.item_ids_ = IdRows(std::vector(item_rows.begin(), item_rows.end()));
  encoder.user_ids_ = IdRows(std::vector(user_rows.begin(), user_rows.end()));
  GEMEL_ASSIGN_OR_RETURN(const auto numbers, file.matrix("user_numbers", user_rows.size()));
  encoder.users_.numbers = Matrix(numbers);
  for (std::size_t i = 0; i + 4 < shape.size(); ++i) {
    GEMEL_ASSIGN_OR_RETURN(const auto offsets, file.values<std::uint32_t>(concat("user_bags.", i, ".offsets"), {user_rows.size() + 1}));
    GEMEL_ASSIGN_OR_RETURN(const auto rows, file.values<std::uint32_t>(concat("user_bags.", i, ".rows")));
    GEMEL_ASSIGN_OR_RETURN(const auto weights, file.values<float>(concat("user_bags.", i, ".weights"), {rows.size()}));
    if (!std::ranges::is_sorted(offsets) || offsets.front() != 0 || offsets.back() != rows.size())
      return corrupt("user_bags offsets are out of order");
    if (std::ranges::any_of(rows, [&](std::uint32_t row) { return row >= shape[4 + i]; }))
      return corrupt("a user feature lies outside its table");
    encoder.users_.bags.push_back({concat(i), static_cast<std::uint32_t>(shape[4 + i]),
                                   Bags{{offsets.begin(), offsets.end()}, {rows.begin(), rows.end()}, {weights.begin(), weights.end()}}});
  }
  GEMEL_ASSIGN_OR_RETURN(const auto is_counted, file.values<std::uint8_t>("personal_actions", {encoder.num_actions_}));
  encoder.personal_counts_ = PersonalCounts(config.personal_half_life_days, {is_counted.begin(), is_counted.end()}, item_rows.size());
  GEMEL_RETURN_IF_ERROR(encoder.make_time_parts());
  return encoder;
}

}  // namespace gemel
