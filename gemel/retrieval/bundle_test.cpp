#include "gemel/retrieval/bundle.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "gemel/numerics/rng.h"
#include "gemel/retrieval/testing.h"

namespace gemel {
namespace {

namespace fs = std::filesystem;
using testing::at_day;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::TemporaryFolder;

class BundleTest : public ::testing::Test {
 protected:
  std::string error_of_opening() const {
    const auto bundle = Bundle::open(path_);
    if (bundle) return "";
    EXPECT_TRUE(bundle.error().code == ErrorCode::kCorrupt || bundle.error().code == ErrorCode::kNotFound) << bundle.error().message;
    return bundle.error().message;
  }
  std::string manifest_text() const { return *read_file(path_ / kManifestFile); }
  // Writes a manifest with a right checksum over wrong content.
  void rewrite_manifest(std::string_view from, std::string_view to) const {
    std::string text = manifest_text();
    const std::size_t at = text.find(from);
    ASSERT_NE(at, std::string::npos) << from;
    text.replace(at, from.size(), to);
    const std::size_t covered = text.rfind("  \"checksum\"");
    text.resize(covered);
    put(path_ / kManifestFile, concat(text, "  \"checksum\": \"", checksum_hex(text), "\"\n}\n"));
  }
  // In place and without a sync (ext4 also syncs what was cut to nothing first): these tests write thousands of files.
  static void put(const fs::path& path, std::string_view bytes) {
    if (!fs::exists(path)) std::ofstream(path).close();
    std::fstream(path, std::ios::binary | std::ios::in | std::ios::out) << bytes;
    fs::resize_file(path, bytes.size());
  }

  TemporaryFolder folder_;
  fs::path path_ = folder_.path() / "bundle";
  Dataset shop_ = testing::small_shop();
};

TEST_F(BundleTest, GivesBackProductsCustomersStateAndModel) {
  testing::save_small_bundle(path_, shop_);
  const auto bundle = Bundle::open(path_);
  ASSERT_TRUE(bundle) << bundle.error().message;
  EXPECT_EQ(bundle->manifest().model_name, "repurchase");
  EXPECT_EQ(bundle->manifest().cut, at_day(10));
  EXPECT_EQ(bundle->manifest().data_fingerprint, shop_.fingerprint());
  EXPECT_EQ(bundle->manifest().metrics_json, R"({"ndcg_at_20":0.5})");
  const Product tea = bundle->product(*bundle->find_item("tea"));
  EXPECT_EQ(tea.name, "Green tea");
  EXPECT_EQ(tea.attributes_json, R"({"brand":"Acme","price":4.5,"notes":["mild","green"]})");
  const Product oil = bundle->product(*bundle->find_item("oil"));
  EXPECT_EQ(oil.name, "oil");  // the shop names nothing
  EXPECT_EQ(oil.attributes_json, "{}");
  EXPECT_EQ(bundle->product(*bundle->find_item("rye")).attributes_json, R"({"brand":"Mill \"17\""})");
  EXPECT_FALSE(bundle->find_item("gin"));

