// Neighbours of a product, how it is found, and what an answer tells of its scores.
#include <gmock/gmock.h>

#include <numeric>

#include "gemel/retrieval/retriever.h"
#include "gemel/retrieval/testing.h"

namespace gemel {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class SimilarTest : public ::testing::Test {
 protected:
  Retriever open(std::string_view model = "two_tower") {
    testing::save_small_bundle(folder_.path() / "bundle", shop_, model);
    return Retriever::open(folder_.path() / "bundle").value();
  }
  std::string refusal(const Retriever& retriever, const std::string& product, ErrorCode code = ErrorCode::kNotFound) {
    const auto answer = retriever.similar(product, 3, pool_);
    EXPECT_FALSE(answer) << product;
    if (answer) return "";
    EXPECT_EQ(answer.error().code, code);
    return answer.error().message;
  }

  testing::TemporaryFolder folder_;
  Dataset shop_ = testing::small_shop();
  ThreadPool pool_{1};
};

TEST_F(SimilarTest, NearestByTheAngleOfTheEmbeddingsWithoutTheProductItself) {
  const Retriever retriever = open();
  const auto embeddings = retriever.item_embeddings();
  const SimilarAnswer answer = retriever.similar("tea", 10, pool_).value();
  EXPECT_EQ(answer.product.name, "Green tea");
  ASSERT_EQ(answer.products.size(), 3u);  // rye, jam, oil; fig is not sold yet
  const auto tea = embeddings.row(to_size(testing::item_of(shop_, "tea")));
  float last = 1.0001f;
  for (const SimilarProduct& similar : answer.products) {
    EXPECT_THAT(similar.product.id, ::testing::AnyOf("rye", "jam", "oil"));
    const auto other = embeddings.row(to_size(testing::item_of(shop_, similar.product.id)));
    EXPECT_NEAR(similar.similarity, std::inner_product(tea.begin(), tea.end(), other.begin(), 0.f), 1e-5);
    EXPECT_LE(similar.similarity, last);
    last = similar.similarity;
  }
  EXPECT_EQ(retriever.similar("tea", 1, pool_)->products.size(), 1u);
}

TEST_F(SimilarTest, AProductIsFoundByItsNameAndWhatIsNearIsSuggested) {
  const Retriever retriever = open();
  EXPECT_EQ(retriever.similar("plum JAM", 1, pool_)->product.id, "jam");
  EXPECT_THAT(refusal(retriever, "gren tea"), HasSubstr("'gren tea': no id and no name of this shop; near are tea (Green tea)"));
  EXPECT_THAT(refusal(retriever, "bread"), HasSubstr("near are rye (Rye bread)"));
  EXPECT_THAT(refusal(retriever, "submarine"), Not(HasSubstr("near")));
  EXPECT_THAT(refusal(retriever, ""), HasSubstr("no id"));
}

TEST_F(SimilarTest, SeveralProductsOfOneNameAreNamedByTheirIds) {
  shop_ = testing::make_dataset({{"ann", "a", 1}, {"bob", "b", 2}, {"cem", "c", 3}},
                                {{"a", {{"title", "Milk"}}}, {"b", {{"title", "milk"}}}, {"c", {{"title", "Rye"}}}}, {},
                                {.item_name = "title"});
  const Retriever retriever = open();
  EXPECT_THAT(refusal(retriever, "Milk"), HasSubstr("2 products have that name, name one by its id: a (Milk), b (milk)"));
}

TEST_F(SimilarTest, AModelWithoutEmbeddingsSaysSoAndKOfZeroIsRefused) {
  EXPECT_THAT(refusal(open("repurchase"), "tea", ErrorCode::kBadInput), HasSubstr("repurchase has no embeddings"));
  EXPECT_EQ(open().similar("tea", 0, pool_).error().code, ErrorCode::kBadInput);
}

TEST_F(SimilarTest, AProductThatTheModelNeverSawIsRefusedInPlaceOfComparedWithNothing) {
  EXPECT_THAT(refusal(open("bpr"), "fig", ErrorCode::kBadInput), HasSubstr("bpr has learnt nothing of 'fig'"));
  EXPECT_TRUE(open("two_tower").similar("fig", 1, pool_));
}

TEST_F(SimilarTest, AnExplainedAnswerNamesPartsFeaturesAndHistory) {
  const Retriever retriever = open();
  const Answer answer = retriever.answer({.user = "ann", .k = 3, .explain = true}, pool_).value();
  for (const RecommendedProduct& product : answer.products) {
    ASSERT_TRUE(product.explained);
    double sum = 0;
    for (const ScorePart& part : product.explained->parts) sum += part.value;
    EXPECT_NEAR(sum, product.score, 1e-4);
    EXPECT_EQ(product.explained->features.size(), 4u);  // itself, brand, price, notes
    EXPECT_EQ(product.explained->history.size(), 2u);   // tea, jam
    for (const SimilarProduct& near : product.explained->nearest) EXPECT_NE(near.product.id, product.product.id);
  }
  EXPECT_FALSE(retriever.answer({.user = "ann", .k = 3}, pool_)->products[0].explained);
}

TEST_F(SimilarTest, AModelThatCannotExplainAnswersWithANote) {
  const Retriever retriever = open("repurchase");
  const Answer answer = retriever.answer({.user = "ann", .k = 2, .explain = true}, pool_).value();
  EXPECT_EQ(answer.products.size(), 2u);
  EXPECT_FALSE(answer.products[0].explained);
  EXPECT_THAT(answer.notes, ::testing::Contains(HasSubstr("repurchase cannot tell what moved its scores")));
}

}  // namespace
}  // namespace gemel
