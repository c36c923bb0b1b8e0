// Explanations against a slow twin: towers recomputed in double from the saved weights, their input written by hand from the catalogue.
#include <gmock/gmock.h>

#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <numeric>

#include "gemel/data/testing.h"
#include "gemel/models/registry.h"
#include "gemel/models/two_tower/two_tower.h"

namespace gemel {
namespace {

using testing::at_day;
using ::testing::HasSubstr;
using Vector = std::vector<double>;

constexpr int kProducts = 12, kUsers = 30;
constexpr double kEnd = 60;

std::string brand_of(int item) { return item == 3 ? "" : concat("brand", item % 3); }  // product 3 has none
double price_of(int item) { return item == 4 ? std::nan("") : 1.5 * (item + 1); }

Dataset make_shop() {
  std::vector<testing::EntityRow> items;
  for (int item = 0; item < kProducts; ++item) {
    items.push_back({concat("p", item), {{"brand", brand_of(item)}, {"notes", concat("n", item % 4, "|n", item % 5)}}});
    if (!std::isnan(price_of(item))) items.back().fields["price"] = concat(price_of(item));
  }
  std::vector<testing::EventRow> events;
  Rng rng(4);
  for (int i = 0; i < 600; ++i) {
    const auto user = rng.below(kUsers);
    events.push_back({concat("u", user), concat("p", (user % 3 + 3 * rng.below(4)) % 11), i / 10.});  // product 11 is never sold
  }
  return testing::make_dataset(events, items, {},
                               {.item_features = "brand = \"category\"\nnotes = \"tags\"\nprice = { type = \"number\", buckets = 3 }"});
}

std::unique_ptr<Recommender> fit(const Dataset& shop, std::string_view extra = "") {
  auto model =
      make_model("two_tower", concat("embedding_dim = 8\nquery_layers = [\"10 gelu\", \"6 linear\"]\ncandidate_layers = [\"9 relu\", "
                                     "\"6 linear\"]\nbatch_size = 64\nepochs = 6\nlearning_rate = 0.02\ndropout = 0.1\n"
                                     "history = { length = 4, pool = [\"mean\", \"recency\"] }\ntime = []\n",
                                     extra))
          .value();
  ThreadPool pool(1);
  model->fit({&shop, shop.num_events(), at_day(kEnd)}, {.pool = pool}).value();
  return model;
}

// The saved model, read as anyone would.
class SlowTwin {
 public:
  explicit SlowTwin(const std::filesystem::path& folder)
      : weights_(SafetensorsFile::open(folder / "weights.safetensors").value()),
        counters_(SafetensorsFile::open(folder / "counters.safetensors").value()),
        features_(nlohmann::json::parse(read_file(folder / "features.json").value())) {}

  // What a product is to the candidate tower; empty or NaN: as an explanation leaves it out.
  struct Item {
    int id_row;
    std::string brand;
    std::vector<std::string> notes;
    double price;
    bool price_is_missing = false, is_average = false;
  };
  // Table rows are named by their order in features.json: missing, unseen, then the values.
  Vector candidate(const Item& item) const {
    Vector input = table_row("item_id", item.id_row);
    append(input, table_row("item.brand", row_of(0, item.brand)));
    Vector notes(8, 0);
    if (item.notes.empty()) notes = table_row("item.notes", 0);
    for (const std::string& note : item.notes) {
      const Vector row = table_row("item.notes", row_of(1, note));
      for (std::size_t c = 0; c < 8; ++c) notes[c] += row[c] / static_cast<double>(item.notes.size());
    }
    append(input, notes);
    append(input, table_row("item.price bucket", item.is_average || item.price_is_missing ? 0 : bucket(item.price)));
    const auto& price = features_["item_features"][2];
    const bool speaks = !item.is_average && !item.price_is_missing;
    input.push_back(speaks ? (item.price - price["mean"].get<double>()) / price["deviation"].get<double>() : 0);
    input.push_back(item.price_is_missing && !item.is_average ? 1 : 0);
    return tower("candidate_tower", input);
  }
  // History (table row, age in days), oldest first, of at most 4 events.
  Vector query(const std::vector<std::pair<int, double>>& history) const {
    Vector mean(8, 0), recency(8, 0);
    double total = 0;
    for (const auto& [row, age] : history) total += std::exp2(-age / 60) + 0.05;
    for (const auto& [row, age] : history) {
      const Vector values = table_row("history", row);
      for (std::size_t c = 0; c < 8; ++c) {
        mean[c] += values[c] / static_cast<double>(history.size());
        recency[c] += values[c] * (std::exp2(-age / 60) + 0.05) / total;
      }
    }
    if (history.empty()) mean = recency = table_row("history", 0);
    append(mean, recency);
    return tower("query_tower", mean);
  }
  // What having had a product so often adds, by the one plain count that is the default.
  double personal_bias(std::size_t times) const {
    return counters_.values<double>("personal_weights").value()[0] * std::log(1 + 10 * static_cast<double>(times));
  }
  double scale() const { return std::exp(weights_.matrix("log_scale").value().data[0]); }

