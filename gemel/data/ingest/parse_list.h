// Several values in one field. Thread safety: pure function.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace gemel {

// Appends the values of `text` to `values`, blanks around each and empty ones left out. `separator`:
//   "|" and the like   the text between the separators
//   "list"             JSON or Python list text: ["a", "b"], ['a', "b's"], [1, 2]; null and None are left out
//   "list,"            such a list whose texts are lists themselves, cut at commas outside brackets: ['Water (Aqua, Eau), Glycerin']
// False when it is not a list; `values` is as before then.
bool parse_list(std::string_view text, std::string_view separator, std::vector<std::string>& values);

}  // namespace gemel
