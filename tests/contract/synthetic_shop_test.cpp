// The synthetic shop through the program's own eyes: ingest takes all of it, and nobody beats the one who knows the truth.
#include <gtest/gtest.h>

#include <algorithm>

#include "gemel/data/ingest/ingest.h"
#include "gemel/data/testing.h"
#include "gemel/eval/compare.h"
#include "gemel/eval/evaluate.h"
#include "gemel/models/registry.h"
#include "gemel/synth/oracle.h"
#include "gemel/synth/write_shop.h"

namespace gemel {
namespace {

// Answers as another model does when each customer is taken for the next one: their histories stay, their tastes are somebody else's.
class Shuffled : public Recommender {
 public:
  Shuffled(const Recommender& model, std::size_t num_users) : model_(model), num_users_(num_users) {}
  std::string_view name() const override { return "shuffled"; }
  std::string knobs() const override { return model_.knobs(); }
  Result<void> fit(const TrainView&, const FitContext&) override { return {}; }
  void advance(const Dataset&, std::size_t, TimePoint) override {}
  void recommend(std::span<const Query> queries, std::size_t k, std::span<const std::uint8_t> eligible, ThreadPool& pool,
                 std::vector<std::vector<ScoredItem>>& out) const override {
    std::vector<Query> others(queries.begin(), queries.end());
    for (Query& query : others) query.user = UserIndex{static_cast<std::uint32_t>((to_size(*query.user) + 1) % num_users_)};
    model_.recommend(others, k, eligible, pool, out);
  }
  Result<void> save(const std::filesystem::path&) const override { return {}; }
  Result<void> load(const std::filesystem::path&) override { return {}; }

 private:
  const Recommender& model_;
  std::size_t num_users_;
};

class SyntheticShop : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = new testing::TemporaryFolder;
    ThreadPool pool(2);
    const auto world = synth::World::make({.scale = .03, .seed = 1}, pool).value();
    write_shop(world, shop(), pool, no_progress()).value();
    const ShopConfig config = ShopConfig::open(shop() / "shop.toml").value();
    summary_ = new IngestSummary(ingest(config, folder_->path() / "dataset", {.strict = false}, no_progress()).value());
  }
  static void TearDownTestSuite() {
    delete summary_;
    delete folder_;
  }
  static std::filesystem::path shop() { return folder_->path() / "shop"; }

  // One plan after the other, judged as `gemel evaluate` does.
  Contender judge(Recommender& model, Protocol protocol, bool is_baseline) {
    const QueryPlan plan =
        make_query_plan(dataset_, histories_, protocol, Repeats::kKeep, split_.test_begin, split_.end, split_.test_from).value();
    return {evaluate(model, dataset_, histories_, plan, pool_, no_progress()).value(), is_baseline};
  }

  synth::Oracle oracle(Protocol protocol) {
    return synth::Oracle::open(shop(), dataset_, synth::horizon_days(protocol, split_), pool_).value();
  }

  std::vector<Contender> judge_baselines(Protocol protocol) {
    std::vector<Contender> contenders;
    for (const char* name : {"popularity", "repurchase", "item_knn"}) {
      const auto model = make_model(name, "").value();
      model->fit(split_.train_and_validation(dataset_), {.pool = pool_}).value();
      contenders.push_back(judge(*model, protocol, true));
    }
    return contenders;
  }

  static testing::TemporaryFolder* folder_;
  static IngestSummary* summary_;
  ThreadPool pool_{2};
  Dataset dataset_ = Dataset::open(folder_->path() / "dataset").value();
  Histories histories_{dataset_, dataset_.num_events()};
  Split split_ = make_split(dataset_, dataset_.config().split).value();
};

testing::TemporaryFolder* SyntheticShop::folder_ = nullptr;
IngestSummary* SyntheticShop::summary_ = nullptr;

TEST_F(SyntheticShop, IngestRejectsNothingAndDropsNothing) {
  EXPECT_EQ(summary_->rejected_rows(), 0u);
  EXPECT_EQ(summary_->events.duplicates, 0u);
  EXPECT_EQ(summary_->customers, 7500u);
  EXPECT_EQ(summary_->customers_without_row, 0u);
  EXPECT_EQ(summary_->events_outside_catalogue, 0u);
  EXPECT_EQ(summary_->catalogue_products, 1160u);
}

TEST_F(SyntheticShop, TheOracleBeatsEveryBaseline) {
  for (const Protocol protocol : {Protocol::kRollingWeek, Protocol::kFrozen}) {
    std::vector<Contender> contenders = judge_baselines(protocol);
    synth::Oracle best = oracle(protocol);
    contenders.push_back(judge(best, protocol, false));
    const Comparison comparison = compare(std::move(contenders), 1, pool_);
    EXPECT_GT(comparison.models.back().ndcg_difference->low, .05) << to_text(protocol);
    EXPECT_GT(comparison.models.back().recall_difference->low, .05) << to_text(protocol);
  }
}

TEST_F(SyntheticShop, AnOracleThatTakesCustomersForOthersIsNoOracle) {
  synth::Oracle best = oracle(Protocol::kRollingWeek);
  Shuffled shuffled(best, dataset_.num_users());
  std::vector<Contender> contenders;
  contenders.push_back(judge(best, Protocol::kRollingWeek, true));
  contenders.push_back(judge(shuffled, Protocol::kRollingWeek, false));
  const Comparison comparison = compare(std::move(contenders), 1, pool_);
  EXPECT_LT(comparison.models.back().ndcg_difference->high, -.05);
}

TEST_F(SyntheticShop, AfterTheCartTheOracleIsSure) {
  synth::Oracle best = oracle(Protocol::kPerEvent);
  const Contender contender = judge(best, Protocol::kPerEvent, false);
  EXPECT_EQ(contender.evaluation.all.mean(find_metric("mrr_at_20")), 1);
}

TEST_F(SyntheticShop, AStrangerIsServedByTheDemandOfTheDay) {
  const synth::Oracle best = oracle(Protocol::kPerEvent);
  Query query;
  query.action = *dataset_.find_action("view");
  query.at = TimePoint(synth::kFirstDay) + std::chrono::hours(24 * 100 + 12);
  std::vector<std::vector<ScoredItem>> answers;
  best.recommend(std::span(&query, 1), 3, {}, pool_, answers);
  const auto world = synth::World::open(shop(), pool_).value();
  std::vector<float> demand(world.demand().of_day(100).begin(), world.demand().of_day(100).end());
  for (const ScoredItem& answer : answers[0]) {
    const auto wanted = std::ranges::max_element(demand);
    EXPECT_EQ(dataset_.item_table().ids[to_size(answer.item)], synth::product_id(static_cast<std::size_t>(wanted - demand.begin())));
    *wanted = 0;
  }
}

TEST_F(SyntheticShop, TheOracleOfAnotherShopIsRefused) {
  ThreadPool pool(1);
  const auto other = synth::World::make({.scale = .03, .seed = 2}, pool).value();
  write_shop(other, folder_->path() / "other", pool, no_progress()).value();
  const auto opened = synth::Oracle::open(folder_->path() / "other", dataset_, 7, pool);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, ErrorCode::kBadInput);
  EXPECT_NE(opened.error().message.find("is not of the synthetic shop in"), std::string::npos);
}

}  // namespace
}  // namespace gemel
