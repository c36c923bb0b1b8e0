#include "gemel/models/item_knn/co_occurrence.h"

#include <algorithm>

namespace gemel {

BinaryRows items_of_users(const TrainView& view) {
  std::vector<std::uint64_t> pairs;  // user in the upper half, item in the lower
  pairs.reserve(view.num_events);
  const auto users = view.dataset->users();
  const auto items = view.dataset->items();
  for (std::size_t event = 0; event < view.num_events; ++event) {
    pairs.push_back(static_cast<std::uint64_t>(users[event]) << 32 | static_cast<std::uint64_t>(items[event]));
  }
  std::sort(pairs.begin(), pairs.end());
  pairs.erase(std::unique(pairs.begin(), pairs.end()), pairs.end());

  BinaryRows rows;
  rows.offsets.assign(view.dataset->num_users() + 1, 0);
  for (const std::uint64_t pair : pairs) {
    ++rows.offsets[(pair >> 32) + 1];
    rows.columns.push_back(static_cast<std::uint32_t>(pair));
  }
  for (std::size_t r = 0; r + 1 < rows.offsets.size(); ++r) rows.offsets[r + 1] += rows.offsets[r];
  return rows;
}

BinaryRows transposed(const BinaryRows& rows, std::size_t num_columns) {
  BinaryRows out;
  out.offsets.assign(num_columns + 1, 0);
  for (const std::uint32_t column : rows.columns) ++out.offsets[column + 1];
  for (std::size_t c = 0; c < num_columns; ++c) out.offsets[c + 1] += out.offsets[c];
  out.columns.resize(rows.columns.size());
  std::vector<std::size_t> next(out.offsets.begin(), out.offsets.end() - 1);
  for (std::size_t r = 0; r < rows.size(); ++r) {
    for (const std::uint32_t column : rows.row(r)) out.columns[next[column]++] = static_cast<std::uint32_t>(r);
  }
  return out;
}

}  // namespace gemel
