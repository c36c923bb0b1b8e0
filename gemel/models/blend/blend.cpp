#include "gemel/models/blend/blend.h"

#include <algorithm>
#include <cmath>

#include "gemel/base/scratch_folder.h"
#include "gemel/base/toml_text.h"
#include "gemel/models/blend/fusion_search.h"
#include "gemel/models/registry.h"

namespace gemel {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxSearchQueries = 4000;  // of validation, evenly drawn: weights need no more
constexpr std::size_t kQueriesAtOnce = 64;

std::string_view to_text(FusionMethod method) { return method == FusionMethod::kRank ? "rank" : "score"; }

void check_parts(ConfigTable& table, const std::vector<std::string>& parts) {
  if (parts.size() < 2) table.reject("parts", "expected the names of two models or more");
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (parts[i] == "blend") table.reject("parts", "a blend is no part of a blend");
    if (find_model(parts[i]) == nullptr) table.reject("parts", concat("unknown model '", parts[i], "'"));
    if (std::count(parts.begin(), parts.end(), parts[i]) > 1) table.reject("parts", concat("names '", parts[i], "' twice"));
  }
}

// The first setting of the part's search space with the best NDCG@20 on validation; its only one, without a look.
Result<std::string> choose_knobs(const ModelEntry& entry, const TrainView& view, const FitContext& context) {
  const std::vector<std::string> space = entry.search_space();
  if (space.empty()) return std::string();
  if (space.size() == 1 || context.validation == nullptr) return context.validation == nullptr ? std::string() : space[0];
  std::string best;
  double best_score = -1;
  std::unique_ptr<Recommender> model;
  for (const std::string& setting : space) {
    std::unique_ptr<Recommender> earlier = std::move(model);
    GEMEL_ASSIGN_OR_RETURN(model, make_model(entry.name, setting));
    GEMEL_RETURN_IF_ERROR(model->fit_after(std::move(earlier), view, context));
    GEMEL_ASSIGN_OR_RETURN(const double score, context.validation->score(*model));
    if (score <= best_score) continue;
    best_score = score;
    best = model->knobs();
  }
  context.progress.note(concat("blend: ", entry.name, " with ", best));
  return best;
}

// All parts' answers, part by part.
using Answers = std::vector<std::vector<std::vector<ScoredItem>>>;

std::vector<std::span<const ScoredItem>> lists_of(const Answers& answers, std::size_t query, std::size_t depth) {
  std::vector<std::span<const ScoredItem>> lists;
  for (const auto& part : answers) lists.push_back(std::span(part[query]).first(std::min(depth, part[query].size())));
  return lists;
}

// What the first part names past the candidates, in its order: what it named before does not depend on how much is asked for.
void fill_from(std::span<const ScoredItem> first_part, std::span<const ItemIndex> candidates, std::size_t k,
               std::vector<ScoredItem>& answer) {
  float score = answer.empty() ? 0 : std::min(answer.back().score, 0.f);
  for (const ScoredItem& scored : first_part) {
    if (answer.size() >= k) return;
    if (std::ranges::binary_search(candidates, scored.item)) continue;
    answer.push_back({scored.item, score -= 1});
  }
}

}  // namespace

