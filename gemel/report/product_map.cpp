#include "gemel/report/product_map.h"

#include <algorithm>
#include <numeric>

namespace gemel::report {

ProductMap ProductMap::of_best_sellers(const Dataset& dataset, std::size_t num_events) {
  std::vector<double> sales(dataset.num_items(), 0);
  for (const ItemIndex item : dataset.items().first(num_events)) ++sales[to_size(item)];
  std::vector<std::uint32_t> by_sales(sales.size());
  std::iota(by_sales.begin(), by_sales.end(), 0u);
  std::ranges::stable_sort(by_sales, std::greater{}, [&](std::uint32_t item) { return sales[item]; });
  ProductMap map;
  for (const std::uint32_t item : by_sales) {
    if (map.items.size() == kMappedProducts || sales[item] == 0) break;
    map.items.push_back(ItemIndex{item});
    map.sales.push_back(sales[item]);
  }
  return map;
}

void ProductMap::add(std::size_t model, const Recommender& recommender, ThreadPool& pool) {
  const ConstMatrixView embeddings = recommender.item_embeddings();
  if (embeddings.size() == 0) return;
  Matrix rows(items.size(), embeddings.cols);
  for (std::size_t i = 0; i < items.size(); ++i) std::ranges::copy(embeddings.row(to_size(items[i])), rows.row(i).begin());
  models.push_back({model, tsne(rows, {}, pool)});
}

}  // namespace gemel::report
