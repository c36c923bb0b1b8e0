#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "gemel/base/result.h"
#include "gemel/data/row_source.h"

namespace gemel::arrow_module {

// A Parquet file as a stream of batches; memory stays at a few megabytes whatever the size of its row groups.
// Errors: kNotFound, kBadInput (not Parquet), kBadConfig (no list `each`). May throw what Arrow throws: module.cpp catches.
Result<std::unique_ptr<RowSource>> open_parquet(const std::filesystem::path& path, const std::string& each);

}  // namespace gemel::arrow_module
