// The fuzz targets as unit tests: over the corpus that libFuzzer left, and over generated dirty files.
#include <gtest/gtest.h>

#include <filesystem>

#include "gemel/base/file.h"
#include "gemel/numerics/rng.h"
#include "tests/fuzz/csv_fuzz.h"
#include "tests/fuzz/jsonl_fuzz.h"

namespace gemel {
namespace {

using Compare = void (*)(std::string_view);

std::size_t run_corpus(const std::string& folder, Compare compare) {
  std::size_t num_files = 0;
  for (const auto& entry : std::filesystem::directory_iterator("tests/fuzz/corpus/" + folder)) {
    compare(read_file(entry.path()).value());
    ++num_files;
  }
  return num_files;
}

// The functions end the program when reader and slow twin disagree.
TEST(CsvFuzz, AgreesWithItsSlowTwinOnTheCorpus) { EXPECT_GT(run_corpus("csv", compare_csv_readers), 50u); }
TEST(JsonlFuzz, AgreesWithItsSlowTwinOnTheCorpus) { EXPECT_GT(run_corpus("jsonl", compare_jsonl_readers), 50u); }

TEST(CsvFuzz, AgreesWithItsSlowTwinOnGeneratedDirtyFiles) {
  constexpr std::string_view kLetters = "ab,,::,\"\"\n\n\r\xFF";
  Rng rng(1);
  for (int file = 0; file < 30'000; ++file) {
    std::string text(1, static_cast<char>(rng.below(256)));
    if (rng.below(8) == 0) text += "\xEF\xBB\xBF";
    if (rng.below(2) == 0) text += text[0] & 1 ? "x::y\n" : "x,y\n";
    for (auto size = rng.below(40); size > 0; --size) text.push_back(kLetters[rng.below(kLetters.size())]);
    compare_csv_readers(text);
  }
}

TEST(JsonlFuzz, AgreesWithItsSlowTwinOnGeneratedDirtyFiles) {
  constexpr std::string_view kParts[] = {"{",
                                         "}",
                                         "[",
                                         "]",
                                         ":",
                                         ",",
                                         "\"a\"",
                                         "\"b\"",
                                         "\"a.b\"",
                                         "\"c\":",
                                         "1",
                                         "-2.5e3",
                                         "null",
                                         "true",
                                         "\"\"",
                                         "\"\\u00e4\"",
                                         "\n",
                                         " ",
                                         "\r\n",
                                         "{\"a\":",
                                         "{\"b\":",
                                         "\"b\":",
                                         "]}",
                                         "}}",
                                         "18446744073709551616",
                                         "\xFF",
                                         "\"\\ud83d\\ude00\"",
                                         "\"\\n\"",
                                         "{\"b\":[{\"a\":",
                                         "}]}\n"};
  Rng rng(2);
  for (int file = 0; file < 30'000; ++file) {
    std::string text(1, static_cast<char>(rng.below(256)));
    for (auto size = rng.below(16); size > 0; --size) text += kParts[rng.below(std::size(kParts))];
    compare_jsonl_readers(text);
  }
}

}  // namespace
}  // namespace gemel
