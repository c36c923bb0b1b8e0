// The pages of docs/formats name every key that the program reads: the readers themselves say which they are, when they refuse another.
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "gemel/data/health/checks.h"
#include "gemel/data/shop_config.h"
#include "gemel/models/registry.h"

namespace gemel {
namespace {

std::string page(const std::string& name) {
  std::ifstream file("docs/formats/" + name);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

// The words after "known here: " of a refusal.
std::vector<std::string> known_keys(const std::string& message) {
  constexpr std::string_view kKnown = "known here: ";
  const auto at = message.find(kKnown);
  EXPECT_NE(at, std::string::npos) << message;
  std::vector<std::string> keys;
  std::istringstream words(at == std::string::npos ? "" : message.substr(at + kKnown.size()));
  for (std::string key; std::getline(words, key, ',');) keys.push_back(key.substr(key.find_first_not_of(' ')));
  return keys;
}

void expect_documented(const std::string& text, const std::string& message) {
  for (const std::string& key : known_keys(message))
    EXPECT_TRUE(text.find("`" + key + "`") != std::string::npos) << key << ", of: " << message;
}

TEST(DocumentedKeys, OfTheTwoTower) {
  const std::string text = page("two_tower.md");
  for (const char* toml : {"misspelt = 1\n", "[history]\nmisspelt = 1\n", "[trend]\nmisspelt = 1\n"})
    expect_documented(text, make_model("two_tower", toml).error().message);
}

TEST(DocumentedKeys, OfTheOtherModels) {
  const std::string text = page("shop.md");
  for (const ModelEntry& entry : registered_models()) {
    EXPECT_NE(text.find(concat("`[models.", entry.name, "]`")), std::string::npos) << entry.name;
    if (entry.name != "two_tower") expect_documented(text, make_model(entry.name, "misspelt = 1\n").error().message);
  }
}

TEST(DocumentedKeys, OfShopToml) {
  const std::string text = page("shop.md");
  const std::string events = "[events]\npath = 'e.csv'\ntime = 't'\nuser = 'u'\nitem = 'i'\n";
  const std::string items = "[items]\npath = 'i.csv'\nid = 'i'\n";
  const auto refusal = [](const std::string& toml) { return ShopConfig::parse(toml, "shop.toml").error().message; };
  expect_documented(text, refusal(events + "time_format = 's'\nmisspelt = 1\n"));
  expect_documented(text, refusal(events + "exclude = [{ misspelt = 1 }]\n"));
  expect_documented(text, refusal(events + "[events.actions.buy]\ntarget = true\nmisspelt = 1\n"));
  expect_documented(text, refusal(events + items + "twins = { merge = false }\nmisspelt = 1\n"));
  expect_documented(text, refusal(events + items + "[items.twins]\nmisspelt = 1\n"));
  expect_documented(text, refusal(events + "[users]\npath = 'u.csv'\nid = 'u'\nmisspelt = 1\n"));
  expect_documented(text, refusal(events + "[split]\nmisspelt = 1\n"));
  expect_documented(
      text, refusal("[events]\nuser = 'u'\nitem = 'i'\n[split]\ntrain = 'a.csv'\nvalidation = 'c.csv'\ntest = 'b.csv'\nmisspelt = 1\n"));
  for (const std::string feature :
       {"type = 'category'", "type = 'tags'", "type = 'number', min = 1", "type = 'time'", "type = 'text'", "type = 'shown'"})
    expect_documented(text, refusal(events + items + "[items.features]\nx = { " + feature + ", misspelt = 1 }\n"));
}

TEST(DocumentedKeys, OfTheChecksOfInspect) {
  const std::string text = page("../inspect.md");
  for (const health::CheckEntry& check : health::kChecks)
    EXPECT_NE(text.find(concat("| `", check.name, "` |")), std::string::npos) << check.name;
}

}  // namespace
}  // namespace gemel