  const UserIndex ann = *bundle->find_user("ann");
  const auto history = bundle->customers().history_before(ann, at_day(10));
  ASSERT_EQ(history.size(), 3u);  // the fig came after the cut
  EXPECT_EQ(history[2].at, at_day(5));
  EXPECT_EQ(history[2].action, *shop_.find_action("view"));
  EXPECT_THAT(bundle->customers().seen(ann), ElementsAre(testing::item_of(shop_, "tea"), testing::item_of(shop_, "jam")));
  EXPECT_THAT(bundle->customers().eligible(), ElementsAre(1, 1, 1, 1, 0));
}

TEST_F(BundleTest, TheModelAnswersAfterLoadingAsBeforeSaving) {
  ThreadPool pool(1);
  const std::size_t num_events = testing::events_before(shop_, at_day(10));
  const Histories histories(shop_, num_events);
  for (const ModelEntry& entry : registered_models()) {
    const auto model = entry.make(ConfigFile::parse("", "empty")->root()).value();
    ASSERT_TRUE(model->fit({&shop_, num_events, at_day(10)}, {.pool = pool})) << entry.name;
    ASSERT_TRUE(
        save_bundle(path_, {.model = *model, .dataset = shop_, .num_events = num_events, .trained_until = at_day(10), .cut = at_day(10)}));
    const auto bundle = Bundle::open(path_);
    ASSERT_TRUE(bundle) << entry.name << ": " << bundle.error().message;
    std::vector<std::vector<ScoredItem>> before, after;
    for (const char* name : {"ann", "bob", "cem"}) {
      const UserIndex user = testing::user_of(shop_, name);
      const Query query{.user = user, .action = ActionIndex{0}, .at = at_day(10), .history = histories.of(user), .excluded = {}};
      model->recommend({&query, 1}, 4, {}, pool, before);
      const auto history = bundle->customers().history_before(user, at_day(10));
      const Query same{.user = user, .action = ActionIndex{0}, .at = at_day(10), .history = history, .excluded = {}};
      bundle->model().recommend({&same, 1}, 4, {}, pool, after);
      EXPECT_EQ(before, after) << entry.name << " for " << name;
      EXPECT_FALSE(after[0].empty());
    }
  }
}

TEST_F(BundleTest, KeepsTheLastEventsOfEachCustomerUpToTheLimit) {
  testing::save_small_bundle(path_, shop_, "repurchase", /*history_limit=*/2);
  const auto bundle = Bundle::open(path_);
  const auto history = bundle->customers().history_before(*bundle->find_user("ann"), at_day(10));
  ASSERT_EQ(history.size(), 2u);
  EXPECT_EQ(history[0].at, at_day(3));
  EXPECT_EQ(bundle->customers().seen(*bundle->find_user("ann")).size(), 2u);  // what was seen is known all the same
}

TEST_F(BundleTest, IsReplacedWholeAndNeverPutsItselfInPlaceOfAnotherFolder) {
  testing::save_small_bundle(path_, shop_, "repurchase");
  testing::save_small_bundle(path_, shop_, "popularity");
  EXPECT_EQ(Bundle::open(path_)->manifest().model_name, "popularity");
  const fs::path photos = folder_.path() / "photos";
  fs::create_directory(photos);
  std::ofstream(photos / "cat.jpg") << "meow";
  const auto model = make_model("popularity", "").value();
  const auto saved = save_bundle(photos, {.model = *model, .dataset = shop_});
  ASSERT_FALSE(saved);
  EXPECT_EQ(saved.error().code, ErrorCode::kBadInput);
  EXPECT_EQ(*read_file(photos / "cat.jpg"), "meow");
}

TEST_F(BundleTest, SaysWhatIsWrongWithAForeignANewerAndAnUnknownBundle) {
  EXPECT_THAT(error_of_opening(), HasSubstr("no bundle here"));
  testing::save_small_bundle(path_, shop_);
  ASSERT_TRUE(write_file(path_ / kManifestFile, R"({"name": "a web app", "version": 3})"));
  EXPECT_THAT(error_of_opening(), HasSubstr("does not end with a checksum"));
  testing::save_small_bundle(path_, shop_);
  rewrite_manifest("\"version\": 1", "\"version\": 2");
  EXPECT_THAT(error_of_opening(), HasSubstr("reads version 1, found 2"));
  testing::save_small_bundle(path_, shop_);
  rewrite_manifest("\"name\": \"repurchase\"", "\"name\": \"oracle\"");
  EXPECT_THAT(error_of_opening(), HasSubstr("holds the model 'oracle', this program knows popularity"));
}

TEST_F(BundleTest, RefusesWhatContradictsItselfEvenUnderARightChecksum) {
  const std::pair<std::string_view, std::string_view> lies[] = {
      {"\"num_items\": 5", "\"num_items\": 6"},
      {"\"num_users\": 5", "\"num_users\": 4"},
      {"\"num_items\": 5", "\"num_items\": -1"},
      {"\"num_items\": 5", "\"num_items\": \"5\""},
      {"\"path\": \"items.jsonl\"", "\"path\": \"../items.jsonl\""},
      {"\"path\": \"items.jsonl\"", "\"path\": \"/etc/passwd\""},
      {"\"knobs\": \"half_life_days", "\"knobs\": \"half_life"},
      {"\"files\": [", "\"folders\": ["},
  };
  for (const auto& [from, to] : lies) {
    testing::save_small_bundle(path_, shop_);
    rewrite_manifest(from, to);
    EXPECT_NE(error_of_opening(), "") << from << " -> " << to;
  }
}

// The checksums see each of these; what they let pass would be read under the address sanitizer.
class DamagedBundle : public BundleTest {
 protected:
  void SetUp() override { testing::save_small_bundle(path_, shop_); }
  std::vector<fs::path> files() const {
    std::vector<fs::path> found;
    for (const auto& entry : fs::recursive_directory_iterator(path_))
      if (entry.is_regular_file()) found.push_back(entry.path());
    return found;
  }
  // Positions of a file: all of a small one, spread evenly over a large one.
  static std::vector<std::size_t> positions(std::size_t size) {
    std::vector<std::size_t> chosen;
    for (std::size_t i = 0; i < std::min<std::size_t>(size, 400); ++i) chosen.push_back(size <= 400 ? i : i * size / 400);
    return chosen;
  }
};

TEST_F(DamagedBundle, AnyByteFlippedIsRefusedByName) {
  std::size_t trials = 0;
  for (const fs::path& file : files()) {
    const std::string bytes = *read_file(file);
    for (const std::size_t position : positions(bytes.size())) {
      std::string damaged = bytes;
      damaged[position] ^= static_cast<char>(1 << (position % 8));
      put(file, damaged);
      EXPECT_THAT(error_of_opening(), HasSubstr(file.filename().string())) << "byte " << position;
      ++trials;
    }
    put(file, bytes);
  }
  EXPECT_GE(trials, 1000u);
  EXPECT_EQ(error_of_opening(), "");  // whole again
}

TEST_F(DamagedBundle, AnyTruncationAndAnyAppendedByteIsRefused) {
  std::size_t trials = 0;
  for (const fs::path& file : files()) {
    const std::string bytes = *read_file(file);
    for (const std::size_t size : positions(bytes.size())) {
      put(file, std::string_view(bytes).substr(0, size));
      EXPECT_NE(error_of_opening(), "") << file << " cut to " << size;
      ++trials;
    }
    put(file, bytes + "\n");
    EXPECT_NE(error_of_opening(), "") << file;
    put(file, bytes);
  }
  EXPECT_GE(trials, 1000u);
}

TEST_F(DamagedBundle, AMissingFileIsNamed) {
  for (const fs::path& file : files()) {
    const std::string bytes = *read_file(file);
    fs::remove(file);
    EXPECT_THAT(error_of_opening(), HasSubstr(file.filename().string()));
    put(file, bytes);
  }
}

// Damage under a right checksum: what a faulty writer could produce.
TEST_F(DamagedBundle, DamageUnderARightChecksumNeverCrashes) {
  Rng rng(11);
  std::size_t refused = 0;
  for (int trial = 0; trial < 1000; ++trial) {
    const auto all = files();
    const fs::path file = all[rng.below(all.size())];
    if (file.filename() == kManifestFile) continue;
    const std::string bytes = *read_file(file);
    std::string damaged = bytes;
    damaged[rng.below(bytes.size())] ^= static_cast<char>(1 + rng.below(255));
    put(file, damaged);
    const std::string manifest = manifest_text();
    rewrite_manifest(checksum_hex(bytes), checksum_hex(damaged));
    const auto bundle = Bundle::open(path_);
    refused += !bundle;
    if (bundle) {
      ThreadPool pool(1);
      std::vector<std::vector<ScoredItem>> found;
      const UserIndex user{0};
      const auto history = bundle->customers().history_before(user, at_day(10));
      const Query query{.user = user, .at = at_day(10), .history = history, .excluded = {}};
      bundle->model().recommend({&query, 1}, 3, bundle->customers().eligible(), pool, found);
      for (const ScoredItem& item : found[0]) EXPECT_LT(to_size(item.item), 5u);
      bundle->product(ItemIndex{0});
    }
    put(file, bytes);
    put(path_ / kManifestFile, manifest);
  }
  EXPECT_GT(refused, 300u);
}

}  // namespace
}  // namespace gemel
