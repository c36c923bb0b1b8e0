// The constants of the synthetic shop, in one place; world.h has the formulas that they stand in. Chosen so that the shop looks like
// one (docs/synthetic_shop.md has its figures). Changing any of them makes another world: kWorldVersion goes up with it.
#pragma once

#include <chrono>
#include <cstddef>

#include "gemel/data/ids.h"

namespace gemel::synth {

inline constexpr int kWorldVersion = 1;

// Size at scale 1. Customers, and events with them, grow with the scale; products with its square root, since a shop with a hundred
// times the customers sells more kinds of things, but not a hundred times as many.
inline constexpr double kCustomersAtScaleOne = 250'000;
inline constexpr double kProductsAtScaleOne = 6'700;
inline constexpr double kMinScale = .001, kMaxScale = 100;

inline constexpr Day kFirstDay{std::chrono::year{2025} / 1 / 1};
inline constexpr std::size_t kNumDays = 365;

// Assortment.
inline constexpr std::size_t kProductsPerBrand = 33, kMinBrands = 8, kSeriesPerBrand = 3;
inline constexpr double kBrandPriceDeviation = .45;  // of the log
inline constexpr double kLaunchedShare = .2;         // of the products are launched within the year
inline constexpr double kEndedShare = .05;           // of the others are given up within it

// How strongly each description pulls a product's taste; `own` is what the catalogue does not say.
struct ProductPull {
  double category = .7, type = .6, brand = .6, series = .4, ingredients = .4, effects = .5, scent = .4, hair_type = .6, finish = .4,
         skin_type = .7, gender = .9, own = .7;
};
inline constexpr ProductPull kProductPull;

// And a customer's. The declared ones stand in the customer file; favourites and `own` only show in what they do.
struct CustomerPull {
  double skin_type = .7, hair_type = .5, gender = .9, age_group = .6, favourite_category = .7, favourite_brand = .6, own = .7;
};
inline constexpr CustomerPull kCustomerPull;
inline constexpr double kDeclaredShare = .85;  // of customers tell each of these

// Demand.
inline constexpr double kAppealDeviation = 1.0, kBrandFameDeviation = .5, kTrendDeviation = .8;
inline constexpr double kMinHype = 1, kMaxHype = 3, kHypeDays = 21;                // fades by e in so many days
inline constexpr double kSpikesAYear = .5, kMaxSpike = 2, kSpikeDays = 10;         // a product is talked about, and forgotten again
inline constexpr double kStockOutsAYear = 1.2, kMinStockOutDays = 2, kMeanStockOutDays = 7;

// Choice.
inline constexpr double kTasteSharpness = 5;  // beta
inline constexpr double kNovelty = 1;         // kappa: the pull of everything that the customer does not need or has in mind
inline constexpr double kNeed = .6;          // rho: the pull of a product of the own that has just run out
inline constexpr double kNeedSpread = .4;     // of the log of (time since purchase / duration)
inline constexpr double kHabitStep = .5, kMaxHabit = 2;                     // each earlier purchase of it adds, at most
inline constexpr double kViewInterest = .1, kCartInterest = .5, kInterestHalfLifeDays = 4;  // what was looked at stays in mind
inline constexpr double kCartOfNeed = .7, kCartOfInterest = .4, kCartOfNovelty = .2;        // chance that a view leads to the cart
inline constexpr double kBuyIntercept = 1.1;                                                // log odds that the cart leads to a purchase

// Visits.
inline constexpr double kJoinedBefore = .65;  // share of customers who were there before the year; the others join during it
inline constexpr double kActivityMedian = .62, kActivityDeviation = 1.75, kMaxVisitsAYear = 200;
inline constexpr double kMoreViews = .4;      // chance of one more view in a visit
inline constexpr int kMaxViews = 12;

}  // namespace gemel::synth
