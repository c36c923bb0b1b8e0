// Whether events and catalogue speak of the same products, and events and customer file of the same customers.
#include "gemel/data/health/checks.h"
#include "gemel/data/health/wording.h"

namespace gemel::health {
namespace {

constexpr double kSomeOutside = 0.01, kManyOutside = 0.2;  // share of events whose product the catalogue lacks
constexpr double kMostUnsold = 0.5, kNearlyAllUnsold = 0.98;

void judge_outside(std::size_t outside, double share, std::size_t products, const std::vector<std::string>& examples, Section& section) {
  if (share < kSomeOutside) return;
  section.findings.push_back(
      {share >= kManyOutside ? Severity::kSerious : Severity::kWarning,
       concat(percent(share), " of the events, ", grouped(outside), ", are of ", counted(products, "product"),
              " that the catalogue lacks (", listed(examples), ")"),
       "these products have no features: they are recommended by their events alone, and new ones among them not at all",
       share >= kManyOutside ? "see whether both files use the same id (leading zeros, variant or product, upper case)"
                             : "add the missing products to the catalogue, discontinued ones too",
       "items.id"});
}

void judge_unsold(std::size_t unsold, std::size_t size, Section& section) {
  const double share = ratio(unsold, size);
  if (share < kMostUnsold) return;
  const bool nearly_all = share >= kNearlyAllUnsold;
  section.findings.push_back(
      {nearly_all ? Severity::kWarning : Severity::kNote,
       concat(percent(share), " of the catalogue, ", grouped(unsold), " of ", counted(size, "product"), ", have no event"),
       nearly_all ? "the ids of the two files may not be the same, and almost nothing in the catalogue is learnt about"
                  : "they can be recommended by their features alone, and all of them compete for the places in a list",
       nearly_all ? "compare a few ids of both files" : "leave products that can no longer be bought out of the catalogue",
       nearly_all ? "items.id" : "items.path"});
}

void judge_customers(std::size_t without_event, std::size_t size, Section& section) {
  const double share = ratio(without_event, size);
  if (share < kNearlyAllUnsold || without_event < 100) return;
  section.findings.push_back(
      {Severity::kWarning, concat(percent(share), " of the customers, ", grouped(without_event), " of ", grouped(size), ", have no event"),
       "the ids of events and customer file may not be the same: then no customer feature is ever used", "compare a few ids of both files",
       "users.id"});
}

}  // namespace

void check_catalogue(const ShopFacts& facts, Section& section) {
  const Dataset& dataset = facts.dataset;
  const std::size_t catalogue = dataset.num_catalogue_items();
  std::size_t unsold = 0, outside_events = 0, outside_products = 0, customers = 0;
  std::vector<std::string> examples;
  for (std::size_t item = 0; item < dataset.num_items(); ++item) {
    const std::size_t events = facts.by_item.of(item).size();
    if (item < catalogue) {
      unsold += events == 0;
      continue;
    }
    ++outside_products;
    outside_events += events;
    if (examples.size() < 3) examples.push_back(facts.product(item));
  }
  for (std::size_t user = 0; user < dataset.num_users(); ++user) customers += !facts.by_user.of(user).empty();
  const std::size_t no_event = dataset.num_users() - customers;
  const double outside = facts.share_of_events(outside_events);
  section.tables.push_back(
      {"coverage",
       {"what", "number", "share"},
       {{"products of the catalogue", Cell::count(catalogue), Cell::share(1)},
        {"of these without an event", Cell::count(unsold), Cell::share(ratio(unsold, catalogue))},
        {"products that only events name", Cell::count(outside_products), Cell::share(ratio(outside_products, dataset.num_items()))},
        {"events of these", Cell::count(outside_events), Cell::share(outside)},
        {"customers with an event", Cell::count(customers), Cell::share(ratio(customers, dataset.num_users()))},
        {"customers without", Cell::count(no_event), Cell::share(ratio(no_event, dataset.num_users()))}}});
  if (catalogue > 0) {
    judge_outside(outside_events, outside, outside_products, examples, section);
    judge_unsold(unsold, catalogue, section);
  }
  judge_customers(no_event, dataset.num_users(), section);
}

}  // namespace gemel::health
