// The best-selling products on a plane, near each other where a model's embeddings say that they are alike.
#pragma once

#include <string>
#include <vector>

#include "gemel/data/dataset.h"
#include "gemel/models/recommender.h"
#include "gemel/report/tsne.h"

namespace gemel::report {

inline constexpr std::size_t kMappedProducts = 1500;  // more would hide each other, and cost their square

struct ProductMap {
  std::vector<ItemIndex> items;
  std::vector<double> sales;  // events of each item before the cut
  struct OfModel {
    std::size_t model;  // its place among the judged
    std::vector<Point> points;  // [items]
  };
  std::vector<OfModel> models;  // those that have embeddings

  // The products with most events among the first `num_events`, at most kMappedProducts.
  static ProductMap of_best_sellers(const Dataset& dataset, std::size_t num_events);
  void add(std::size_t model, const Recommender& recommender, ThreadPool& pool);
};

}  // namespace gemel::report
