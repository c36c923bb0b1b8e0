// What a text is made of. Words are runs of letters and digits, ASCII letters in lower case, every character beyond ASCII a letter. The
// n-grams are the words, pairs of neighbouring words, and the runs of 3 to 5 characters of each word between its marks < and > (as in
// fastText: Bojanowski et al., TACL 2017, section 3.2); they are hashed, so that no vocabulary is fitted and new words find related rows.
// Thread safety: pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace gemel {

std::vector<std::string> words_of(std::string_view text);

// One number in [0, num_buckets) for each n-gram of the text, repeats included: the same on every machine. Empty for a text without a word.
std::vector<std::uint32_t> hashed_n_grams(std::string_view text, std::uint32_t num_buckets);

}  // namespace gemel
