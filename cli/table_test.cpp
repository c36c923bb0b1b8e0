#include "cli/table.h"

#include <gtest/gtest.h>

namespace gemel::cli {
namespace {

TEST(Table, AlignsTextLeftAndNumbersRightByCharactersNotBytes) {
  Table table({"name", "price"});
  table.add_row({"crème", "4.5"});
  table.add_row({"tea", "12"});
  EXPECT_EQ(table.text(),
            "name   price\n"
            "crème    4.5\n"
            "tea       12\n");
}

TEST(Table, CutsLongCellsBetweenCharactersAndKeepsThemInOneLine) {
  Table table({"name"});
  table.set_max_width(6);
  table.add_row({"éééééééé"});
  table.add_row({"a\nb"});
  EXPECT_EQ(table.text(), "name\nééé...\na b\n");
}

TEST(Table, TheWidestColumnsGiveWayUntilALineFits) {
  Table table({"name", "why", "n"});
  table.set_total_width(30);
  table.add_row({"a name of twenty-four ch", "a reason of 23 letters!", "1"});
  table.add_row({"short", "short", "2"});
  EXPECT_EQ(table.text(),
            "name          why            n\n"
            "a name of...  a reason o...  1\n"
            "short         short          2\n");
}

}  // namespace
}  // namespace gemel::cli
