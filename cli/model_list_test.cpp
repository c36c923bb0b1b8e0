#include "cli/model_list.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace gemel::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(ModelList, ForgivesBlanksAroundNames) {
  EXPECT_THAT(*parse_model_list("--models", std::vector<std::string>{"popularity, content", " ease"}),
              ElementsAre("popularity", "content", "ease"));
  for (const char* nothing : {"", "  "}) EXPECT_TRUE(parse_model_list("--models", std::vector<std::string>{nothing})->empty());
  EXPECT_TRUE(parse_model_list("--models", {})->empty());
}

TEST(ModelList, DropsNothingSilently) {
  const auto message_of = [](const std::string& text) {
    const auto names = parse_model_list("--models", std::vector<std::string>{text});
    return names ? "" : names.error().message;
  };
  for (const char* text : {"popularity,,content", "popularity,", ",popularity", ", ,"})
    EXPECT_EQ(message_of(text), concat("--models: expected names of models, found an empty one in '", text, "'"));
  EXPECT_EQ(message_of("popularity,content, popularity"), "--models: popularity is named twice");
  EXPECT_THAT(message_of("content,popularty"), HasSubstr("--models: unknown model 'popularty'; known: popularity"));
}

}  // namespace
}  // namespace gemel::cli
