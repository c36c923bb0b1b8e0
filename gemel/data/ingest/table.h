// The catalogue or the customer file while ingest works on it: ids and typed columns, in the order of the kept rows.
// Not thread-safe.
#pragma once

#include <string_view>
#include <vector>

#include "gemel/base/progress.h"
#include "gemel/data/ingest/id_table.h"
#include "gemel/data/ingest/reject_log.h"
#include "gemel/data/ingest/table_column.h"

namespace gemel {

struct Table {
  IdTable ids;
  std::vector<TableColumn> columns;  // stored_columns(config)
  RowAccount account;
};

// Reads the files of `section`, "items" or "users"; an empty table when the config names none.
// Errors: kBadConfig (paths, columns), kBadInput, kInterrupted.
Result<Table> read_table(const TableConfig& config, std::string_view section, RejectLog& rejects, ProgressSink& progress);

}  // namespace gemel
