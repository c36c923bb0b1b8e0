#include "gemel/eval/promotion.h"

#include <fmt/format.h>

#include <algorithm>

namespace gemel {
namespace {

std::string difference_text(const Interval& difference) {
  return fmt::format("{:+.4f} NDCG@20, 95 % interval {:+.4f} to {:+.4f}", difference.value, difference.low, difference.high);
}

const std::string& name_of(const Comparison& comparison, std::size_t model) { return comparison.models[model].label; }

// Best first; of equals the one that came first.
std::vector<ValidationStanding> ranked_on_validation(const Comparison& comparison) {
  std::vector<ValidationStanding> ranked;
  for (std::size_t m = 0; m < comparison.models.size(); ++m) {
    const ComparedModel& model = comparison.models[m];
    if (model.validation && !model.is_oracle) ranked.push_back({m, *model.validation, std::nullopt});
  }
  std::ranges::stable_sort(ranked, std::greater{}, [](const ValidationStanding& each) { return each.figure.ndcg_at_20; });
  return ranked;
}

// Why the best on validation may not be promoted, since a baseline is as good; empty when it may.
std::string objection(const Comparison& comparison, const ValidationStanding& best, const ValidationStanding& baseline) {
  const std::string& name = name_of(comparison, best.model);
  if (best.difference && standing(*best.difference) != Standing::kBeats)
    return fmt::format("{} has the best figure on validation, but does not beat the best baseline there, {}, beyond chance ({})", name,
                       name_of(comparison, baseline.model), difference_text(*best.difference));
  const Interval& on_test = *comparison.models[best.model].ndcg_difference;
  if (standing(on_test) == Standing::kBeats) return "";
  return fmt::format("{} is the best on validation, but on the test it {} the best baseline, {} ({})", name, to_text(standing(on_test)),
                     name_of(comparison, *comparison.best_baseline), difference_text(on_test));
}

std::string evidence(const Comparison& comparison, const ValidationStanding& best, const ValidationStanding& baseline) {
  const std::string on_validation = best.difference
                                        ? difference_text(*best.difference)
                                        : fmt::format("NDCG@20 {:.4f} against {:.4f}", best.figure.ndcg_at_20, baseline.figure.ndcg_at_20);
  return fmt::format(
      "{} is promoted: it is the best on validation, beats the best baseline there, {} ({}), and beats the best baseline of the test, {} "
      "({}).",
      name_of(comparison, best.model), name_of(comparison, baseline.model), on_validation, name_of(comparison, *comparison.best_baseline),
      difference_text(*comparison.models[best.model].ndcg_difference));
}

}  // namespace

std::string_view to_text(Standing standing) {
  return standing == Standing::kBeats ? "beats" : standing == Standing::kLoses ? "loses to" : "does not beat";
}

Promotion decide_promotion(const Comparison& comparison, std::uint64_t seed, ThreadPool& pool) {
  Promotion promotion{.validation = ranked_on_validation(comparison), .promoted = {}, .refused = {}, .reason = {}};
  auto& ranked = promotion.validation;
  const auto baseline =
      std::ranges::find_if(ranked, [&](const ValidationStanding& each) { return comparison.models[each.model].is_baseline; });
  if (ranked.empty()) {
    promotion.reason = "Nothing is promoted: no model was judged on a validation period.";
    return promotion;
  }
  if (baseline == ranked.end()) {
    promotion.reason = "Nothing is promoted: without a baseline judged on validation it cannot be known whether a model is worth its cost.";
    return promotion;
  }
  for (ValidationStanding& each : ranked) {
    const auto &queries = each.figure.queries, &rival = baseline->figure.queries;
    if (&each == &*baseline || !queries || !rival || queries->users != rival->users) continue;
    each.difference = paired_difference(*queries, *rival, find_metric(kDecidingMetric), seed, pool);
  }
  const ValidationStanding& best = ranked.front();
  if (&best == &*baseline) {
    promotion.promoted = best.model;
    promotion.reason = fmt::format("{} is promoted: a baseline, and the best on validation.", name_of(comparison, best.model));
    return promotion;
  }
  const std::string why_not = objection(comparison, best, *baseline);
  promotion.promoted = why_not.empty() ? best.model : baseline->model;
  if (!why_not.empty()) promotion.refused = best.model;
  promotion.reason = why_not.empty() ? evidence(comparison, best, *baseline)
                                     : fmt::format("{}. {} is not promoted; {}, the best baseline on validation, is.", why_not,
                                                   name_of(comparison, best.model), name_of(comparison, baseline->model));
  return promotion;
}

}  // namespace gemel