Result<std::unique_ptr<Recommender>> Blend::make(ConfigTable table) {
  Knobs knobs;
  knobs.parts = table.texts("parts", knobs.parts);
  check_parts(table, knobs.parts);
  ConfigTable parts = table.table("knobs");
  for (const std::string& part : knobs.parts) {
    if (!parts.has(part) || find_model(part) == nullptr) continue;
    ConfigTable own = parts.table(part);
    GEMEL_ASSIGN_OR_RETURN(const auto model, find_model(part)->make(std::move(own)));
    knobs.part_knobs[part] = model->knobs();
  }
  if (table.has("method"))
    knobs.method = table.choice("method", {"rank", "score"}, "rank") == "rank" ? FusionMethod::kRank : FusionMethod::kScore;
  knobs.weights = table.numbers("weights");
  if (!knobs.weights.empty() && knobs.weights.size() != knobs.parts.size())
    table.reject("weights", concat("expected a number for each of the ", knobs.parts.size(), " parts, found ", knobs.weights.size()));
  for (const double weight : knobs.weights)
    if (!(weight >= 0) || std::isinf(weight)) table.reject("weights", concat("expected finite numbers from 0, found ", weight));
  if (!knobs.weights.empty() && std::ranges::count(knobs.weights, 0.0) == std::ssize(knobs.weights))
    table.reject("weights", "expected one above 0 at least");
  knobs.depth = table.count("depth", knobs.depth, 1, 100'000);
  GEMEL_RETURN_IF_ERROR(parts.finish());
  GEMEL_RETURN_IF_ERROR(table.finish());
  return std::unique_ptr<Recommender>(std::make_unique<Blend>(std::move(knobs)));
}

std::string Blend::knobs() const {
  std::string text = concat("parts = ", toml_list(knobs_.parts), ", depth = ", knobs_.depth);
  if (knobs_.method) text += concat(", method = \"", to_text(*knobs_.method), "\"");
  std::string list;
  for (const double weight : knobs_.weights) list += concat(list.empty() ? "" : ", ", weight);
  if (!list.empty()) text += concat(", weights = [", list, "]");
  list.clear();
  for (const auto& [part, knobs] : knobs_.part_knobs) list += concat(list.empty() ? "" : ", ", part, " = {", knobs, "}");
  if (!list.empty()) text += concat(", knobs = {", list, "}");
  return text;
}

Result<void> Blend::fit_part(const std::string& part, const TrainView& view, const FitContext& context) {
  if (!knobs_.part_knobs.contains(part)) {
    GEMEL_ASSIGN_OR_RETURN(const ConfigFile config, open_model_config(view.dataset->config()));
    const std::string fixed = fixed_knobs(config, part);
    GEMEL_ASSIGN_OR_RETURN(knobs_.part_knobs[part],
                           fixed.empty() ? choose_knobs(*find_model(part), view, context) : Result<std::string>(fixed));
  }
  GEMEL_ASSIGN_OR_RETURN(auto model, make_model(part, knobs_.part_knobs[part]));
  const auto fitted = model->fit(view, context);
  if (!fitted) return with_context(fitted.error(), concat("blend: ", part));
  knobs_.part_knobs[part] = model->knobs();
  parts_.push_back(std::move(model));
  return {};
}

Result<void> Blend::fit(const TrainView& view, const FitContext& context) {
  parts_.clear();
  FitContext of_parts{.pool = context.pool, .progress = context.progress, .seed = context.seed, .validation = context.validation};
  for (const std::string& part : knobs_.parts) {
    GEMEL_RETURN_IF_ERROR(fit_part(part, view, of_parts));
    if (interrupted()) return fail(ErrorCode::kInterrupted, "blend: fit stopped");
  }
  if (context.validation != nullptr && (!knobs_.method || knobs_.weights.empty())) GEMEL_RETURN_IF_ERROR(choose_fusion(view, context));
  use_defaults();
  return {};
}

Result<void> Blend::refit(const TrainView& view, const FitContext& context) {
  const FitContext of_parts{.pool = context.pool, .progress = context.progress, .seed = context.seed};
  for (const auto& part : parts_) {
    const auto fitted = part->refit(view, of_parts);
    if (!fitted) return with_context(fitted.error(), concat("blend: ", part->name()));
  }
  return {};
}

void Blend::use_defaults() {
  if (!knobs_.method) knobs_.method = FusionMethod::kRank;
  if (knobs_.weights.empty()) knobs_.weights.assign(knobs_.parts.size(), 1.0 / static_cast<double>(knobs_.parts.size()));
}

// Asking the queries of validation moves the parts' counters forward; they are put back from what was saved before.
Result<void> Blend::choose_fusion(const TrainView& view, const FitContext& context) {
  const Validation& validation = *context.validation;
  GEMEL_ASSIGN_OR_RETURN(const ScratchFolder folder, ScratchFolder::make("blend"));
  GEMEL_RETURN_IF_ERROR(save(folder.path()));
  FusionSearch search(parts_.size());
  const std::size_t step = validation.plan.queries.size() / kMaxSearchQueries + 1;
  Answers answers(parts_.size());
  context.progress.begin("blend: ask the parts", validation.plan.queries.size(), "queries");
  for (const QueryBlock& block : validation.plan.blocks) {
    if (interrupted()) return fail(ErrorCode::kInterrupted, "blend: fit stopped");
    advance(*view.dataset, block.num_known_events, block.now);
    std::vector<Query> queries;
    std::vector<const PlannedQuery*> asked;
    for (std::size_t q = block.queries_begin; q < block.queries_end; ++q) {
      if (q % step != 0) continue;
      asked.push_back(&validation.plan.queries[q]);
      queries.push_back(to_query(*asked.back(), validation.plan, validation.histories));
    }
    const auto eligible = eligible_items(*view.dataset, validation.plan.protocol, block.num_known_events);
    for (std::size_t p = 0; p < parts_.size(); ++p) parts_[p]->recommend(queries, knobs_.depth, eligible, context.pool, answers[p]);
    for (std::size_t q = 0; q < queries.size(); ++q) {
      const auto targets =
          std::span(validation.plan.targets).subspan(asked[q]->targets_begin, asked[q]->targets_end - asked[q]->targets_begin);
      search.add_query(lists_of(answers, q, knobs_.depth), targets);
    }
    context.progress.advance(block.queries_end);
  }
  context.progress.end();
  std::optional<Fusion> best;
  for (const FusionMethod method : {FusionMethod::kRank, FusionMethod::kScore}) {
    if (knobs_.method.value_or(method) != method) continue;
    Fusion found{method, knobs_.weights, 0};
    if (knobs_.weights.empty()) found = search.search(method, context.pool);
    else found.ndcg_at_20 = search.ndcg_at_20(method, knobs_.weights, context.pool);
    if (!best || found.ndcg_at_20 > best->ndcg_at_20) best = std::move(found);
  }
  knobs_.method = best->method;
  knobs_.weights = best->weights;
  return load(folder.path());
}

std::vector<std::string> Blend::warnings() const {
  std::vector<std::string> all;
  for (const auto& part : parts_)
    for (std::string& warning : part->warnings()) all.push_back(std::move(warning));
  return all;
}

void Blend::advance(const Dataset& dataset, std::size_t num_events, TimePoint now) {
  for (const auto& part : parts_) part->advance(dataset, num_events, now);
}

void Blend::recommend(std::span<const Query> queries, std::size_t k, std::span<const std::uint8_t> eligible, ThreadPool& pool,
                      std::vector<std::vector<ScoredItem>>& out) const {
  Answers answers(parts_.size());
  // The first part also says what comes after the candidates, of which there are at most parts * depth.
  for (std::size_t p = 0; p < parts_.size(); ++p)
    parts_[p]->recommend(queries, p == 0 ? k + parts_.size() * knobs_.depth : knobs_.depth, eligible, pool, answers[p]);
  out.resize(queries.size());
  pool.for_blocks(queries.size(), kQueriesAtOnce, [&](std::size_t begin, std::size_t end) {
    FusedCandidates candidates;
    std::vector<ScoredIndex> best;
    for (std::size_t q = begin; q < end; ++q) {
      candidates.gather(*knobs_.method, lists_of(answers, q, knobs_.depth));
      candidates.best(knobs_.weights, k, best);
      out[q].clear();
      for (const ScoredIndex& scored : best) out[q].push_back({ItemIndex{scored.index}, scored.score});
      fill_from(answers[0][q], candidates.items(), k, out[q]);
    }
  });
}

std::optional<IndexReport> Blend::index_report() const {
  std::optional<IndexReport> least;
  for (const auto& part : parts_) {
    const auto report = part->index_report();
    if (report && (!least || report->recall < least->recall)) least = report;
  }
  return least;
}

ConstMatrixView Blend::item_embeddings() const {
  for (const auto& part : parts_)
    if (part->item_embeddings().rows > 0) return part->item_embeddings();
  return {};
}

Result<Explanations> Blend::explain(const Query& query, std::span<const ItemIndex> items, std::span<const std::uint8_t> eligible,
                                    ThreadPool& pool) const {
  Answers answers(parts_.size());
  for (std::size_t p = 0; p < parts_.size(); ++p) parts_[p]->recommend({&query, 1}, knobs_.depth, eligible, pool, answers[p]);
  FusedCandidates candidates;
  candidates.gather(*knobs_.method, lists_of(answers, 0, knobs_.depth));
  Explanations explanations;
  std::size_t num_beyond = 0;
  for (const ItemIndex item : items) {
    ScoreExplanation& product = explanations.products.emplace_back();
    const auto found = std::ranges::lower_bound(candidates.items(), item);
    if (found == candidates.items().end() || *found != item) {
      ++num_beyond;
      continue;
    }
    const auto features = candidates.features_of(static_cast<std::size_t>(found - candidates.items().begin()));
    for (std::size_t p = 0; p < parts_.size(); ++p) {
      double mean = 0;
      for (std::size_t row = 0; row < candidates.size(); ++row) mean += candidates.features_of(row)[p];
      mean /= static_cast<double>(candidates.size());
      product.parts.push_back({knobs_.parts[p], knobs_.weights[p] * features[p], knobs_.weights[p] * (features[p] - mean)});
      product.score += product.parts.back().value;
    }
  }
  if (num_beyond > 0)
    explanations.notes.push_back(concat("blend: ", num_beyond, " of these products no part has among its best ", knobs_.depth,
                                        "; they follow in the order of ", knobs_.parts[0]));
  return explanations;
}

Result<void> Blend::save(const fs::path& directory) const {
  for (std::size_t p = 0; p < parts_.size(); ++p) {
    std::error_code code;
    const fs::path folder = directory / knobs_.parts[p];
    if (!fs::create_directory(folder, code)) return fail(ErrorCode::kIo, folder.string(), ": creating the folder failed: ", code.message());
    GEMEL_RETURN_IF_ERROR(parts_[p]->save(folder));
  }
  return {};
}

Result<void> Blend::load(const fs::path& directory) {
  parts_.clear();
  for (const std::string& part : knobs_.parts) {
    const auto known = knobs_.part_knobs.find(part);
    GEMEL_ASSIGN_OR_RETURN(auto model, make_model(part, known == knobs_.part_knobs.end() ? "" : known->second));
    GEMEL_RETURN_IF_ERROR(model->load(directory / part));
    parts_.push_back(std::move(model));
  }
  use_defaults();
  return {};
}

}  // namespace gemel
