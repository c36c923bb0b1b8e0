// Names of columns in the many spellings that shops have. Thread safety: pure functions.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace gemel {

// "Customer ID", "customerId", "CUSTOMER_ID" and "properties.customer-id" are all "customer_id": the last part of a dotted path, in lower
// case, words joined by _.
std::string normal_name(std::string_view column);
// The whole path, each part as above: "properties.customer_id".
std::string normal_path(std::string_view column);

enum class Role { kUser, kItem, kTime, kAction, kWeight, kEventId, kItemName };

inline constexpr std::size_t kUnranked = static_cast<std::size_t>(-1);

// How well a name fits a role: 0 is best, kUnranked when it says nothing. The names and their order stand in column_names.cpp.
std::size_t rank_of(Role role, std::string_view column);

// A name that says "this is a key of something": ends in id, code, key, number, sku and the like.
bool is_id_name(std::string_view column);

// Why a column of the catalogue cannot be known at the time of an earlier event, by its name; empty when the name says nothing.
//   "loves_count" -> "a total over the whole period", "out_of_stock" -> "the state on the day of the export"
std::string_view period_reason(std::string_view column);

}  // namespace gemel
