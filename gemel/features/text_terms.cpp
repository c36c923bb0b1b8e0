#include "gemel/features/text_terms.h"

namespace gemel {
namespace {

constexpr std::size_t kMinCharacters = 3, kMaxCharacters = 5;

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || static_cast<unsigned char>(c) >= 0x80;
}

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

// FNV-1a, 64 bits (Fowler, Noll, Vo); its low bits alone are weak for short texts, so the halves are mixed.
std::uint32_t bucket_of(std::string_view text, std::uint32_t num_buckets) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  hash ^= hash >> 32;
  return static_cast<std::uint32_t>(hash % num_buckets);
}

// Where the characters of UTF-8 begin, and the end.
std::vector<std::size_t> character_starts(std::string_view text) {
  std::vector<std::size_t> starts;
  for (std::size_t i = 0; i < text.size(); ++i)
    if ((static_cast<unsigned char>(text[i]) & 0xc0) != 0x80) starts.push_back(i);
  starts.push_back(text.size());
  return starts;
}

}  // namespace

std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words;
  bool is_inside = false;
  for (const char c : text) {
    if (!is_letter(c)) {
      is_inside = false;
      continue;
    }
    if (!is_inside) words.emplace_back();
    is_inside = true;
    words.back() += lower(c);
  }
  return words;
}

std::vector<std::uint32_t> hashed_n_grams(std::string_view text, std::uint32_t num_buckets) {
  std::vector<std::uint32_t> buckets;
  const auto add = [&](std::string_view n_gram) { buckets.push_back(bucket_of(n_gram, num_buckets)); };
  const std::vector<std::string> words = words_of(text);
  for (std::size_t w = 0; w < words.size(); ++w) {
    const std::string marked = "<" + words[w] + ">";
    add(marked);
    if (w > 0) add("<" + words[w - 1] + "> " + marked);
    const std::vector<std::size_t> starts = character_starts(marked);
    const std::size_t length = starts.size() - 1;
    for (std::size_t n = kMinCharacters; n <= kMaxCharacters && n < length; ++n)  // the whole word is there already
      for (std::size_t begin = 0; begin + n <= length; ++begin)
        add(std::string_view(marked).substr(starts[begin], starts[begin + n] - starts[begin]));
  }
  return buckets;
}

}  // namespace gemel
