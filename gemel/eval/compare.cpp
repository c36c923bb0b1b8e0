#include "gemel/eval/compare.h"

#include <fmt/format.h>

#include <algorithm>

#include "gemel/eval/promotion.h"

namespace gemel {
namespace {

ComparedSlice with_intervals(const Slice& slice, std::uint64_t seed, ThreadPool& pool) {
  const CustomerBootstrap bootstrap(slice.users, seed);
  return {.name = slice.name,
          .meaning = slice.meaning,
          .num_queries = slice.num_queries(),
          .num_customers = bootstrap.num_customers(),
          .num_targets = slice.num_targets,
          .metrics = bootstrap.intervals(slice.values, kNumMetrics, pool)};
}

// All slices of all models at once: most are too small to keep all threads busy.
void find_intervals(std::vector<ComparedModel>& models, std::uint64_t seed, ThreadPool& pool) {
  std::vector<std::pair<const Slice*, ComparedSlice*>> wanted;
  const auto want = [&](const std::vector<Slice>& slices, std::vector<ComparedSlice>& compared) {
    compared.resize(slices.size());
    for (std::size_t i = 0; i < slices.size(); ++i) wanted.emplace_back(&slices[i], &compared[i]);
  };
  for (ComparedModel& model : models) {
    wanted.emplace_back(&model.evaluation.all, &model.all);
    want(model.evaluation.parts, model.parts);
    want(model.evaluation.by_popularity, model.by_popularity);
    want(model.evaluation.by_history, model.by_history);
  }
  std::ranges::stable_sort(wanted, std::greater(), [](const auto& pair) { return pair.first->num_queries(); });  // the longest first
  pool.run(wanted.size(), [&](std::size_t i) { *wanted[i].second = with_intervals(*wanted[i].first, seed, pool); });
}

std::string difference_text(const Interval& difference) {
  return fmt::format("{:+.4f} NDCG@20 (95 % interval {:+.4f} to {:+.4f})", difference.value, difference.low, difference.high);
}

double deciding_value(const ComparedModel& model) { return model.all.metrics[find_metric(kDecidingMetric)].value; }

// Empty without an oracle.
std::string way_to_the_oracle(const Comparison& comparison) {
  const auto oracle = std::ranges::find(comparison.models, true, &ComparedModel::is_oracle);
  if (oracle == comparison.models.end()) return "";
  std::string text = fmt::format("\nThe best possible here, the oracle, has NDCG@20 {:.4f}.", deciding_value(*oracle));
  const ComparedModel& baseline = comparison.models[*comparison.best_baseline];
  const double way = deciding_value(*oracle) - deciding_value(baseline);
  if (way <= 0) return text;
  for (const ComparedModel& model : comparison.models) {
    if (model.is_baseline || model.is_oracle) continue;
    text += fmt::format(" From {} to it, {} goes {:.0f} % of the way.", baseline.label, model.label,
                        100 * (deciding_value(model) - deciding_value(baseline)) / way);
  }
  return text;
}

}  // namespace

Interval paired_difference(const Slice& slice, const Slice& baseline, std::size_t metric, std::uint64_t seed, ThreadPool& pool) {
  GEMEL_CHECK(slice.users == baseline.users, "evaluations of different plans cannot be compared");
  std::vector<double> differences(slice.num_queries());
  for (std::size_t query = 0; query < differences.size(); ++query) {
    differences[query] = slice.values[query * kNumMetrics + metric] - baseline.values[query * kNumMetrics + metric];
  }
  return CustomerBootstrap(slice.users, seed).intervals(differences, 1, pool)[0];
}

Comparison compare(std::vector<Contender> contenders, std::uint64_t seed, ThreadPool& pool) {
  const std::size_t ndcg = find_metric(kDecidingMetric), recall = find_metric(kSecondMetric);
  Comparison comparison;
  for (Contender& contender : contenders) {
    ComparedModel model;
    model.evaluation = std::move(contender.evaluation);
    model.label = contender.label.empty() ? model.evaluation.model : std::move(contender.label);
    model.is_baseline = contender.is_baseline;
    model.is_oracle = contender.is_oracle;
    model.validation = std::move(contender.validation);
    comparison.models.push_back(std::move(model));
  }
  find_intervals(comparison.models, seed, pool);
  for (std::size_t m = 0; m < comparison.models.size(); ++m) {
    const auto value = [&](std::size_t index) { return comparison.models[index].all.metrics[ndcg].value; };
    if (!comparison.models[m].is_baseline) continue;
    if (!comparison.best_baseline || value(m) > value(*comparison.best_baseline)) comparison.best_baseline = m;
  }
  if (!comparison.best_baseline) return comparison;
  const Slice& baseline = comparison.models[*comparison.best_baseline].evaluation.all;
  for (std::size_t m = 0; m < comparison.models.size(); ++m) {
    if (m == *comparison.best_baseline) continue;
    ComparedModel& model = comparison.models[m];
    model.ndcg_difference = paired_difference(model.evaluation.all, baseline, ndcg, seed, pool);
    model.recall_difference = paired_difference(model.evaluation.all, baseline, recall, seed, pool);
  }
  return comparison;
}

std::string verdict(const Comparison& comparison) {
  if (!comparison.best_baseline) return "No baseline was evaluated: there is nothing to compare with.";
  const std::string& baseline = comparison.models[*comparison.best_baseline].label;
  std::string text;
  for (const ComparedModel& model : comparison.models) {
    if (model.is_baseline || model.is_oracle) continue;
    const Interval& difference = *model.ndcg_difference;
    const std::string_view outcome = to_text(standing(difference));
    text += fmt::format("{}{} {} the best baseline {}: {}.", text.empty() ? "" : "\n", model.label, outcome, baseline,
                        difference_text(difference));
  }
  if (text.empty()) text = fmt::format("The best baseline is {}.", baseline);
  return text + way_to_the_oracle(comparison);
}

}  // namespace gemel
