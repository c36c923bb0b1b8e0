#include <gtest/gtest.h>

#include <cmath>

#include "examples/music/score_table.h"
#include "examples/music/tower_map.h"

namespace gemel::music {
namespace {

TEST(Music, TheSlidesFactorsGiveAllSixteenScoresWithinSixHundredths) {
  EXPECT_LE(largest_difference(products({kListenerFactors, kArtistFactors}), kScores), .06);
}

TEST(Music, AnnaAsTheSlidesPrintHerMissesTwoScoresByNineteenHundredths) {
  Points listeners = kListenerFactors;
  listeners[0] = {1.0, -.1};
  const Table table = products({listeners, kArtistFactors});
  std::size_t off = 0;
  for (std::size_t l = 0; l < kNumListeners; ++l)
    for (std::size_t a = 0; a < kNumArtists; ++a) {
      const double difference = std::abs(table[l][a] - kScores[l][a]);
      if (difference <= .06) continue;
      EXPECT_NEAR(difference, .19, 1e-9) << kListeners[l] << ", " << kArtists[a];
      ++off;
    }
  EXPECT_EQ(off, 2u);
}

void expect_recovered(const std::vector<Cell>& hidden) {
  ThreadPool pool(1);
  const Table learned = products(learn_factors(kScores, hidden, pool).value());
  for (const auto& [l, a] : hidden) EXPECT_NEAR(learned[l][a], kScores[l][a], .15) << kListeners[l] << ", " << kArtists[a];
}

TEST(Music, TwoFactorsRecoverAnyHiddenScore) {
  for (std::size_t l = 0; l < kNumListeners; ++l)
    for (std::size_t a = 0; a < kNumArtists; ++a) expect_recovered({{l, a}});
}

TEST(Music, TwoFactorsRecoverTwoAndThreeHiddenScores) {
  expect_recovered({{0, 3}, {2, 1}});
  expect_recovered({{1, 0}, {3, 3}});
  expect_recovered({{0, 3}, {2, 1}, {3, 2}});
  expect_recovered({{0, 1}, {1, 3}, {2, 2}});
  expect_recovered({{1, 2}, {2, 3}, {3, 0}});
}

TEST(Music, AnInvertibleMapMovesTheFactorsAndNoProduct) {
  ThreadPool pool(1);
  const Factors learned = learn_factors(kScores, {}, pool).value();
  const Factors turned = turned_onto(kArtistFactors, learned);
  EXPECT_LE(largest_difference(products(turned), products(learned)), 1e-9);
  // On the named axes they are where the slides have them.
  for (std::size_t i = 0; i < 4; ++i)
    for (std::size_t d = 0; d < 2; ++d) {
      EXPECT_NEAR(turned.artists[i][d], kArtistFactors[i][d], .1) << kArtists[i];
      EXPECT_NEAR(turned.listeners[i][d], kListenerFactors[i][d], .15) << kListeners[i];
    }
}

TEST(Music, TheMapNamesEverybody) {
  const Factors slides{kListenerFactors, kArtistFactors};
  const std::string picture = tower_map(slides, slides);
  for (const std::string& name : kListeners) EXPECT_NE(picture.find(">" + name + "<"), std::string::npos);
  for (const std::string& name : kArtists) EXPECT_NE(picture.find(">" + name + "<"), std::string::npos);
  EXPECT_NE(picture.find("cx=\"550.0\" cy=\"297.0\" r=\"5\""), std::string::npos) << "Anna at (1.0, 0.1)";
}

}  // namespace
}  // namespace gemel::music
