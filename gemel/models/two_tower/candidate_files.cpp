// candidate_features.safetensors: what the candidate tower reads of every product, so that an explanation can leave a part of it out.
#include <algorithm>

#include "gemel/models/two_tower/encoders.h"

namespace gemel {

Result<void> CandidateEncoder::save(const std::filesystem::path& path) const {
  SafetensorsWriter writer;
  writer.add<std::uint32_t>("item_id_rows", ids_.rows());
  for (std::size_t i = 0; i < table_.bags.size(); ++i) {
    const Bags& bags = table_.bags[i].bags;
    writer.add<std::uint32_t>(concat("item_bags.", i, ".offsets"), bags.offsets);
    writer.add<std::uint32_t>(concat("item_bags.", i, ".rows"), bags.rows);
    writer.add<float>(concat("item_bags.", i, ".weights"), bags.weights);
  }
  writer.add("item_numbers", table_.numbers.view());
  return writer.write(path);
}

Result<CandidateEncoder> CandidateEncoder::load(const TwoTowerConfig& config, TableFeatures features, const NetworkSpec& spec,
                                                std::size_t num_items, const std::filesystem::path& path) {
  const auto corrupt = [&](const auto&... what) { return fail(ErrorCode::kCorrupt, path.string(), ": ", what...); };
  GEMEL_ASSIGN_OR_RETURN(const SafetensorsFile file, SafetensorsFile::open(path));
  CandidateEncoder encoder;
  encoder.use_id_ = config.item_id;
  encoder.features_ = std::move(features);
  GEMEL_ASSIGN_OR_RETURN(const auto id_rows, file.values<std::uint32_t>("item_id_rows", {num_items}));
  encoder.ids_ = IdRows(std::vector(id_rows.begin(), id_rows.end()));
  GEMEL_ASSIGN_OR_RETURN(const auto numbers, file.matrix("item_numbers", num_items, spec.num_candidate_numbers));
  encoder.table_.numbers = Matrix(numbers.rows, numbers.cols);
  std::copy_n(numbers.data, numbers.size(), encoder.table_.numbers.data());

  std::size_t num_bags = 0, num_numbers = 0;
  for (const EncodedPlace& place : encoder.features_.places()) {
    num_bags += place.bag.has_value();
    num_numbers += place.number ? 2 : 0;
  }
  const std::size_t first_bag = config.item_id ? 1 : 0;
  if (first_bag + num_bags != spec.candidate_tables.size() || num_numbers != spec.num_candidate_numbers)
    return corrupt("does not fit features.json");
  const auto rows_of = [&](std::size_t bag) { return spec.tables[spec.candidate_tables[bag]].num_rows; };
  if (config.item_id && encoder.ids_.num_rows() > rows_of(0)) return corrupt("names products beyond their table");
  for (std::size_t i = 0; i < num_bags; ++i) {
    GEMEL_ASSIGN_OR_RETURN(const auto offsets, file.values<std::uint32_t>(concat("item_bags.", i, ".offsets"), {num_items + 1}));
    GEMEL_ASSIGN_OR_RETURN(const auto rows, file.values<std::uint32_t>(concat("item_bags.", i, ".rows")));
    GEMEL_ASSIGN_OR_RETURN(const auto weights, file.values<float>(concat("item_bags.", i, ".weights"), {rows.size()}));
    if (!std::ranges::is_sorted(offsets) || offsets.front() != 0 || offsets.back() != rows.size())
      return corrupt("item_bags.", i, ".offsets are out of order");
    const std::size_t num_rows = rows_of(first_bag + i);
    if (std::ranges::any_of(rows, [&](std::uint32_t row) { return row >= num_rows; })) return corrupt("a feature lies outside its table");
    encoder.table_.bags.push_back({concat(i), static_cast<std::uint32_t>(num_rows),
                                   Bags{{offsets.begin(), offsets.end()}, {rows.begin(), rows.end()}, {weights.begin(), weights.end()}}});
  }
  return encoder;
}

}  // namespace gemel
