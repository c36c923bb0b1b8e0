#include "gemel/index/vector_index.h"

#include "gemel/base/check.h"

namespace gemel {

void check_lists(const SearchRequest& request, std::size_t num_candidates) {
  GEMEL_CHECK(request.candidate_bias.empty() || request.candidate_bias.size() == num_candidates, "search: one bias for each candidate");
  GEMEL_CHECK(request.eligible.empty() || request.eligible.size() == num_candidates, "search: one eligible flag for each candidate");
  GEMEL_CHECK(request.excluded.empty() || request.excluded.size() == request.queries.rows, "search: one excluded list for each query");
}

}  // namespace gemel
