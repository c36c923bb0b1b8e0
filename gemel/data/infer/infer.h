// `gemel init`: from a shop's files to a shop.toml with a comment on each guess. Reads the head of each file and once through all events.
// Not thread-safe. Memory: the samples (SampleLimits) and 12 bytes an event for the first 5 million.
#pragma once

#include <filesystem>
#include <string>

#include "gemel/base/progress.h"
#include "gemel/data/infer/shop_guess.h"
#include "gemel/data/infer/table_sample.h"

namespace gemel {

struct InferOptions {
  std::string events, items, users;  // paths, globs or folders; the latter two may be empty
  std::filesystem::path out;         // of shop.toml: its folder is what relative paths will begin at
  SampleLimits limits;
};

// Errors: kNotFound (no such file), kBadInput (a file that is no table; no column that can be the customer or the product; a layout that
// has to be joined first, with what to do), kIo, kInterrupted.
Result<ShopGuess> infer_shop(const InferOptions& options, ProgressSink& progress);

}  // namespace gemel
