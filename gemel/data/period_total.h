// Totals as of the end of the period (units sold, loves, the average rating): used as features they tell a model what it has to forecast.
// The one rule by which `gemel init` leaves such columns out and `gemel inspect` warns of them. Thread safety: pure functions.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace gemel {

// What gives a total away is not that it goes with the events of the training, as many honest features do, but that it goes with what comes
// later. Rank correlations over the products that have a value and an event.
struct TotalEvidence {
  std::size_t num_products = 0;
  double with_all = 0;  // events of the whole period
  double with_train = 0;  // events of the training
  double partial = 0;  // with later events, those of the training taken out

  std::string text() const;  // "rank correlation with the events of the whole period 0.99, ..."
};

// values, all and train [products]: the column, and the events of each product in the whole period and in the training.
TotalEvidence weigh_total(std::span<const double> values, std::span<const double> all, std::span<const double> train);

bool is_total_name(std::string_view column);  // "loves_count", "unitsSold"
bool is_rating_name(std::string_view column);  // "avg_rating", "stars", "sales_rank"

enum class TotalVerdict {
  kNone,
  kNamed,  // named like a total or a rating, and the figures go with the events or with later ones
  kTotal,  // the figures alone: it knows more than the training can know
};
TotalVerdict judge_total(std::string_view column, const TotalEvidence& evidence);

}  // namespace gemel
