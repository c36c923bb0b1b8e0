#include "gemel/models/content/item_terms.h"

#include <algorithm>
#include <cmath>
#include <unordered_map>

#include "gemel/features/number_scaler.h"
#include "gemel/features/text_terms.h"

namespace gemel {
namespace {

// Values of one product in one feature; numbers come in `numbers`, in days for times.
void values_of(const FeatureColumn& column, std::size_t row, std::vector<std::string>& out) {
  out.clear();
  if (column.type == FeatureType::kTags) {
    for (auto i = column.lists[row]; i < column.lists[row + 1]; ++i) out.emplace_back(column.texts[static_cast<std::size_t>(i)]);
  } else if (column.type == FeatureType::kText) {
    out = words_of(column.texts[row]);
  } else {
    out.emplace_back(column.texts[row]);
  }
  std::erase(out, "");
}

std::vector<double> numbers_of(const FeatureColumn& column, std::size_t num_rows) {
  if (column.type == FeatureType::kNumber) return {column.numbers.begin(), column.numbers.end()};
  std::vector<double> days;
  for (std::size_t row = 0; row < num_rows; ++row)
    days.push_back(column.times[row] == kMissingTime ? std::nan("")
                                                     : static_cast<double>(day_of(column.times[row]).time_since_epoch().count()));
  return days;
}

// What people call a bucket.
std::string bucket_name(const NumberScaler& scaler, std::uint32_t bucket) {
  const auto& boundaries = scaler.boundaries;
  if (boundaries.empty()) return "any";
  if (bucket == 1) return concat("below ", boundaries.front());
  if (bucket == boundaries.size() + 1) return concat("from ", boundaries.back());
  return concat(boundaries[bucket - 2], " to ", boundaries[bucket - 1]);
}

// Numbers terms as they come and collects which product has which, field by field.
class TermCollector {
 public:
  explicit TermCollector(std::size_t num_items) : rows_(num_items) {}

  void add_field(const FeatureColumn& column, double weight, int number_buckets, std::span<const std::uint8_t> known) {
    numbers_by_name_.clear();
    const bool is_number = column.type == FeatureType::kNumber || column.type == FeatureType::kTime;
    is_number ? read_numbers(column, number_buckets, known) : read_texts(column);
    for (std::size_t item = 0; item < rows_.size(); ++item) {
      auto& found = found_[item];
      for (auto& [term, count] : found)
        rows_[item].push_back({term, static_cast<float>(weight * count / std::sqrt(static_cast<double>(found.size())))});
    }
  }

  std::vector<std::string> names;
  std::vector<std::vector<std::pair<std::uint32_t, float>>> take_rows() { return std::move(rows_); }

 private:
  void read_texts(const FeatureColumn& column) {
    std::vector<std::string> values;
    found_.assign(rows_.size(), {});
    for (std::size_t item = 0; item < rows_.size(); ++item) {
      values_of(column, item, values);
      for (const std::string& value : values) count(item, term_of(column.name, value));
    }
  }

  void read_numbers(const FeatureColumn& column, int number_buckets, std::span<const std::uint8_t> known) {
    const std::vector<double> numbers = numbers_of(column, rows_.size());
    std::vector<double> known_numbers;
    for (std::size_t item = 0; item < rows_.size(); ++item)
      if (known[item]) known_numbers.push_back(numbers[item]);
    const NumberScaler scaler(std::move(known_numbers), "none", number_buckets);
    found_.assign(rows_.size(), {});
    for (std::size_t item = 0; item < rows_.size(); ++item) {
      const std::uint32_t bucket = scaler.bucket(numbers[item]);
      if (bucket != NumberScaler::kMissingBucket) count(item, term_of(column.name, bucket_name(scaler, bucket)));
    }
  }

  std::uint32_t term_of(const std::string& field, const std::string& value) {
    const auto [place, is_new] = numbers_by_name_.emplace(value, static_cast<std::uint32_t>(names.size()));
    if (is_new) names.push_back(concat(field, " ", value));
    return place->second;
  }

  void count(std::size_t item, std::uint32_t term) {
    for (auto& [known, times] : found_[item])
      if (known == term) return void(++times);
    found_[item].push_back({term, 1});
  }

