#include "cli/health_page.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <sstream>

namespace gemel::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(HealthPage, StaysWithinItsWidthWhateverNamesHold) {
  health::Report report;
  const std::string long_word(300, 'x'), umlauts = [] {
    std::string text;
    for (int i = 0; i < 150; ++i) text += "ü";
    return text;
  }();
  report.sections = {{.name = "twins",
                      .title = "Twins",
                      .lines = {long_word},
                      .tables = {{"pairs", {"product", "share"}, {{long_word, health::Cell::share(0.5)}}}},
                      .findings = {{health::Severity::kWarning, "3 of " + umlauts + " \x1b[31mred", "a\nb", long_word, "items.twins"}}}};
  const std::string page = health_page(report);
  std::istringstream lines(page);
  for (std::string line; std::getline(lines, line);) {
    const auto characters = std::ranges::count_if(line, [](char byte) { return (static_cast<unsigned char>(byte) & 0xc0) != 0x80; });
    EXPECT_LE(characters, static_cast<std::ptrdiff_t>(kHealthPageWidth)) << line;
  }
  EXPECT_THAT(page, Not(HasSubstr("\x1b")));
  EXPECT_THAT(page, HasSubstr("FINDINGS: 0 serious, 1 warning, 0 notes"));
  EXPECT_THAT(page, HasSubstr("50 %"));
}

TEST(HealthPage, SaysThatThereIsNothingToSayAndWhatWasNotLookedAt) {
  health::Report report;
  report.sections = {{.name = "weeks", .title = "Events by week", .skipped = "the events have no days"}};
  EXPECT_THAT(health_page(report), HasSubstr("No findings"));
  EXPECT_THAT(health_page(report), HasSubstr("EVENTS BY WEEK\n  Not looked at: the events have no days.\n"));
}

}  // namespace
}  // namespace gemel::cli
