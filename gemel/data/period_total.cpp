#include "gemel/data/period_total.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "gemel/data/rank_correlation.h"

namespace gemel {
namespace {

constexpr std::size_t kEnoughProducts = 100;  // for the figures to say anything
constexpr double kStrong = 0.3;  // rank correlation with the events of the whole period; Sephora's price has -.06, num_reviews .99
constexpr double kKnowsMore = 0.01;  // above that with the events of the training alone
constexpr double kPartial = 0.1;  // rank correlation with the later events, those of the training taken out
constexpr double kNamedPartial = 0.2;  // that is enough where the name says total or rating
constexpr double kDeviations = 5;  // so many standard errors away from none

constexpr std::string_view kTotals[] = {"loves",     "likes",      "sales",      "sold",      "views",      "clicks",
                                        "orders",    "purchases",  "reviews",    "favorites", "favourites", "downloads",
                                        "wishlists", "popularity", "bestseller", "ratings"};
constexpr std::string_view kCounts[] = {"num", "count", "total", "popular"};  // of pages, or of sales: the figures decide
constexpr std::string_view kRatings[] = {"rating", "stars", "score", "review", "rank"};

// "unitsSold" -> " units sold ", so that words can be found whole.
std::string spaced(std::string_view name) {
  std::string out = " ";
  for (std::size_t i = 0; i < name.size(); ++i) {
    const auto letter = static_cast<unsigned char>(name[i]);
    const bool begins_word = std::isupper(letter) && i > 0 && std::islower(static_cast<unsigned char>(name[i - 1]));
    if (begins_word || !(std::isalnum(letter) || letter >= 0x80)) out.push_back(' ');
    if (std::isalnum(letter) || letter >= 0x80) out.push_back(static_cast<char>(std::tolower(letter)));
  }
  return out + " ";
}

bool holds_word(std::string_view name, std::span<const std::string_view> words) {
  const std::string text = spaced(name);
  return std::ranges::any_of(words, [&](std::string_view word) { return text.find(fmt::format(" {} ", word)) != std::string::npos; });
}

}  // namespace

std::string TotalEvidence::text() const {
  return fmt::format(
      "rank correlation with the events of the whole period {:.2f}, of the training alone {:.2f}, with later events when those of the "
      "training are accounted for {:.2f} ({} products)",
      with_all, with_train, partial, num_products);
}

TotalEvidence weigh_total(std::span<const double> values, std::span<const double> all, std::span<const double> train) {
  std::vector<double> later(all.begin(), all.end());
  for (std::size_t i = 0; i < later.size(); ++i) later[i] -= train[i];
  return {.num_products = values.size(),
          .with_all = rank_correlation(values, all),
          .with_train = rank_correlation(values, train),
          .partial = partial_rank_correlation(values, later, train)};
}

bool is_total_name(std::string_view column) { return holds_word(column, kTotals); }

bool is_rating_name(std::string_view column) { return holds_word(column, kRatings); }

TotalVerdict judge_total(std::string_view column, const TotalEvidence& evidence) {
  if (evidence.num_products < kEnoughProducts) return TotalVerdict::kNone;
  const double with_all = std::abs(evidence.with_all), with_train = std::abs(evidence.with_train), partial = std::abs(evidence.partial);
  const double deviations = std::atanh(std::min(partial, 0.999999)) * std::sqrt(static_cast<double>(evidence.num_products) - 4);
  if (with_all >= kStrong && with_all - with_train >= kKnowsMore && partial >= kPartial && deviations >= kDeviations)
    return TotalVerdict::kTotal;
  const bool is_named = is_total_name(column) || is_rating_name(column) || holds_word(column, kCounts);
  return is_named && (with_all >= kStrong || (partial >= kNamedPartial && deviations >= kDeviations)) ? TotalVerdict::kNamed
                                                                                                      : TotalVerdict::kNone;
}

}  // namespace gemel
