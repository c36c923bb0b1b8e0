// The checks, in the order of the page. To add one: a file of this folder with a function like these, its declaration and its line here, a
// test with a planted problem, a line in docs/inspect.md.
#pragma once

#include "gemel/data/health/health.h"
#include "gemel/data/health/shop_facts.h"

namespace gemel::health {

// Adds tables, lines and findings to its section.
using Check = void(const ShopFacts& facts, Section& section);

Check check_rows, check_catalogue, check_features, check_alike, check_twins, check_customers, check_bursts, check_funnel, check_weeks,
    check_moments, check_split, check_drift, check_meaning, check_leakage;

enum class Needs {
  kEvents,
  kDays,   // and of these the day
  kSplit,  // and a split into training and test
};

struct CheckEntry {
  std::string_view name, title;
  Needs needs;
  Check* run;
};

inline constexpr CheckEntry kChecks[] = {
    {"rows", "What was read", Needs::kEvents, check_rows},
    {"catalogue", "Events and catalogue", Needs::kEvents, check_catalogue},
    {"features", "Features and their values", Needs::kEvents, check_features},
    {"alike", "Products that look alike", Needs::kEvents, check_alike},
    {"twins", "Twins: one product under two ids", Needs::kDays, check_twins},
    {"customers", "Customers that may be robots", Needs::kDays, check_customers},
    {"bursts", "Products with sudden bursts", Needs::kDays, check_bursts},
    {"funnel", "From action to action", Needs::kEvents, check_funnel},
    {"weeks", "Events by week", Needs::kDays, check_weeks},
    {"moments", "Order of events", Needs::kDays, check_moments},
    {"split", "What the split leaves", Needs::kSplit, check_split},
    {"drift", "Drift from training to test", Needs::kSplit, check_drift},
    {"meaning", "Categories that change their meaning", Needs::kSplit, check_meaning},
    {"leakage", "Features that may know the future", Needs::kSplit, check_leakage},
};

}  // namespace gemel::health
