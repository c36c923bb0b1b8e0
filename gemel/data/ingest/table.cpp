#include "gemel/data/ingest/table.h"

#include <algorithm>

#include "gemel/data/dataset_format.h"
#include "gemel/data/ingest/cell_text.h"
#include "gemel/data/ingest/id_rules.h"
#include "gemel/data/ingest/source_files.h"

namespace gemel {
namespace {

// Reads one table; remembers the line of every id, for the message when it comes again.
class TableReader {
 public:
  TableReader(const TableConfig& config, std::string_view section, Table& table, RejectLog& rejects) : table_(table), rejects_(rejects) {
    wanted_.add(config.id, concat(section, ".id"));
    for (const auto& column : stored_columns(config)) {
      const bool is_feature = std::ranges::find(config.features, column.name, &FeatureConfig::name) != config.features.end();
      wanted_.add(column.column, is_feature ? concat(section, ".features.", column.name) : concat(section, ".name"));
      table_.columns.emplace_back(column);
    }
  }

  Result<void> read(const SourceFiles& files, ProgressSink& progress) {
    return files.read(wanted_, SourceFiles::RowHashes::kSkip, rejects_, table_.account, progress,
                      [&](const SourceBatch& batch) { return take(batch); });
  }

 private:
  Result<void> take(const SourceBatch& batch) {
    for (std::size_t i = 0; i < table_.columns.size(); ++i) table_.columns[i].detect_format(batch.column(i + 1));
    for (std::size_t row = 0; row < batch.num_rows(); ++row)
      if (const auto rejection = read_row(batch, row)) GEMEL_RETURN_IF_ERROR(rejects_.add(batch.file(), *rejection, table_.account));
    return check_room(table_.ids, batch.file());
  }

  std::optional<Rejection> read_row(const SourceBatch& batch, std::size_t row) {
    const auto reject = [&](std::size_t column, std::string reason) {
      return Rejection{batch.line(row), wanted_.names[column], std::move(reason), cell_text(batch.cell(column, row), found_)};
    };
    const std::string_view id = cell_text(batch.cell(0, row), id_text_);
    if (auto problem = id_problem(id)) return reject(0, std::move(*problem));
    if (const auto known = table_.ids.find(id)) return reject(0, concat("id seen before: line ", lines_[*known]));
    for (std::size_t column = 0; column < table_.columns.size(); ++column) {
      auto problem = table_.columns[column].append(batch.cell(column + 1, row));
      if (!problem) continue;
      for (std::size_t done = 0; done < column; ++done) table_.columns[done].remove_last();
      return reject(column + 1, std::move(*problem));
    }
    table_.ids.intern(id);
    lines_.push_back(batch.line(row));
    return std::nullopt;
  }

  Table& table_;
  RejectLog& rejects_;
  WantedColumns wanted_;              // the id's, then one for each column
  std::vector<std::uint64_t> lines_;  // of each kept row
  std::string id_text_, found_;
};

}  // namespace

Result<Table> read_table(const TableConfig& config, std::string_view section, RejectLog& rejects, ProgressSink& progress) {
  Table table;
  TableReader reader(config, section, table, rejects);
  GEMEL_ASSIGN_OR_RETURN(const auto files, SourceFiles::find(config.paths, config.source, concat(section, ".path")));
  progress.begin(section, files.size_bytes, "bytes");
  GEMEL_RETURN_IF_ERROR(reader.read(files, progress));
  progress.end();
  table.account.kept = table.ids.size();
  return table;
}

}  // namespace gemel