  std::unordered_map<std::string, std::uint32_t> numbers_by_name_;         // of this field
  std::vector<std::vector<std::pair<std::uint32_t, std::size_t>>> found_;  // [num_items] counts of this field's terms
  std::vector<std::vector<std::pair<std::uint32_t, float>>> rows_;
};

std::vector<double> inverse_frequencies(const std::vector<std::vector<std::pair<std::uint32_t, float>>>& rows,
                                        std::span<const std::uint8_t> known, std::size_t num_terms) {
  std::vector<double> idf(num_terms);
  double num_known = 0;
  for (std::size_t item = 0; item < rows.size(); ++item) {
    if (!known[item]) continue;
    ++num_known;
    for (const auto& [term, weight] : rows[item]) ++idf[term];
  }
  for (double& value : idf) value = std::log((1 + num_known) / (1 + value)) + 1;
  return idf;
}

Result<double> weight_of(const std::map<std::string, double>& field_weights, const std::string& name) {
  const auto found = field_weights.find(name);
  return found == field_weights.end() ? 1 : found->second;
}

Result<void> check_names(const std::map<std::string, double>& field_weights, const EntityTable& items) {
  std::string declared;
  for (const FeatureColumn& column : items.features)
    if (column.type != FeatureType::kShown) declared += concat(declared.empty() ? "" : ", ", column.name);
  for (const auto& [name, weight] : field_weights) {
    const FeatureColumn* column = items.feature(name);
    if (column == nullptr || column->type == FeatureType::kShown)
      return fail(ErrorCode::kBadConfig, "models.content.field_weights: unknown feature '", name,
                  "'; declared in shop.toml: ", declared.empty() ? "none" : declared);
  }
  return {};
}

}  // namespace

Result<ItemTerms> ItemTerms::make(const TrainView& view, const std::map<std::string, double>& field_weights, int number_buckets) {
  const EntityTable& table = view.dataset->item_table();
  GEMEL_RETURN_IF_ERROR(check_names(field_weights, table));
  std::vector<std::uint8_t> known(table.size());
  for (const ItemIndex item : view.dataset->items().first(view.num_events)) known[to_size(item)] = 1;
  TermCollector collector(table.size());
  for (const FeatureColumn& column : table.features) {
    if (column.type == FeatureType::kShown) continue;
    GEMEL_ASSIGN_OR_RETURN(const double weight, weight_of(field_weights, column.name));
    if (weight > 0) collector.add_field(column, weight, number_buckets, known);
  }
  ItemTerms terms;
  terms.names_ = std::move(collector.names);
  auto rows = collector.take_rows();
  const std::vector<double> idf = inverse_frequencies(rows, known, terms.num_terms());
  for (auto& row : rows) {
    std::ranges::sort(row);
    double squares = 0;
    for (auto& [term, weight] : row) {
      weight = static_cast<float>(weight * idf[term]);
      squares += static_cast<double>(weight) * weight;
    }
    for (const auto& [term, weight] : row) {
      terms.items_.columns.push_back(term);
      terms.items_.values.push_back(static_cast<float>(weight / std::sqrt(squares)));
    }
    terms.items_.offsets.push_back(terms.items_.columns.size());
  }
  terms.terms_ = transposed(terms.items_, terms.num_terms());
  return terms;
}

double ItemTerms::product(std::size_t item, std::size_t other) const {
  const auto terms = terms_of(item), other_terms = terms_of(other);
  const auto weights = weights_of(item), other_weights = weights_of(other);
  double sum = 0;
  for (std::size_t n = 0, m = 0; n < terms.size() && m < other_terms.size();) {
    if (terms[n] == other_terms[m]) sum += static_cast<double>(weights[n++]) * other_weights[m++];
    else terms[n] < other_terms[m] ? ++n : ++m;
  }
  return sum;
}

Result<void> ItemTerms::save(const std::filesystem::path& path) const {
  std::string names;
  std::vector<std::int64_t> name_offsets{0};
  for (const std::string& name : names_) {
    names += name;
    name_offsets.push_back(static_cast<std::int64_t>(names.size()));
  }
  const std::vector<std::int64_t> offsets(items_.offsets.begin(), items_.offsets.end());
  SafetensorsWriter writer;
  writer.add<std::uint8_t>("names", std::span(reinterpret_cast<const std::uint8_t*>(names.data()), names.size()));
  writer.add<std::int64_t>("name_offsets", name_offsets);
  writer.add<std::int64_t>("offsets", offsets);
  writer.add<std::uint32_t>("terms", items_.columns);
  writer.add<float>("weights", items_.values);
  return writer.write(path);
}

Result<ItemTerms> ItemTerms::load(const std::filesystem::path& path, std::size_t num_items) {
  GEMEL_ASSIGN_OR_RETURN(const SafetensorsFile file, SafetensorsFile::open(path));
  GEMEL_ASSIGN_OR_RETURN(const auto names, file.values<std::uint8_t>("names"));
  GEMEL_ASSIGN_OR_RETURN(const auto name_offsets, file.values<std::int64_t>("name_offsets"));
  GEMEL_ASSIGN_OR_RETURN(const auto offsets, file.values<std::int64_t>("offsets", {num_items + 1}));
  GEMEL_ASSIGN_OR_RETURN(const auto columns, file.values<std::uint32_t>("terms"));
  GEMEL_ASSIGN_OR_RETURN(const auto weights, file.values<float>("weights", {columns.size()}));
  const auto rises_to = [](std::span<const std::int64_t> rising, std::size_t end) {
    return !rising.empty() && rising.front() == 0 && std::ranges::is_sorted(rising) && rising.back() == static_cast<std::int64_t>(end);
  };
  const std::size_t num_terms = name_offsets.empty() ? 0 : name_offsets.size() - 1;
  if (!rises_to(name_offsets, names.size()) || !rises_to(offsets, columns.size()) ||
      !std::ranges::all_of(columns, [num_terms](std::uint32_t term) { return term < num_terms; }))
    return fail(ErrorCode::kCorrupt, path.string(), ": expected terms of ", num_items, " products, found offsets or terms outside");
  ItemTerms terms;
  for (std::size_t t = 0; t < num_terms; ++t)
    terms.names_.emplace_back(names.begin() + name_offsets[t], names.begin() + name_offsets[t + 1]);
  terms.items_.offsets.assign(offsets.begin(), offsets.end());
  terms.items_.columns.assign(columns.begin(), columns.end());
  terms.items_.values.assign(weights.begin(), weights.end());
  terms.terms_ = transposed(terms.items_, num_terms);
  return terms;
}

}  // namespace gemel
