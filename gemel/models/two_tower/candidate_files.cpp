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
  std::vector<std::int64_t> num_rows;
  for (const EncodedBags& bags : table_.bags) num_rows.push_back(bags.num_rows);
  writer.add<std::int64_t>("item_bags.num_rows", num_rows);
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
  std::size_t num_bags = 0, num_numbers = 0;
  for (const EncodedPlace& place : encoder.features_.places()) {
    num_bags += place.bag.has_value();
    num_numbers += place.number ? 2 : 0;
  }
  GEMEL_ASSIGN_OR_RETURN(const auto numbers, file.matrix("item_numbers", num_items, num_numbers));
  encoder.table_.numbers = Matrix(numbers);
  GEMEL_ASSIGN_OR_RETURN(const auto sizes, file.values<std::int64_t>("item_bags.num_rows", {num_bags}));
  for (const std::int64_t size : sizes) {
    if (size < 0 || size > UINT32_MAX) return corrupt("item_bags.num_rows holds ", size);
    encoder.table_.bags.push_back({"", static_cast<std::uint32_t>(size), {}});
  }
  for (const EncodedPlace& place : encoder.features_.places())
    if (place.bag) encoder.table_.bags[*place.bag].name = place.name;
  GEMEL_RETURN_IF_ERROR(encoder.find_one_hot(config.one_hot));
  const std::vector<TableSpec> tables = encoder.tables();
  const bool fits = tables.size() == spec.candidate_tables.size() && encoder.num_numbers() == spec.num_candidate_numbers;
  if (!fits) return corrupt("does not fit features.json");
  for (std::size_t bag = 0; bag < tables.size(); ++bag) {
    if (tables[bag].num_rows > spec.tables[spec.candidate_tables[bag]].num_rows) return corrupt("names values beyond their table");
  }
  for (std::size_t i = 0; i < num_bags; ++i) {
    GEMEL_ASSIGN_OR_RETURN(const auto offsets, file.values<std::uint32_t>(concat("item_bags.", i, ".offsets"), {num_items + 1}));
    GEMEL_ASSIGN_OR_RETURN(const auto rows, file.values<std::uint32_t>(concat("item_bags.", i, ".rows")));
    GEMEL_ASSIGN_OR_RETURN(const auto weights, file.values<float>(concat("item_bags.", i, ".weights"), {rows.size()}));
    if (!std::ranges::is_sorted(offsets) || offsets.front() != 0 || offsets.back() != rows.size())
      return corrupt("item_bags.", i, ".offsets are out of order");
    EncodedBags& feature = encoder.table_.bags[i];
    if (std::ranges::any_of(rows, [&](std::uint32_t row) { return row >= feature.num_rows; }))
      return corrupt("a feature lies outside its table");
    feature.bags = {{offsets.begin(), offsets.end()}, {rows.begin(), rows.end()}, {weights.begin(), weights.end()}};
  }
  return encoder;
}

}  // namespace gemel
