// From a shop's files to a Dataset directory (dataset.h), in bounded memory. One pass over the files; a row that cannot be used is left
// out, written to rejected.jsonl and counted; read = kept + rejected + duplicates for every table.
#pragma once

#include <filesystem>

#include "gemel/base/progress.h"
#include "gemel/base/result.h"
#include "gemel/data/ingest/summary.h"
#include "gemel/data/shop_config.h"

namespace gemel {

struct IngestOptions {
  bool strict = false;  // the first row that cannot be used is the error of the run
  // What sorting may take of memory; more is sorted on disk, to the same bytes. The ids, the catalogue and the customer file stay in memory
  // beside it, and about 50 MB.
  std::size_t memory_bytes = kDefaultMemoryBytes;
  static constexpr std::size_t kDefaultMemoryBytes = std::size_t{1} << 30;
};

// Writes `directory` whole or not at all. Errors: kBadConfig (no such file or column, a target action that never occurs, a declared split
// that leaves a part empty), kBadInput (a file that is no table, no usable event, a bad row when strict), kNotFound (the Arrow module),
// kIo, kInterrupted.
Result<IngestSummary> ingest(const ShopConfig& config, const std::filesystem::path& directory, const IngestOptions& options,
                             ProgressSink& progress);

}  // namespace gemel
