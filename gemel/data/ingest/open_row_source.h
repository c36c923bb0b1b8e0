// One door to every format: what `gemel ingest` reads rows from, and `gemel init` the head of a file.
#pragma once

#include <filesystem>
#include <memory>

#include "gemel/base/result.h"
#include "gemel/data/row_source.h"
#include "gemel/data/source_format.h"

namespace gemel {

// Folders called "<name>=<value>" on the way to the file add columns (partitioned_source.h). Opens a file, or standard input where `path`
// is "-" (`format.format` must be set then, and the format a text's). Errors: kBadConfig (no known ending, a key that means nothing for
// this format), kNotFound, kIo, kBadInput (not of this format), kCorrupt (damaged compression).
Result<std::unique_ptr<RowSource>> open_row_source(const std::filesystem::path& path, const SourceFormat& format);

}  // namespace gemel
