// What implicit_test.py compares with PyPI implicit. Reads `user item` pairs of whole numbers and
//   recommend_pairs MODEL KNOBS K users    prints for each customer the K best products that they did not have,
//   recommend_pairs MODEL KNOBS K items    prints for each product the K best after a history of it alone,
// as `item:score`; a row is a line. With
//   recommend_pairs alternate DIM OBSERVED_WEIGHT USER_REGULARIZATION ITEM_REGULARIZATION EPOCHS
// the pairs follow the products' first factors, a line each after the line `num_users num_items`, and the scores of all pairs are printed.
#include <fmt/format.h>

#include <algorithm>
#include <iostream>
#include <sstream>

#include "gemel/data/testing.h"
#include "gemel/models/ials/fixed_side.h"
#include "gemel/models/registry.h"
#include "gemel/numerics/kernels.h"

namespace {

using namespace gemel;

int alternate(char** argv) {
  const std::size_t dim = std::stoul(argv[2]), epochs = std::stoul(argv[6]);
  const float weight = std::stof(argv[3]);
  const RowLoss user_loss{.unobserved_weight = 1, .regularization = std::stod(argv[4]), .exponent = 0};
  const RowLoss item_loss{.unobserved_weight = 1, .regularization = std::stod(argv[5]), .exponent = 0};
  std::size_t num_users = 0, num_items = 0;
  std::cin >> num_users >> num_items;
  Matrix items(num_items, FixedSide::width_of(dim)), users(num_users, items.cols());
  for (std::size_t item = 0; item < num_items; ++item) {
    for (std::size_t d = 0; d < dim; ++d) std::cin >> items(item, d);
  }
  InteractionRows rows;  // the pairs come by user, then item
  rows.offsets.clear();
  for (std::uint32_t user, item; std::cin >> user >> item;) {
    while (rows.offsets.size() <= user) rows.offsets.push_back(rows.columns.size());
    rows.columns.push_back(item);
    rows.values.push_back(weight);
  }
  while (rows.offsets.size() <= num_users) rows.offsets.push_back(rows.columns.size());
  const InteractionRows columns = transposed(rows, num_items);
  ThreadPool pool(2);
  std::vector<double> item_turn, user_turn;
  for (std::size_t epoch = 0; epoch < epochs; ++epoch) {
    FixedSide held_items(std::move(items), user_loss, item_turn, pool);
    held_items.solve(rows, users, pool);
    items = held_items.release();
    FixedSide held_users(std::move(users), item_loss, user_turn, pool);
    held_users.solve(columns, items, pool);
    users = held_users.release();
  }
  for (std::size_t user = 0; user < num_users; ++user) {
    for (std::size_t item = 0; item < num_items; ++item)
      fmt::print("{} ", kernels().dot(users.row(user).data(), items.row(item).data(), items.cols()));
    fmt::print("\n");
  }
  return 0;
}

void print(const std::vector<ScoredItem>& answer, const Dataset& dataset) {
  for (const ScoredItem& scored : answer) fmt::print("{}:{} ", dataset.item_table().ids[to_size(scored.item)], scored.score);
  fmt::print("\n");
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 7) return alternate(argv);
  if (argc != 5) return 2;
  const std::size_t k = std::stoul(argv[3]);
  std::vector<testing::EventRow> events;
  std::size_t num_users = 0, num_items = 0;
  for (std::size_t user, item; std::cin >> user >> item;) {
    events.push_back({std::to_string(user), std::to_string(item)});
    num_users = std::max(num_users, user + 1);
    num_items = std::max(num_items, item + 1);
  }
  const Dataset dataset = testing::make_dataset(events);
  const auto model = make_model(argv[1], argv[2]);
  GEMEL_CHECK(model.has_value(), model ? "" : model.error().message);
  ThreadPool pool(2);
  GEMEL_CHECK((*model)->fit({&dataset, dataset.num_events(), testing::at_day(1)}, {.pool = pool}).has_value());
  const Histories histories(dataset, dataset.num_events());
  const bool by_user = std::string_view(argv[4]) == "users";
  for (std::size_t row = 0; row < (by_user ? num_users : num_items); ++row) {
    std::vector<HistoryItem> history;
    std::vector<ItemIndex> excluded;
    Query query;
    query.at = testing::at_day(1);
    if (by_user) {
      const auto user = dataset.user_table().find(std::to_string(row));
      if (user) query.user = UserIndex{*user};
      if (user) query.history = histories.of(*query.user);
      for (const HistoryItem& past : query.history) excluded.push_back(past.item);
    } else if (const auto item = dataset.item_table().find(std::to_string(row)); item) {
      history.push_back({testing::at_day(0), ItemIndex{*item}, 1, {}});
      query.history = history;
    }
    std::ranges::sort(excluded);
    query.excluded = excluded;
    std::vector<std::vector<ScoredItem>> out;
    (*model)->recommend(std::span(&query, 1), k, {}, pool, out);
    print(out[0], dataset);
  }
}
