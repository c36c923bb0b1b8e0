// The products nearest to a product.
#include <algorithm>

#include "gemel/numerics/kernels.h"
#include "gemel/numerics/top_k.h"
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
  if (std::ranges::all_of(embeddings.row(own), [](float value) { return value == 0; }))
    return fail(ErrorCode::kBadInput, "the model ", name(), " has learnt nothing of '", product,
                "', which had no event before its cut; two_tower", " knows such products by their features");
  const std::span<const std::uint32_t> itself(&own, 1);
  std::vector<float> cosines(embeddings.rows);  // rows have length 1
  constexpr std::size_t kRowsPerBlock = 4096;
  pool.for_blocks(embeddings.rows, kRowsPerBlock, [&](std::size_t begin, std::size_t end) {
    for (std::size_t row = begin; row < end; ++row)
      cosines[row] = kernels().dot(embeddings.row(own).data(), embeddings.row(row).data(), embeddings.cols);
  });
  SimilarAnswer answer{bundle_.product(item), {}};
  for (const ScoredIndex& hit : top_k(cosines, k, bundle_.customers().eligible(), itself))
    answer.products.push_back({bundle_.product(ItemIndex{hit.index}), hit.score});
  return answer;
}

}  // namespace gemel
