// The file of a PartitionedIndex: its partitions as they lie in memory.
#include <algorithm>
#include <cmath>

#include "gemel/index/partitioned_index.h"
#include "gemel/numerics/kernels.h"

namespace gemel {
namespace {

template <class T>
std::vector<T> to_vector(std::span<const T> values) {
  return {values.begin(), values.end()};
}

bool all_at_least_0(std::span<const float> values) {
  return std::ranges::all_of(values, [](float value) { return std::isfinite(value) && value >= 0; });
}

}  // namespace

Result<void> PartitionedIndex::save(SafetensorsWriter& writer, const std::filesystem::path& path) const {
  const std::vector<std::int64_t> starts(starts_.begin(), starts_.end());
  writer.add("centroids", centroids_.view());
  writer.add<std::int64_t>("starts", starts);
  writer.add<float>("spreads", spreads_);
  writer.add<float>("steps", steps_);
  writer.add<std::uint32_t>("ids", ids_);
  writer.add<std::uint8_t>("codes", codes_);
  if (keeps_rows()) {
    writer.add<std::int16_t>("rows", rows_.values(), {num_candidates_, dim_});
    writer.add<float>("row_steps", rows_.steps());
  }
  return writer.write(path);
}

Result<PartitionedIndex> PartitionedIndex::load(const SafetensorsFile& file, std::size_t num_candidates, std::size_t dim,
                                                const std::filesystem::path& path) {
  const auto corrupt = [&](std::string_view what) { return fail(ErrorCode::kCorrupt, path.string(), ": ", what); };
  PartitionedIndex index;
  index.num_candidates_ = num_candidates;
  index.dim_ = dim;
  index.num_groups_ = (dim + 3) / 4;
  GEMEL_ASSIGN_OR_RETURN(const auto centroids, file.matrix("centroids", kAnySize, dim));
  if (centroids.rows == 0 || !std::isfinite(kernels().largest_magnitude(centroids.data, centroids.size())))
    return corrupt("centroids are missing or no numbers");
  GEMEL_ASSIGN_OR_RETURN(const auto starts, file.values<std::int64_t>("starts", {centroids.rows + 1}));
  GEMEL_ASSIGN_OR_RETURN(const auto ids, file.values<std::uint32_t>("ids"));
  if (!std::ranges::is_sorted(starts) || starts.front() != 0 || static_cast<std::size_t>(starts.back()) * kNibbleBlock != ids.size())
    return corrupt("starts are out of order");
  GEMEL_ASSIGN_OR_RETURN(const auto codes, file.values<std::uint8_t>("codes", {ids.size() * index.num_groups_ * 2}));
  GEMEL_ASSIGN_OR_RETURN(const auto spreads, file.values<float>("spreads", {centroids.rows}));
  GEMEL_ASSIGN_OR_RETURN(const auto steps, file.values<float>("steps", {4 * index.num_groups_}));
  if (!all_at_least_0(spreads) || !all_at_least_0(steps)) return corrupt("spreads or steps are no lengths");
  std::vector<std::uint8_t> is_there(num_candidates, 0);
  std::size_t num_there = 0;
  for (const std::uint32_t id : ids) {
    if (id == kNobody) continue;
    if (id >= num_candidates || is_there[id] != 0) return corrupt("a candidate is in two partitions, or is none");
    is_there[id] = 1;
    ++num_there;
  }
  if (num_there != num_candidates) return corrupt("a candidate is in no partition");
  const std::size_t block = kNibbleBlock;
  for (std::size_t p = 0; p < centroids.rows; ++p) {
    const auto members =
        ids.subspan(static_cast<std::size_t>(starts[p]) * block, static_cast<std::size_t>(starts[p + 1] - starts[p]) * block);
    if (!std::ranges::is_partitioned(members, [](std::uint32_t id) { return id != kNobody; })) return corrupt("a partition has gaps");
  }
  if (file.tensors().contains("rows") || file.tensors().contains("row_steps")) {
    GEMEL_ASSIGN_OR_RETURN(const auto rows, file.values<std::int16_t>("rows", {num_candidates, dim}));
    GEMEL_ASSIGN_OR_RETURN(const auto row_steps, file.values<float>("row_steps", {num_candidates}));
    // No number: of a row that has a value which is none.
    if (!std::ranges::all_of(row_steps, [](float step) { return std::isnan(step) || (step >= 0 && std::isfinite(step)); }))
      return corrupt("steps of rows are no lengths");
    index.rows_ = ShortRows(rows, row_steps);
  }
  index.centroids_ = Matrix(centroids);
  index.coarse_ = ExactIndex(centroids);
  index.starts_.assign(starts.begin(), starts.end());
  index.spreads_ = to_vector(spreads);
  index.steps_ = to_vector(steps);
  index.ids_ = to_vector(ids);
  index.codes_.assign(codes.begin(), codes.end());
  index.finish();
  return index;
}

}  // namespace gemel
