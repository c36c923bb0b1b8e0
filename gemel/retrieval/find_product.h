// A product by what people type: its id, or its name where the id is unknown.
// Thread safety: pure function.
#pragma once

#include <string_view>

#include "gemel/retrieval/bundle.h"

namespace gemel {

// The id as it is; else the one product of that name, upper and lower case alike. Error kNotFound: lists ids and names that are near, or
// the ids of the several products of that name. Cost without the id: a look at every product.
Result<ItemIndex> find_product(const Bundle& bundle, std::string_view id_or_name);

}  // namespace gemel
