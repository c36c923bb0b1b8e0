// The products nearest to a product.
#include "gemel/index/exact_index.h"
#include "gemel/retrieval/find_product.h"
#include "gemel/retrieval/retriever.h"

namespace gemel {

Result<SimilarAnswer> Retriever::similar(const std::string& product, std::size_t k, ThreadPool& pool) const {
  if (k == 0) return fail(ErrorCode::kBadInput, "k must be at least 1, got 0");
  const ConstMatrixView embeddings = item_embeddings();
  if (embeddings.rows == 0)
    return fail(ErrorCode::kBadInput, "the model ", name(), " has no embeddings of products to compare; two_tower has");
  GEMEL_ASSIGN_OR_RETURN(const ItemIndex item, find_product(bundle_, product));
  const auto own = static_cast<std::uint32_t>(item);
  const std::span<const std::uint32_t> itself(&own, 1);
  std::vector<std::vector<ScoredIndex>> found;
  ExactIndex(embeddings)
      .search({.queries = embeddings.row_block(own, own + 1),
               .candidate_bias = {},
               .eligible = bundle_.customers().eligible(),
               .excluded = {&itself, 1},
               .k = k},
              pool, found);
  SimilarAnswer answer{bundle_.product(item), {}};
  for (const ScoredIndex& hit : found[0]) answer.products.push_back({bundle_.product(ItemIndex{hit.index}), hit.score});
  return answer;
}

}  // namespace gemel
