#include "gemel/data/ingest/external_sort.h"

#include <gmock/gmock.h>

#include <map>

#include "gemel/data/ingest/pair_counts.h"
#include "gemel/data/testing.h"
#include "gemel/numerics/rng.h"

namespace gemel {
namespace {

using ::testing::HasSubstr;

std::vector<std::uint64_t> all_of(const ExternalSort<std::uint64_t>& sort) {
  std::vector<std::uint64_t> records;
  const auto read = sort.for_each([&](std::uint64_t record) -> Result<void> {
    records.push_back(record);
    return {};
  });
  EXPECT_TRUE(read);
  return records;
}

TEST(ExternalSort, GivesWhatAFullSortGivesWhateverTheMemory) {
  const testing::TemporaryFolder folder;
  Rng rng(1);
  for (const std::size_t memory_bytes : {0, 128, 1000, 1 << 20}) {
    ExternalSort<std::uint64_t> sort({folder.path(), memory_bytes});
    for (const std::size_t size : {0, 1, 15, 16, 17, 1000, 20'000}) {  // the last is more than the first piece of memory holds
      std::vector<std::uint64_t> expected;
      for (std::size_t i = 0; i < size; ++i) {
        expected.push_back(rng.below(500));  // few distinct ones: equals meet
        sort.add(expected.back()).value();
      }
      std::sort(expected.begin(), expected.end());
      sort.finish().value();
      EXPECT_EQ(sort.size(), size);
      EXPECT_EQ(all_of(sort), expected) << memory_bytes << " bytes, " << size;
      EXPECT_EQ(all_of(sort), expected) << "read again";
      sort.clear();
    }
  }
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));  // spilled records have no name
}

struct Numbered {
  std::uint32_t key, number;
};
struct ByKey {
  bool operator()(const Numbered& a, const Numbered& b) const { return a.key < b.key; }
};

TEST(ExternalSort, EqualRecordsStayInTheOrderTheyCameIn) {
  const testing::TemporaryFolder folder;
  for (const std::size_t memory_bytes : {0, 1000, 1 << 20}) {
    Rng rng(3);
    ExternalSort<Numbered, ByKey> sort({folder.path(), memory_bytes});
    for (std::uint32_t number = 0; number < 5000; ++number) sort.add({static_cast<std::uint32_t>(rng.below(7)), number}).value();
    sort.finish().value();
    Numbered last{0, 0};
    std::size_t num_taken = 0;
    sort.for_each([&](const Numbered& record) -> Result<void> {
          const bool follows = num_taken == 0 || last.key < record.key || (last.key == record.key && last.number < record.number);
          EXPECT_TRUE(follows) << record.key << " " << record.number;
          last = record;
          ++num_taken;
          return {};
        })
        .value();
    EXPECT_EQ(num_taken, 5000u);
  }
}

TEST(ExternalSort, SpillsOnlyWhatDoesNotFit) {
  ExternalSort<std::uint64_t> sort({"no/such/folder", 1200});
  for (std::uint64_t i = 0; i < 100; ++i) sort.add(100 - i).value();
  const auto spilled = sort.add(0);
  ASSERT_FALSE(spilled);
  EXPECT_EQ(spilled.error().code, ErrorCode::kIo);
  EXPECT_THAT(spilled.error().message, HasSubstr("no/such/folder"));
}

TEST(ExternalSort, AnErrorOfTheTakerEndsTheReading) {
  const testing::TemporaryFolder folder;
  for (const std::size_t memory_bytes : {0, 1 << 20}) {
    ExternalSort<std::uint64_t> sort({folder.path(), memory_bytes});
    for (std::uint64_t i = 0; i < 100; ++i) sort.add(i).value();
    sort.finish().value();
    std::uint64_t taken = 0;
    const auto read = sort.for_each([&](std::uint64_t) { return ++taken < 40 ? Result<void>{} : fail(ErrorCode::kIo, "enough"); });
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().message, "enough");
    EXPECT_EQ(taken, 40u);
  }
}

TEST(PairCounts, AddUpWhateverTheMemory) {
  const testing::TemporaryFolder folder;
  for (const std::size_t memory_bytes : {0, 5000, 1 << 20}) {
    Rng rng(2);
    PairCounts counts({folder.path(), memory_bytes});
    std::map<std::pair<std::uint32_t, std::uint32_t>, std::uint64_t> expected, found;
    for (int i = 0; i < 5000; ++i) {
      const auto low = static_cast<std::uint32_t>(rng.below(30)), high = low + 1 + static_cast<std::uint32_t>(rng.below(9));
      ++expected[{low, high}];
      counts.add(low, high).value();
    }
    counts
        .for_each([&](std::uint32_t low, std::uint32_t high, std::uint64_t count) {
          EXPECT_EQ(found.count({low, high}), 0u);
          found[{low, high}] = count;
        })
        .value();
    EXPECT_EQ(found, expected) << memory_bytes;
  }
}

}  // namespace
}  // namespace gemel
