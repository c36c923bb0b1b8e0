#include "gemel/data/ingest/open_row_source.h"

#include "gemel/data/arrow_api.h"
#include "gemel/data/ingest/byte_stream.h"
#include "gemel/data/ingest/csv_source.h"
#include "gemel/data/ingest/jsonl_source.h"
#include "gemel/data/ingest/partitioned_source.h"

namespace gemel {
namespace {

template <class Source>
Result<std::unique_ptr<RowSource>> as_row_source(Result<std::unique_ptr<Source>> source) {
  if (!source) return Failure{source.error()};
  return std::unique_ptr<RowSource>(std::move(*source));
}

Result<std::unique_ptr<RowSource>> open_file(const std::filesystem::path& path, const SourceFormat& format) {
  const bool is_standard_input = path == kStandardInput;
  const std::string name = is_standard_input ? "standard input" : path.string();
  const auto kind = format.format ? format.format : file_format_of(path.filename().string());
  if (!kind)
    return fail(ErrorCode::kBadConfig, name, ": expected a name that ends in .csv, .tsv, .jsonl, .ndjson (each also .gz or .zst), ",
                ".parquet, .arrow, .feather or .ipc, or `format` set");
  if (const auto misused = misused_key(format, *kind)) return fail(ErrorCode::kBadConfig, name, ": ", misused->key, " ", misused->problem);
  if (*kind == FileFormat::kParquet || *kind == FileFormat::kArrow) {
    if (is_standard_input) return fail(ErrorCode::kBadConfig, name, ": expected csv, tsv or jsonl, found ", to_text(*kind));
    GEMEL_ASSIGN_OR_RETURN(ArrowModule* const arrow, load_arrow_module());
    return *kind == FileFormat::kParquet ? arrow->open_parquet(path, format.each) : arrow->open_ipc(path, format.each);
  }
  GEMEL_ASSIGN_OR_RETURN(auto bytes, open_byte_stream(path, format.encoding));
  if (*kind == FileFormat::kJsonl) return as_row_source(JsonlSource::open(std::move(bytes), format.each, name));
  SourceFormat delimited = format;
  if (delimited.delimiter.empty()) delimited.delimiter.assign(1, *kind == FileFormat::kTsv ? '\t' : ',');
  return as_row_source(CsvSource::open(std::move(bytes), delimited, name));
}

}  // namespace

Result<std::unique_ptr<RowSource>> open_row_source(const std::filesystem::path& path, const SourceFormat& format) {
  GEMEL_ASSIGN_OR_RETURN(auto source, open_file(path, format));
  return with_partition_keys(std::move(source), partition_keys(path));
}

}  // namespace gemel
