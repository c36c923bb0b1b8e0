// The files that shops commonly have, by their exact column names. To add one: a line in a table of layouts.cpp, and a small example in
// tests/layouts/. Thread safety: pure functions on constants.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gemel/data/infer/column_profile.h"

namespace gemel {

enum class TableRole { kEvents, kItems, kUsers };

struct Layout {
  TableRole table;
  std::string_view name;
  // Columns that must all be there, between |. Empty: a file without header, known by `shape`.
  std::string_view columns = {};
  // Without header: the delimiter (empty: any), then for each column i: whole numbers, r: whole numbers of 0 to 10, t: times, s: texts, .:
  // anything.
  std::string_view delimiter = {}, shape = {};
  std::string_view names = {};  // names for the columns of such a file, between |
  std::string_view each = {};  // path of the list whose elements are the rows
  // Columns by role; | between names of which the first that the file has is taken, and of `user` and `item` the others where it is
  // missing. Empty: guessed as in any other file.
  std::string_view user = {}, item = {}, time = {}, action = {},
                   weight = {};  // of events; `item` and `user` are also the ids of catalogue and customers
  std::string_view name_column = {};  // of the catalogue
  std::string_view note = {};  // what a reader of shop.toml should know
  std::string_view refusal = {};  // why such a file cannot be used as it is, and what to do
};

std::span<const Layout> known_layouts();

// The first one that fits; null when none does.
const Layout* find_layout(TableRole role, const TableSample& table, std::span<const ColumnProfile> profiles);

// "a|b" -> {"a", "b"}
std::vector<std::string> split_names(std::string_view names);
// Those of `names` ("a|b") that the table has.
std::vector<std::string> present_names(std::string_view names, const TableSample& table);
// The first of them; empty when there is none.
std::string first_present(std::string_view names, const TableSample& table);

}  // namespace gemel
