// The keys of a partitioned folder as columns: files under "day=2023-01-01/shop=de/" have the columns "day" and "shop", of that one value
// each. Not thread-safe.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "gemel/data/row_source.h"

namespace gemel {

struct PartitionKey {
  std::string name, value;  // percent escapes decoded; the value is empty where Hive writes __HIVE_DEFAULT_PARTITION__
};

// The folders of `path` that are called "<name>=<value>", outermost first.
std::vector<PartitionKey> partition_keys(const std::filesystem::path& path);

// `source` with a column for each key; a column that the file has itself stays the file's. Row hashes cover the keys.
std::unique_ptr<RowSource> with_partition_keys(std::unique_ptr<RowSource> source, std::vector<PartitionKey> keys);

}  // namespace gemel
