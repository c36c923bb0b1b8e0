#pragma once

#include <span>
#include <vector>

#include "gemel/base/file.h"
#include "gemel/base/result.h"
#include "gemel/data/arrow_api.h"

namespace gemel::arrow_module {

// ArrowModule::write_ipc. Error: kIo. May throw what Arrow throws: module.cpp catches.
Result<std::vector<ArrowColumnPlace>> write_ipc(RandomFile& file, std::span<const ArrowColumn> columns);

}  // namespace gemel::arrow_module