 private:
  static void append(Vector& to, const Vector& values) { to.insert(to.end(), values.begin(), values.end()); }
  Vector table_row(const std::string& table, int row) const {
    const auto values = weights_.matrix("table." + table).value().row(static_cast<std::size_t>(row));
    return {values.begin(), values.end()};
  }
  int row_of(int feature, const std::string& value) const {
    if (value.empty()) return 0;
    const auto values = features_["item_features"][static_cast<std::size_t>(feature)]["values"].get<std::vector<std::string>>();
    const auto at = std::find(values.begin(), values.end(), value);
    return at == values.end() ? 1 : static_cast<int>(at - values.begin()) + 2;
  }
  int bucket(double price) const {
    int bucket = 1;
    for (const double boundary : features_["item_features"][2]["boundaries"].get<Vector>()) bucket += price >= boundary;
    return bucket;
  }
  Vector tower(const std::string& name, Vector x) const {
    for (int layer = 0; layer < 2; ++layer) {
      const auto weight = weights_.matrix(concat(name, ".", layer, ".weight")).value(),
                 bias = weights_.matrix(concat(name, ".", layer, ".bias")).value();
      Vector y(bias.data, bias.data + bias.cols);
      for (std::size_t in = 0; in < x.size(); ++in)
        for (std::size_t out = 0; out < y.size(); ++out) y[out] += x[in] * weight.row(in)[out];
      if (layer == 0)
        for (double& value : y) value = name == "query_tower" ? gelu(value) : std::max(0.0, value);
      x = y;
    }
    const double norm = std::sqrt(std::inner_product(x.begin(), x.end(), x.begin(), 0.0));
    for (double& value : x) value /= norm;
    return x;
  }
  static double gelu(double x) { return x * 0.5 * std::erfc(-x / std::sqrt(2.0)); }

  SafetensorsFile weights_, counters_;
  nlohmann::json features_;
};

double dot(const Vector& a, const Vector& b) { return std::inner_product(a.begin(), a.end(), b.begin(), 0.0); }

class ExplanationTest : public ::testing::Test {
 protected:
  ExplanationTest() { model_->save(folder_.path()).value(); }

  Query query() const {
    const UserIndex user{2};
    return {.user = user, .at = at_day(kEnd), .history = histories_.of(user), .excluded = {}};
  }
  Explanations explain(const Recommender& model, const std::vector<ItemIndex>& items) {
    return model.explain(query(), items, {}, pool_).value();
  }
  std::vector<ItemIndex> all() const {
    std::vector<ItemIndex> items;
    for (std::uint32_t item = 0; item < kProducts; ++item) items.push_back(ItemIndex{item});
    return items;
  }
  // Sold products have rows 2, 3, ... in the order of their index.
  static int id_row(int item) { return item == 11 ? 1 : item + 2; }
  static SlowTwin::Item item(int item) {
    return {id_row(item), brand_of(item), {concat("n", item % 4), concat("n", item % 5)}, price_of(item), std::isnan(price_of(item))};
  }
  std::vector<std::pair<int, double>> used(std::optional<ItemIndex> without = std::nullopt) const {
    std::vector<std::pair<int, double>> rows;
    for (const HistoryItem& event : histories_.of(UserIndex{2}).last(4))
      if (event.item != without)
        rows.push_back(
            {id_row(static_cast<int>(event.item)), std::chrono::duration<double, std::ratio<86400>>(at_day(kEnd) - event.at).count()});
    return rows;
  }

