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

// "events" of "events.user".
std::string_view section_of(const WantedColumns& columns) {
  return std::string_view(columns.keys.at(0)).substr(0, columns.keys[0].find('.'));
}

struct RequestedColumns {
  std::vector<std::size_t> columns;  // of the source, distinct
  std::vector<std::size_t> places;   // of each wanted column, in a batch
};

// Asks the source for the distinct ones among `columns`.
Result<RequestedColumns> request_columns(RowSource& source, const std::string& file, const WantedColumns& columns) {
  RequestedColumns requested;
  for (std::size_t column = 0; column < columns.names.size(); ++column) {
    const auto index = source.find_column(columns.names[column]);
    if (!index)
      return fail(ErrorCode::kBadConfig, columns.keys[column], ": ", file, ": expected a column '", columns.names[column], "', found ",
                  listed(source.column_names()));
    const auto place = std::find(requested.columns.begin(), requested.columns.end(), *index);
    requested.places.push_back(static_cast<std::size_t>(place - requested.columns.begin()));
    if (place == requested.columns.end()) requested.columns.push_back(*index);
  }
  source.request(requested.columns);
  return requested;
}

// Files without a header cannot say at once that a column is not theirs; when no row of any file has had it, it is misspelt.
class SeenColumns {
 public:
  explicit SeenColumns(const WantedColumns& columns) : columns_(columns), is_seen_(columns.names.size()) {}

  // `has_rows`: without any there is nothing to tell.
  void add(const RowSource& source, const RequestedColumns& requested, bool has_rows) {
    has_rows_ |= has_rows;
    const auto unseen = source.unseen_columns();
    for (std::size_t column = 0; column < is_seen_.size(); ++column) {
      const std::size_t place = requested.columns[requested.places[column]];
      if (std::find(unseen.begin(), unseen.end(), place) == unseen.end()) is_seen_[column] = true;
    }
    if (!unseen.empty()) found_ = source.column_names();
  }

  Result<void> check(const std::string& last_file) const {
    if (!has_rows_) return {};
    for (std::size_t column = 0; column < is_seen_.size(); ++column) {
      if (is_seen_[column]) continue;
      std::vector<std::string> others;
      for (const auto& name : found_)
        if (std::find(columns_.names.begin(), columns_.names.end(), name) == columns_.names.end()) others.push_back(name);
      return fail(ErrorCode::kBadConfig, columns_.keys[column], ": ", last_file, ": expected a field '", columns_.names[column],
                  "' in some record, found none; other fields are ", listed(others));
    }
    return {};
  }

 private:
  const WantedColumns& columns_;
  std::vector<bool> is_seen_;
  bool has_rows_ = false;
  std::vector<std::string> found_;
};

// Names that tools leave beside data: .part-0.crc, _SUCCESS.
bool is_hidden(const std::filesystem::path& path) {
  const std::string name = path.filename().string();
  return name.starts_with('.') || name.starts_with('_');
}

// A file as it is; of a folder and those inside it all files of the declared format, or of known endings, sorted by name.
Result<void> add_path(const std::filesystem::path& path, std::string_view key, SourceFiles& files) {
  std::error_code code;
  if (!std::filesystem::is_directory(path, code)) {
    files.paths.push_back(path);
    return {};
  }
  std::vector<std::filesystem::path> found;
  for (auto entry = std::filesystem::recursive_directory_iterator(path, code);
       !code && entry != std::filesystem::recursive_directory_iterator(); entry.increment(code)) {
    const bool is_folder = entry->is_directory(code);
    if (is_hidden(entry->path())) {
      if (is_folder) entry.disable_recursion_pending();
    } else if (!is_folder && (files.format.format || file_format_of(entry->path().filename().string()))) {
      found.push_back(entry->path());
    }
  }
  if (code) return fail(ErrorCode::kIo, path.string(), ": listing the folder failed: ", code.message());
  if (found.empty())
    return fail(ErrorCode::kBadConfig, key, ": ", path.string(), ": expected files of a known ending in this folder, found none");
  std::sort(found.begin(), found.end());
  files.paths.insert(files.paths.end(), found.begin(), found.end());
  return {};
}

}  // namespace

Result<SourceFiles> SourceFiles::find(const std::vector<std::string>& patterns, const SourceFormat& format, std::string_view key) {
  SourceFiles files{format, {}, 0};
  for (const auto& pattern : patterns) {
    if (pattern == kStandardInput) {
      files.paths.emplace_back(pattern);
      continue;
    }
    auto matches = expand_glob(pattern);
    if (!matches && matches.error().code == ErrorCode::kNotFound) return fail(ErrorCode::kBadConfig, key, ": ", matches.error().message);
    if (!matches) return Failure{matches.error()};
    for (const auto& path : *matches) GEMEL_RETURN_IF_ERROR(add_path(path, key, files));
  }
  for (const auto& path : files.paths) {
    std::error_code unknown_size;  // only progress wants it; opening the file will tell what is wrong
    const auto size_bytes = std::filesystem::file_size(path, unknown_size);
    if (!unknown_size) files.size_bytes += size_bytes;
  }
  return files;
}

Result<void> SourceFiles::read(const WantedColumns& columns, RowHashes hashes, RejectLog& rejects, RowAccount& account,
                               ProgressSink& progress, const std::function<Result<void>(const SourceBatch&)>& take) const {
  std::uint64_t passed_bytes = 0;
  RowBatch rows;
  SeenColumns seen(columns);
  for (const auto& path : paths) {
    const std::string file = path == kStandardInput ? "standard input" : path.string();
    auto opened = open_row_source(path, format);
    if (!opened && opened.error().code == ErrorCode::kBadConfig) return with_context(opened.error(), section_of(columns));
    GEMEL_ASSIGN_OR_RETURN(const auto source, std::move(opened));
    GEMEL_ASSIGN_OR_RETURN(const auto requested, request_columns(*source, file, columns));
    if (hashes == RowHashes::kSkip) source->skip_row_hashes();
    bool has_any_rows = false;
    while (true) {
      if (interrupted()) return fail(ErrorCode::kInterrupted, "interrupted; nothing was written");
      GEMEL_ASSIGN_OR_RETURN(const bool has_rows, source->next(rows));
      if (!has_rows) break;
      has_any_rows |= rows.num_rows > 0;
      account.read += rows.num_rows + rows.broken.size();
      for (const BrokenRow& broken : rows.broken)
        GEMEL_RETURN_IF_ERROR(rejects.add(file, {broken.line, broken.field, broken.reason, ""}, account));
      GEMEL_RETURN_IF_ERROR(take(SourceBatch(file, rows, requested.places)));
      progress.advance(passed_bytes + source->bytes_read());
    }
    passed_bytes += source->bytes_read();
    seen.add(*source, requested, has_any_rows);
  }
  return seen.check(paths.empty() ? "" : paths.back().string());
}

}  // namespace gemel
