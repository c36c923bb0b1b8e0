#include "gemel/report/summary.h"

#include <fmt/format.h>

#include <algorithm>

namespace gemel::report {
namespace {

double value_of(const ComparedSlice& slice, std::string_view metric) { return slice.metrics[find_metric(metric)].value; }

// "37 of 100"
std::string of_hundred(double share) {
  const double hundredths = 100 * share;
  return fmt::format("{:.{}f} of 100", hundredths, hundredths < 9.5 ? 1 : 0);
}

const ComparedSlice* part_of(const ComparedModel& model, std::string_view name) {
  const auto found = std::ranges::find(model.parts, name, &ComparedSlice::name);
  return found == model.parts.end() || found->num_queries == 0 ? nullptr : &*found;
}

const ComparedModel* best_on_test(const Comparison& comparison) {
  const ComparedModel* best = nullptr;
  for (const ComparedModel& model : comparison.models) {
    if (model.is_oracle) continue;
    if (best == nullptr || value_of(model.all, kDecidingMetric) > value_of(best->all, kDecidingMetric)) best = &model;
  }
  return best;
}

std::string names(const std::vector<std::string>& list) {
  if (list.size() < 2) return list.empty() ? "" : list.front();
  std::string text;
  for (std::size_t i = 0; i + 1 < list.size(); ++i) text += (i == 0 ? "" : ", ") + list[i];
  return text + " and " + list.back();
}

std::string hits_sentence(const ComparedModel& model, const ComparedModel* baseline) {
  std::string text = fmt::format("{} had at least one right product among its first 20 in {} cases", model.label,
                                 of_hundred(value_of(model.all, "hit_rate_at_20")));
  if (baseline != nullptr && baseline != &model)
    text += fmt::format("; the best simple approach, {}, in {}", baseline->label, of_hundred(value_of(baseline->all, "hit_rate_at_20")));
  return text + ".";
}

// How a model does for customers with and without a past, and for products that were new.
std::string cold_sentence(const ComparedModel& model) {
  std::string text;
  const auto add = [&](std::string_view part, std::string_view whom) {
    if (const ComparedSlice* slice = part_of(model, part))
      text += fmt::format("{}{} {}", text.empty() ? "" : ", ", of_hundred(value_of(*slice, kSecondMetric)), whom);
  };
  add("with_history", "for customers with a history");
  add("without_history", "for customers without one");
  add("new_products", "where the product itself was new");
  return text.empty() ? "" : fmt::format("Of the products that customers went on to take, {} found: {}.", model.label, text);
}

std::string catalogue_sentence(const ComparedModel& model) {
  const auto lists = std::ranges::find(model.evaluation.lists, std::size_t{20}, &ListStatistics::k);
  return fmt::format(
      "Its lists of 20 use {:.0f} % of the products on offer, and {:.0f} % of what it shows are products outside the best sellers.",
      100 * lists->catalogue_coverage, 100 * lists->tail_share);
}

// Who is no better than a simple approach, by name.
std::vector<std::string> losing_sentences(const Comparison& comparison) {
  std::vector<std::string> losers, level;
  for (const ComparedModel& model : comparison.models) {
    if (model.is_baseline || model.is_oracle || !model.ndcg_difference) continue;
    const Standing how = standing(*model.ndcg_difference);
    if (how == Standing::kLoses) losers.push_back(model.label);
    if (how == Standing::kDoesNotBeat) level.push_back(model.label);
  }
  std::vector<std::string> sentences;
  const auto tell = [&](const std::vector<std::string>& who, std::string_view what) {
    if (!who.empty()) sentences.push_back(fmt::format("{} {} {}.", names(who), what, comparison.models[*comparison.best_baseline].label));
  };
  tell(losers, losers.size() == 1 ? "loses to the best simple approach," : "lose to the best simple approach,");
  tell(level, level.size() == 1 ? "cannot be told from the best simple approach," : "cannot be told from the best simple approach,");
  return sentences;
}

}  // namespace

std::vector<std::string> summary(const Comparison& comparison, const Promotion& promotion) {
  std::vector<std::string> sentences{promotion.reason};
  const ComparedModel* best = best_on_test(comparison);
  if (best == nullptr) return sentences;
  const ComparedModel* told = promotion.promoted ? &comparison.models[*promotion.promoted] : best;
  sentences.push_back(hits_sentence(*told, comparison.best_baseline ? &comparison.models[*comparison.best_baseline] : nullptr));
  if (std::string cold = cold_sentence(*told); !cold.empty()) sentences.push_back(std::move(cold));
  sentences.push_back(catalogue_sentence(*told));
  for (std::string& sentence : losing_sentences(comparison)) sentences.push_back(std::move(sentence));
  return sentences;
}

}  // namespace gemel::report
