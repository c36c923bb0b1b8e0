#include "gemel/data/ingest/source_files.h"

#include <algorithm>
#include <memory>

#include "gemel/base/file.h"
#include "gemel/data/ingest/open_row_source.h"

namespace gemel {
namespace {

std::string listed(const std::vector<std::string>& names) {
  std::string list;
  for (const auto& name : names) list += concat(list.empty() ? "" : ", ", name);
  return list;
}

// Asks the source for the distinct ones among `columns`; -> the place of each in a batch.
Result<std::vector<std::size_t>> request_columns(RowSource& source, const std::string& file, const WantedColumns& columns) {
  const auto& found = source.column_names();
  std::vector<std::size_t> requested, places;
  for (std::size_t column = 0; column < columns.names.size(); ++column) {
    const auto index = source.find_column(columns.names[column]);
    if (!index)
      return fail(ErrorCode::kBadConfig, columns.keys[column], ": ", file, ": expected a column '", columns.names[column], "', found ",
                  listed(found));
    const auto place = std::find(requested.begin(), requested.end(), *index);
    places.push_back(static_cast<std::size_t>(place - requested.begin()));
    if (place == requested.end()) requested.push_back(*index);
  }
  source.request(std::move(requested));
  return places;
}

}  // namespace

Result<SourceFiles> SourceFiles::find(const std::vector<std::string>& patterns, const SourceFormat& format, std::string_view key) {
  SourceFiles files{format, {}, 0};
  for (const auto& pattern : patterns) {
    auto matches = expand_glob(pattern);
    if (!matches && matches.error().code == ErrorCode::kNotFound) return fail(ErrorCode::kBadConfig, key, ": ", matches.error().message);
    if (!matches) return Failure{matches.error()};
    for (auto& path : *matches) {
      std::error_code unknown_size;  // only progress wants it; opening the file will tell what is wrong
      const auto size_bytes = std::filesystem::file_size(path, unknown_size);
      if (!unknown_size) files.size_bytes += size_bytes;
      files.paths.push_back(std::move(path));
    }
  }
  return files;
}

Result<void> SourceFiles::read(const WantedColumns& columns, RowHashes hashes, RejectLog& rejects, RowAccount& account,
                               ProgressSink& progress, const std::function<Result<void>(const SourceBatch&)>& take) const {
  std::uint64_t passed_bytes = 0;
  RowBatch rows;
  for (const auto& path : paths) {
    const std::string file = path.string();
    GEMEL_ASSIGN_OR_RETURN(const auto source, open_row_source(path, format));
    GEMEL_ASSIGN_OR_RETURN(const auto places, request_columns(*source, file, columns));
    if (hashes == RowHashes::kSkip) source->skip_row_hashes();
    while (true) {
      if (interrupted()) return fail(ErrorCode::kInterrupted, "interrupted; nothing was written");
      GEMEL_ASSIGN_OR_RETURN(const bool has_rows, source->next(rows));
      if (!has_rows) break;
      account.read += rows.num_rows + rows.broken.size();
      for (const BrokenRow& broken : rows.broken)
        GEMEL_RETURN_IF_ERROR(rejects.add(file, {broken.line, broken.field, broken.reason, ""}, account));
      GEMEL_RETURN_IF_ERROR(take(SourceBatch(file, rows, places)));
      progress.advance(passed_bytes + source->bytes_read());
    }
    passed_bytes += source->bytes_read();
  }
  return {};
}

}  // namespace gemel
