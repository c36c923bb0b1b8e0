#include "gemel/retrieval/find_product.h"

#include <algorithm>
#include <cctype>
#include <numeric>

namespace gemel {
namespace {

constexpr std::size_t kSuggestions = 5;
constexpr std::size_t kLongestCompared = 64;  // letters of a name

std::string lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](unsigned char letter) { return static_cast<char>(std::tolower(letter)); });
  return out;
}

// Letters to insert, delete or change (Levenshtein 1966) to make one of the other.
std::size_t edits_between(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i + 1;
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t change = diagonal + (a[i] != b[j]);
      diagonal = row[j + 1];
      row[j + 1] = std::min({change, row[j] + 1, row[j + 1] + 1});
    }
  }
  return row.back();
}

// How far `text` is from what was typed: 0 when it holds it, else the share of letters that differ.
double distance(const std::string& typed, const std::string& text) {
  if (text.find(typed) != std::string::npos) return 0.001 * static_cast<double>(text.size());  // the shortest that holds it first
  const std::string_view cut = std::string_view(text).substr(0, kLongestCompared);
  return static_cast<double>(edits_between(typed, cut)) / static_cast<double>(std::max(typed.size(), cut.size()));
}

std::string describe(const Product& product) {
  return product.name == product.id ? product.id : concat(product.id, " (", product.name, ")");
}

std::string listed(const Bundle& bundle, const std::vector<std::pair<double, std::uint32_t>>& found) {
  std::string text;
  for (std::size_t i = 0; i < std::min(kSuggestions, found.size()); ++i)
    text += concat(i == 0 ? "" : ", ", describe(bundle.product(ItemIndex{found[i].second})));
  return found.size() > kSuggestions ? concat(text, ", ...") : text;
}

}  // namespace

Result<ItemIndex> find_product(const Bundle& bundle, std::string_view id_or_name) {
  if (const auto item = bundle.find_item(id_or_name)) return *item;
  constexpr double kNear = 0.5;  // letters that may differ
  const std::string typed = lower(id_or_name.substr(0, kLongestCompared));
  std::vector<std::pair<double, std::uint32_t>> same, near;
  for (std::uint32_t item = 0; item < bundle.manifest().num_items; ++item) {
    const Product product = bundle.product(ItemIndex{item});
    const std::string name = lower(product.name);
    if (name == lower(id_or_name)) same.push_back({0, item});
    const double away = std::min(distance(typed, name), distance(typed, lower(product.id)));
    if (!typed.empty() && away < kNear) near.push_back({away, item});
  }
  if (same.size() == 1) return ItemIndex{same[0].second};
  if (!same.empty())
    return fail(ErrorCode::kNotFound, "product '", id_or_name, "': ", same.size(),
                " products have that name, name one by its id: ", listed(bundle, same));
  std::ranges::sort(near);
  return fail(ErrorCode::kNotFound, "product '", id_or_name, "': no id and no name of this shop",
              near.empty() ? std::string() : concat("; near are ", listed(bundle, near)));
}

}  // namespace gemel
