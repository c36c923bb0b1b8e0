// Shops that have next to nothing: every model goes the whole way on each.
#include <gmock/gmock.h>

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>

#include "tests/end_to_end/program.h"

namespace gemel::end_to_end {
namespace {

constexpr int kNumModels = 11, kNumDays = 160;

struct Event {
  int day, customer, product;
};

class OddShops : public ShopFolder {
 protected:
  // Events of one action, no catalogue; judged on the last weeks.
  nlohmann::json judge(std::vector<Event> events) {
    std::string csv = "time,customer,product\n";
    std::ranges::stable_sort(events, {}, &Event::day);
    const std::chrono::sys_days start = std::chrono::year(2024) / 1 / 1;
    for (const Event& event : events) {
      const std::chrono::year_month_day date(start + std::chrono::days(event.day));
      csv += concat(static_cast<int>(date.year()), "-", two(static_cast<unsigned>(date.month())), "-",
                    two(static_cast<unsigned>(date.day())), "T12:00:00,c", event.customer, ",p", event.product, "\n");
    }
    write("events.csv", csv);
    write("shop.toml",
          "[events]\npath = 'events.csv'\ntime = 'time'\nuser = 'customer'\nitem = 'product'\n[split]\nvalidation = 0.2\ntest = 0.2\n"
          "[models.two_tower]\nepochs = 1\n[models.bpr]\nepochs = 2\n[models.mf]\nepochs = 2\n[models.ials]\nepochs = 2\n");
    const Outcome ingested = run({"ingest", "shop.toml", "--out", "dataset"});
    EXPECT_EQ(ingested.exit_code, 0) << ingested.err;
    const Outcome judged =
        run({"evaluate", "dataset", "--models", "popularity,repurchase,content,item_knn,user_knn,mf,bpr,ials,ease,blend,two_tower",
             "--json", "-", "--quiet"});
    EXPECT_EQ(judged.exit_code, 0) << judged.err;
    nlohmann::json report = nlohmann::json::parse(judged.out, nullptr, false);
    EXPECT_FALSE(report.is_discarded()) << judged.out;
    return report;
  }

  static std::string two(unsigned number) { return concat(number < 10 ? "0" : "", number); }

  static const nlohmann::json& part(const nlohmann::json& model, std::string_view name) {
    const auto& parts = model.at("parts");
    return *std::ranges::find_if(parts, [name](const nlohmann::json& each) { return each.at("name") == name; });
  }

  // All models answered all queries, and their figures are some.
  static void expect_all_judged(const nlohmann::json& report, double lowest_ndcg) {
    ASSERT_EQ(report.at("models").size(), kNumModels);
    for (const nlohmann::json& model : report.at("models")) {
      SCOPED_TRACE(model.at("model").get<std::string>());
      EXPECT_GT(model.at("all").at("num_queries").get<int>(), 0);
      const auto ndcg = model.at("all").at("metrics").at("ndcg_at_20").at("value").get<double>();
      EXPECT_GE(ndcg, lowest_ndcg);
      EXPECT_LE(ndcg, 1);
    }
  }
};

TEST_F(OddShops, WithoutRepeats) {
  std::vector<Event> events;
  for (int n = 0; n < 400; ++n) events.push_back({n * kNumDays / 400, n % 20, (n % 20 + n / 20) % 25});
  const nlohmann::json report = judge(events);
  expect_all_judged(report, 0.01);
  for (const nlohmann::json& model : report.at("models")) EXPECT_EQ(part(model, "repeats").at("num_targets"), 0);
}

TEST_F(OddShops, OfOneCustomer) {
  std::vector<Event> events;
  for (int n = 0; n < 200; ++n) events.push_back({n * kNumDays / 200, 0, n * n % 23});
  expect_all_judged(judge(events), 0.01);
}

TEST_F(OddShops, OfOneProduct) {
  std::vector<Event> events;
  for (int n = 0; n < 200; ++n) events.push_back({n * kNumDays / 200, n % 20, 0});
  expect_all_judged(judge(events), 1);
}

TEST_F(OddShops, WhoseTestHasNewCustomersOnly) {
  std::vector<Event> events;
  for (int n = 0; n < 200; ++n) events.push_back({n * kNumDays / 200, n < 120 ? n % 20 : n, n * n % 23});
  const nlohmann::json report = judge(events);
  expect_all_judged(report, 0.01);
  for (const nlohmann::json& model : report.at("models")) EXPECT_EQ(part(model, "with_history").at("num_queries"), 0);
}

}  // namespace
}  // namespace gemel::end_to_end
