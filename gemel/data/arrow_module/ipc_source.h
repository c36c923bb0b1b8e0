#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "gemel/base/result.h"
#include "gemel/data/row_source.h"

namespace gemel::arrow_module {

// An Arrow IPC file or stream, told apart by its first bytes, as a stream of batches. Memory: one record batch of the file where it is
// compressed. Errors: kNotFound, kIo, kBadInput (neither), kBadConfig (no list `each`). May throw what Arrow throws: module.cpp catches.
Result<std::unique_ptr<RowSource>> open_ipc(const std::filesystem::path& path, const std::string& each);

}  // namespace gemel::arrow_module
