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

}  // namespace
}  // namespace gemel::cli
