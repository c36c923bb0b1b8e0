// The head of a shop's file as texts, column by column: what all guesses are made from.
#pragma once

#include <string>
#include <vector>

#include "gemel/base/progress.h"
#include "gemel/data/infer/shop_guess.h"
#include "gemel/data/ingest/source_files.h"
#include "gemel/data/row_source.h"

namespace gemel {

struct ColumnSample {
  std::string name;
  std::vector<std::string> values;  // [num_rows]; missing: empty
};

struct TableSample {
  std::string file;  // the first of the files, for messages
  SourceGuess source;
  std::vector<ColumnSample> columns = {};
  std::size_t num_rows = 0;
  std::size_t num_broken = 0;  // rows that could not be cut into fields
  bool is_whole = false;       // there are no further rows

  const ColumnSample* find(std::string_view column) const;
};

struct SampleLimits {
  std::size_t max_rows = 100'000;
  std::size_t max_bytes = std::size_t{128} << 20;
};

// The files of a table: a path, a glob or a folder, as in shop.toml; sorted by name. Errors: kNotFound, kBadInput (standard input, which
// cannot be read twice), kIo.
Result<SourceFiles> find_files(const std::string& pattern, const SourceFormat& format);

// How a file is cut, told from its first bytes. Errors: kNotFound, kIo, kBadInput (empty), kCorrupt.
Result<SourceGuess> guess_source(const std::string& path);

// The head of the files that `pattern` names, in the order of their names. Errors: kNotFound, kBadInput, kIo,
// kInterrupted.
Result<TableSample> read_sample(const std::string& pattern, const SourceGuess& source, const SampleLimits& limits, ProgressSink& progress);

}  // namespace gemel
