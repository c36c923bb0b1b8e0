#include "gemel/data/infer/table_sample.h"

#include <algorithm>
#include <numeric>

#include "gemel/data/infer/text_shape.h"
#include "gemel/data/ingest/byte_stream.h"
#include "gemel/data/ingest/cell_text.h"
#include "gemel/data/ingest/open_row_source.h"
#include "gemel/data/ingest/parse_number.h"

namespace gemel {
namespace {

constexpr std::size_t kHeadBytes = 256 << 10;

// Decompressed, the bytes as they are: whether they are UTF-8 is to be found out.
Result<std::string> read_head(const std::string& path) {
  GEMEL_ASSIGN_OR_RETURN(const auto bytes, open_byte_stream(path, Encoding::kUtf8));
  std::string head(kHeadBytes, '\0');
  GEMEL_ASSIGN_OR_RETURN(const std::size_t size, bytes->read(head));
  head.resize(size);
  return head;
}

}  // namespace

const ColumnSample* TableSample::find(std::string_view column) const {
  const auto found = std::ranges::find(columns, column, &ColumnSample::name);
  return found == columns.end() ? nullptr : &*found;
}

Result<SourceFiles> find_files(const std::string& pattern, const SourceFormat& format) {
  if (pattern == kStandardInput) return fail(ErrorCode::kBadInput, "standard input cannot be read twice; expected the path of a file");
  auto files = SourceFiles::find({pattern}, format, "init");
  if (!files && files.error().code == ErrorCode::kBadConfig) return fail(ErrorCode::kNotFound, files.error().message);
  return files;
}

Result<SourceGuess> guess_source(const std::string& path) {
  const auto called = file_format_of(std::filesystem::path(path).filename().string());
  if (called == FileFormat::kParquet || called == FileFormat::kArrow) return SourceGuess{{}, std::string(to_text(*called))};
  const auto head = read_head(path);
  if (!head) return Failure{head.error()};
  if (head->empty()) return fail(ErrorCode::kBadInput, path, ": expected rows, found an empty file");
  if (head->find("PAR1") == 0) return SourceGuess{{.format = FileFormat::kParquet}, "parquet"};
  if (head->find("ARROW1") == 0) return SourceGuess{{.format = FileFormat::kArrow}, "arrow"};
  return guess_text_shape(*head, path);
}

Result<TableSample> read_sample(const std::string& pattern, const SourceGuess& source, const SampleLimits& limits, ProgressSink& progress) {
  GEMEL_ASSIGN_OR_RETURN(const SourceFiles files, find_files(pattern, source.format));
  const auto& paths = files.paths;
  TableSample sample{.file = paths[0].string(), .source = source, .is_whole = true};
  std::size_t num_bytes = 0;
  std::string buffer;
  progress.begin(concat("look at ", paths[0].filename().string()), limits.max_rows, "rows");
  for (const auto& path : paths) {
    GEMEL_ASSIGN_OR_RETURN(const auto rows, open_row_source(path, source.format));
    if (sample.columns.empty())
      for (const std::string& name : rows->column_names()) sample.columns.push_back({name, {}});
    if (rows->column_names().size() != sample.columns.size()) break;  // of another kind: ingest will name it
    std::vector<std::size_t> all(sample.columns.size());
    std::iota(all.begin(), all.end(), 0u);
    rows->request(std::move(all));
    rows->skip_row_hashes();
    RowBatch batch;
    while (true) {
      if (interrupted()) return fail(ErrorCode::kInterrupted, "interrupted; nothing was written");
      GEMEL_ASSIGN_OR_RETURN(const bool has_rows, rows->next(batch));
      if (!has_rows) break;
      sample.num_broken += batch.broken.size();
      const std::size_t num_rows = std::min(batch.num_rows, limits.max_rows - sample.num_rows);
      for (std::size_t column = 0; column < sample.columns.size(); ++column)
        for (std::size_t row = 0; row < num_rows; ++row) {
          const std::string_view text = cell_text(batch.columns[column][row], buffer);
          sample.columns[column].values.emplace_back(is_valid_utf8(text) ? text : std::string_view{});
          num_bytes += text.size() + sizeof(std::string);
        }
      sample.num_rows += num_rows;
      sample.is_whole = num_rows == batch.num_rows && num_bytes < limits.max_bytes;
      progress.advance(sample.num_rows);
      if (!sample.is_whole) break;
    }
    if (!sample.is_whole) break;
  }
  progress.end();
  return sample;
}

}  // namespace gemel
