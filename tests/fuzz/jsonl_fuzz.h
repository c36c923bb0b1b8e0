#pragma once

#include <string_view>

namespace gemel {

// Ends the program when JsonlSource and its slow twin disagree about a file. The first byte of `input` chooses options, the rest is the
// file.
void compare_jsonl_readers(std::string_view input);

}  // namespace gemel