  const Dataset shop_ = make_shop();
  const Histories histories_{shop_, shop_.num_events()};
  const std::unique_ptr<Recommender> model_ = fit(shop_);
  testing::TemporaryFolder folder_;
  ThreadPool pool_{2};
};

TEST_F(ExplanationTest, PartsAddUpToTheScoreThatIsServed) {
  std::vector<std::vector<ScoredItem>> answers;
  const Query asked = query();
  model_->recommend({&asked, 1}, kProducts, {}, pool_, answers);
  std::vector<ItemIndex> items;
  for (const ScoredItem& scored : answers[0]) items.push_back(scored.item);
  const Explanations explanations = explain(*model_, items);
  double above = 0;
  for (std::size_t i = 0; i < items.size(); ++i) {
    const ScoreExplanation& product = explanations.products[i];
    ASSERT_EQ(product.parts.size(), 3u);
    EXPECT_NEAR(product.score, answers[0][i].score, 1e-4);
    EXPECT_NEAR(product.parts[0].value + product.parts[1].value + product.parts[2].value, answers[0][i].score, 1e-4);
    for (const ScorePart& part : product.parts) above += part.above_average;
  }
  EXPECT_NEAR(above, 0, 1e-3);  // over all products
  EXPECT_GT(explanations.products[0].score, explanations.products[5].score);
}

TEST_F(ExplanationTest, EffectsOfFeaturesAreThoseOfTheSlowTwin) {
  const SlowTwin twin(folder_.path());
  const Vector asked = twin.query(used());
  const Explanations explanations = explain(*model_, all());
  EXPECT_TRUE(explanations.notes.empty());
  for (int p = 0; p < kProducts; ++p) {
    const SlowTwin::Item whole = item(p);
    std::map<std::string, SlowTwin::Item> without{{"item_id", whole}, {"brand", whole}, {"notes", whole}, {"price", whole}};
    without["item_id"].id_row = 1;
    without["brand"].brand = "";
    without["notes"].notes.clear();
    without["price"].is_average = true;
    const auto& features = explanations.products[static_cast<std::size_t>(p)].features;
    ASSERT_EQ(features.size(), 4u);
    EXPECT_NEAR(explanations.products[static_cast<std::size_t>(p)].parts[0].value, twin.scale() * dot(asked, twin.candidate(whole)), 1e-3);
    for (std::size_t i = 0; i < features.size(); ++i) {
      const double expected = twin.scale() * (dot(asked, twin.candidate(whole)) - dot(asked, twin.candidate(without.at(features[i].name))));
      EXPECT_NEAR(features[i].effect, expected, 1e-3) << "product " << p << ", " << features[i].name;
      if (i == 0) continue;
      EXPECT_LE(std::abs(features[i].effect), std::abs(features[i - 1].effect));  // by size
    }
  }
  const auto effect_of = [&](std::size_t product, const std::string& name) {
    for (const FeatureEffect& feature : explanations.products[product].features)
      if (feature.name == name) return feature.effect;
    return std::nan("");
  };
  EXPECT_EQ(effect_of(3, "brand"), 0);     // it has none
  EXPECT_EQ(effect_of(11, "item_id"), 0);  // never seen
  EXPECT_NE(effect_of(5, "brand"), 0);
}

TEST_F(ExplanationTest, EffectsOfTheHistoryAreThoseOfTheSlowTwinWithTheOwnCountOfTheProduct) {
  const SlowTwin twin(folder_.path());
  const auto times_had = [&](ItemIndex item) {
    return static_cast<std::size_t>(std::ranges::count(histories_.of(UserIndex{2}), item, &HistoryItem::item));
  };
  const Explanations explanations = explain(*model_, all());
  bool has_own = false;
  for (int p = 0; p < kProducts; ++p) {
    const ItemIndex asked{static_cast<std::uint32_t>(p)};
    const ScoreExplanation& product = explanations.products[static_cast<std::size_t>(p)];
    EXPECT_NEAR(product.parts[2].value, twin.personal_bias(times_had(asked)), 1e-4) << p;
    for (const HistoryEffect& past : product.history) {
      const double towers =
          twin.scale() * (dot(twin.query(used()), twin.candidate(item(p))) - dot(twin.query(used(past.item)), twin.candidate(item(p))));
      EXPECT_NEAR(past.effect, towers + (past.item == asked ? twin.personal_bias(times_had(asked)) : 0), 1e-3);
      EXPECT_EQ(past.num_events, times_had(past.item));
      has_own |= past.item == asked;
    }
  }
  EXPECT_TRUE(has_own);
}

TEST_F(ExplanationTest, IsTheSameAfterSavingAndLoadingAndWithoutTheFeaturesAnOldBundleSaysSo) {
  const auto reloaded = make_model("two_tower", model_->knobs()).value();
  ASSERT_TRUE(reloaded->load(folder_.path()));
  const Explanations before = explain(*model_, all()), after = explain(*reloaded, all());
  for (std::size_t i = 0; i < kProducts; ++i)
    for (std::size_t f = 0; f < 4; ++f) EXPECT_EQ(before.products[i].features[f].effect, after.products[i].features[f].effect);

  std::filesystem::remove(folder_.path() / "candidate_features.safetensors");
  const auto old = make_model("two_tower", model_->knobs()).value();
  ASSERT_TRUE(old->load(folder_.path()));
  const Explanations partly = explain(*old, all());
  ASSERT_EQ(partly.notes.size(), 1u);
  EXPECT_THAT(partly.notes[0], HasSubstr("cannot tell what each of them adds"));
  EXPECT_TRUE(partly.products[1].features.empty());
  EXPECT_EQ(partly.products[1].history[0].effect, before.products[1].history[0].effect);
}

TEST_F(ExplanationTest, FilesOfAnotherModelAreRefused) {
  const auto other = fit(shop_, "item_features = [\"brand\"]\n");
  testing::TemporaryFolder theirs;
  other->save(theirs.path()).value();
  std::filesystem::copy_file(theirs.path() / "candidate_features.safetensors", folder_.path() / "candidate_features.safetensors",
                             std::filesystem::copy_options::overwrite_existing);
  const auto loaded = make_model("two_tower", model_->knobs()).value()->load(folder_.path());
  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error().code, ErrorCode::kCorrupt);
}

TEST(Explanation, AModelWithoutOneSaysSo) {
  ThreadPool pool(1);
  const auto explained = make_model("popularity", "").value()->explain({}, {}, {}, pool);
  ASSERT_FALSE(explained);
  EXPECT_THAT(explained.error().message, HasSubstr("popularity cannot tell"));
}

}  // namespace
}  // namespace gemel
