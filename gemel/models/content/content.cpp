#include "gemel/models/content/content.h"

#include <algorithm>
#include <cmath>

#include "gemel/base/toml_text.h"
#include "gemel/models/half_life.h"
#include "gemel/models/mixed_explanation.h"
#include "gemel/numerics/safetensors.h"

namespace gemel {
namespace {

constexpr std::string_view kFileName = "content.safetensors";
constexpr std::string_view kActionsFileName = "content_actions.safetensors";
constexpr std::size_t kQueriesAtOnce = 64;

std::string field_weights_to_toml(const std::map<std::string, double>& weights) {
  std::string text;
  for (const auto& [name, weight] : weights) text += concat(text.empty() ? "" : ", ", toml_key(name), " = ", weight);
  return concat("{", text, "}");
}

double length_of(const TouchedScores& profile) {
  double squares = 0;
  for (const std::uint32_t term : profile.touched()) squares += static_cast<double>(profile[term]) * profile[term];
  return std::sqrt(squares);
}

}  // namespace

Content::Content(Knobs knobs) : knobs_(std::move(knobs)), popularity_(knobs_.popularity.half_life_days) {}

Result<std::unique_ptr<Recommender>> Content::make(ConfigTable table) {
  Knobs knobs;
  ConfigTable weights = table.table("field_weights");
  for (const std::string& name : weights.keys()) knobs.field_weights[name] = weights.number(name, 1, 0);
  knobs.number_buckets = static_cast<int>(table.integer("number_buckets", knobs.number_buckets, 1, 1000));
  knobs.history.read(table);
  knobs.popularity.read(table);
  GEMEL_RETURN_IF_ERROR(weights.finish());
  GEMEL_RETURN_IF_ERROR(table.finish());
  return std::unique_ptr<Recommender>(std::make_unique<Content>(std::move(knobs)));
}

std::vector<std::string> Content::search_space() {
  std::vector<std::string> space;
  for (const double history_days : {60., kNoDecay}) {
    for (const PopularityKnobs& popularity : PopularityKnobs::search_space()) {
      space.push_back(Content({.history = {.half_life_days = history_days}, .popularity = popularity}).knobs());
    }
  }
  return space;
}

TuningSpace Content::tuning_space() {
  return {log_uniform("history_half_life_days", 1, 2000), log_uniform("history_half_life_events", 0.5, 300),
          integer("number_buckets", 3, 50), log_uniform("popularity_half_life_days", .5, 100), uniform("popularity_weight", 0, 1)};
}

std::string Content::knobs() const {
  return concat("field_weights = ", field_weights_to_toml(knobs_.field_weights), ", number_buckets = ", knobs_.number_buckets, ", ",
                knobs_.history.to_toml(), ", ", knobs_.popularity.to_toml());
}

Result<void> Content::fit(const TrainView& view, const FitContext&) {
  GEMEL_ASSIGN_OR_RETURN(terms_, ItemTerms::make(view, knobs_.field_weights, knobs_.number_buckets));
  action_weights_ = action_weights(*view.dataset);
  popularity_.fit(view);
  return {};
}

bool Content::take_fit(const Recommender& fitted, const TrainView& view) {
  const auto* other = dynamic_cast<const Content*>(&fitted);
  if (other == nullptr || other->knobs_.field_weights != knobs_.field_weights || other->knobs_.number_buckets != knobs_.number_buckets)
    return false;
  terms_ = other->terms_;
  action_weights_ = other->action_weights_;
  popularity_.fit(view);
  return true;
}

std::vector<std::string> Content::warnings() const {
  if (terms_.num_terms() > 0) return {};
  return {"content: the catalogue has no features to compare products by; only popularity is left"};
}

void Content::advance(const Dataset& dataset, std::size_t num_events, TimePoint now) { popularity_.advance(dataset, num_events, now); }

double Content::strength(const Query& query, std::size_t n) const {
  const HistoryItem& past = knobs_.history.recent(query)[n];
  return action_weights_[to_size(past.action)] * past.weight * knobs_.history.fade(query, n);
}

void Content::build_profile(const Query& query, TouchedScores& profile) const {
  const auto events = knobs_.history.recent(query);
  for (std::size_t event = 0; event < events.size(); ++event) {
    const auto of_event = static_cast<float>(strength(query, event));
    if (!(of_event > 0)) continue;
    const auto terms = terms_.terms_of(to_size(events[event].item));
    const auto weights = terms_.weights_of(to_size(events[event].item));
    for (std::size_t n = 0; n < terms.size(); ++n) profile.add(terms[n], of_event * weights[n]);
  }
}

void Content::add_cosines(const TouchedScores& profile, TouchedScores& scores) const {
  const double per_length = 1 / length_of(profile);
  for (const std::uint32_t term : profile.touched()) {
    const auto own = static_cast<float>(profile[term] * per_length);
    const auto items = terms_.items_with(term);
    const auto weights = terms_.weights_with(term);
    for (std::size_t n = 0; n < items.size(); ++n) scores.add(items[n], own * weights[n]);
  }
}

void Content::recommend(std::span<const Query> queries, std::size_t k, std::span<const std::uint8_t> eligible, ThreadPool& pool,
                        std::vector<std::vector<ScoredItem>>& out) const {
  out.resize(queries.size());
  pool.for_blocks(queries.size(), kQueriesAtOnce, [&](std::size_t begin, std::size_t end) {
    TouchedScores profile(terms_.num_terms()), scores(terms_.num_items());
    for (std::size_t q = begin; q < end; ++q) {
      build_profile(queries[q], profile);
      add_cosines(profile, scores);
      popularity_.rank(queries[q], k, eligible, scores, knobs_.popularity.weight, out[q]);
      profile.clear();
      scores.clear();
    }
  });
}

Result<Explanations> Content::explain(const Query& query, std::span<const ItemIndex> items, std::span<const std::uint8_t>,
                                      ThreadPool&) const {
  TouchedScores profile(terms_.num_terms()), cosines(terms_.num_items());
  build_profile(query, profile);
  add_cosines(profile, cosines);
  const MixedExplanation mixed(name(), cosines, popularity_, knobs_.popularity.weight);
  const double per_length = mixed.has_own() ? mixed.own_factor() / length_of(profile) : 0;

  Explanations explanations;
  if (!mixed.has_own())
    explanations.notes.push_back("nothing in the history says what this customer likes: the ranking is that of popularity");
  for (const ItemIndex item : items) {
    ScoreExplanation& product = explanations.products.emplace_back(mixed.parts_of(item));
    if (product.parts.empty()) continue;
    const auto terms = terms_.terms_of(to_size(item));
    const auto weights = terms_.weights_of(to_size(item));
    for (std::size_t n = 0; n < terms.size(); ++n)
      if (profile[terms[n]] > 0) product.features.push_back({terms_.name(terms[n]), per_length * profile[terms[n]] * weights[n]});
    sort_by_size(product.features);
    const auto events = knobs_.history.recent(query);
    product.history = history_effects(query, events, [&](std::size_t n) {
      return per_length * strength(query, n) * terms_.product(to_size(events[n].item), to_size(item));
    });
  }
  return explanations;
}

Result<void> Content::save(const std::filesystem::path& directory) const {
  SafetensorsWriter writer;
  writer.add<double>("action_weights", action_weights_);
  GEMEL_RETURN_IF_ERROR(writer.write(directory / kActionsFileName));
  GEMEL_RETURN_IF_ERROR(terms_.save(directory / kFileName));
  return popularity_.save(directory);
}

Result<void> Content::load(const std::filesystem::path& directory) {
  GEMEL_RETURN_IF_ERROR(popularity_.load(directory));
  GEMEL_ASSIGN_OR_RETURN(terms_, ItemTerms::load(directory / kFileName, popularity_.num_items()));
  GEMEL_ASSIGN_OR_RETURN(const SafetensorsFile file, SafetensorsFile::open(directory / kActionsFileName));
  GEMEL_ASSIGN_OR_RETURN(const auto weights, file.values<double>("action_weights"));
  action_weights_.assign(weights.begin(), weights.end());
  return {};
}

}  // namespace gemel
