// A small shop and a bundle of it, for tests of this folder and of those above it.
#pragma once

#include "gemel/data/testing.h"
#include "gemel/models/registry.h"
#include "gemel/retrieval/bundle.h"

namespace gemel::testing {

// Four products of the catalogue and one that is first sold after the cut (day 10).
inline Dataset small_shop() {
  return make_dataset(
      {{"ann", "tea", 1},
       {"ann", "tea", 3},
       {"ann", "jam", 5, "view"},
       {"bob", "tea", 2},
       {"bob", "rye", 4},
       {"cem", "rye", 6},
       {"dan", "jam", 12},
       {"ann", "fig", 12.5}},
      {{"tea", {{"title", "Green tea"}, {"brand", "Acme"}, {"price", "4.5"}, {"notes", "mild|green"}}},
       {"rye", {{"title", "Rye bread"}, {"brand", "Mill \"17\""}}},
       {"jam", {{"title", "Plum jam"}, {"price", "3"}}},
       {"oil", {}}},
      {{"eve"}},
      {.item_features = "brand = \"category\"\nprice = \"number\"\nnotes = { type = \"tags\", separator = \"|\" }", .item_name = "title"});
}

inline constexpr double kCutDay = 10;
inline std::size_t events_before(const Dataset& dataset, TimePoint at) {
  return static_cast<std::size_t>(std::ranges::lower_bound(dataset.times(), at) - dataset.times().begin());
}

// A model of this name, fitted on the shop up to the cut and saved there.
inline void save_small_bundle(const std::filesystem::path& target, const Dataset& dataset, std::string_view model_name = "repurchase",
                              std::size_t history_limit = 0) {
  const auto model = make_model(model_name, "").value();
  ThreadPool pool(1);
  const std::size_t num_events = events_before(dataset, at_day(kCutDay));
  model->fit({&dataset, num_events, at_day(kCutDay)}, {.pool = pool}).value();
  save_bundle(target, {.model = *model,
                       .dataset = dataset,
                       .num_events = num_events,
                       .trained_until = at_day(kCutDay),
                       .cut = at_day(kCutDay),
                       .metrics_json = R"({"ndcg_at_20": 0.5})",
                       .history_limit = history_limit})
      .value();
}

}  // namespace gemel::testing
