#include "gemel/base/config.h"

#include <gtest/gtest.h>

#include <limits>

namespace gemel {
namespace {

TEST(ConfigTable, AsTomlIsOneLineThatReadsBackToTheSame) {
  const std::string text =
      "[model]\nrate = 0.25\nfloats = [0.1, 3.0, -1e-9, inf]\nname = \"it's \\\"it\\\"\\nnew line\"\nlayers = [\n  64,\n  32,\n]\n"
      "[model.history]\nlength = 30\n[model.history.pool]\nkind = \"mean\"\n"
      "[model.\"price \\\"eur\\\"\"]\nweight = 2\n";
  const auto file = ConfigFile::parse(text, "test");
  ASSERT_TRUE(file);
  const std::string line = file->root().as_toml("model");
  EXPECT_EQ(line.find('\n'), std::string::npos) << line;
  EXPECT_NE(line.find("floats = [0.1, 3.0, -1e-09, inf]"), std::string::npos) << line;

  const auto again = ConfigFile::parse(concat("model = ", line), "test");
  ASSERT_TRUE(again) << again.error().message;
  ConfigTable model = again->root().table("model");
  EXPECT_EQ(model.number("rate"), 0.25);
  EXPECT_EQ(model.numbers("floats"), (std::vector<double>{0.1, 3, -1e-9, std::numeric_limits<double>::infinity()}));
  EXPECT_EQ(model.text("name"), "it's \"it\"\nnew line");
  EXPECT_EQ(model.numbers("layers"), (std::vector<double>{64, 32}));
  ConfigTable history = model.table("history");
  EXPECT_EQ(history.integer("length", {}, 0, 100), 30);
  EXPECT_EQ(history.table("pool").text("kind"), "mean");
  EXPECT_EQ(model.table("price \"eur\"").number("weight"), 2);
  EXPECT_TRUE(again->root().status());
}

}  // namespace
}  // namespace gemel
