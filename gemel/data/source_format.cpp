#include "gemel/data/source_format.h"

#include <algorithm>
#include <array>
#include <utility>

#include "gemel/base/check.h"
#include "gemel/base/concat.h"

namespace gemel {
namespace {

constexpr std::array<std::pair<std::string_view, FileFormat>, 5> kNames{{{"csv", FileFormat::kCsv},
                                                                         {"tsv", FileFormat::kTsv},
                                                                         {"jsonl", FileFormat::kJsonl},
                                                                         {"parquet", FileFormat::kParquet},
                                                                         {"arrow", FileFormat::kArrow}}};

constexpr std::array<std::pair<std::string_view, FileFormat>, 9> kEndings{{{".csv", FileFormat::kCsv},
                                                                           {".tsv", FileFormat::kTsv},
                                                                           {".tab", FileFormat::kTsv},
                                                                           {".jsonl", FileFormat::kJsonl},
                                                                           {".ndjson", FileFormat::kJsonl},
                                                                           {".parquet", FileFormat::kParquet},
                                                                           {".arrow", FileFormat::kArrow},
                                                                           {".feather", FileFormat::kArrow},
                                                                           {".ipc", FileFormat::kArrow}}};

bool ends_with(std::string_view name, std::string_view ending) {
  if (name.size() < ending.size()) return false;
  return std::ranges::equal(name.substr(name.size() - ending.size()), ending,
                            [](char a, char b) { return (a >= 'A' && a <= 'Z' ? static_cast<char>(a - 'A' + 'a') : a) == b; });
}

bool is_text(FileFormat format) { return format == FileFormat::kCsv || format == FileFormat::kTsv || format == FileFormat::kJsonl; }

}  // namespace

std::optional<FileFormat> to_file_format(std::string_view text) {
  for (const auto& [name, format] : kNames)
    if (name == text) return format;
  return std::nullopt;
}

std::string_view to_text(FileFormat format) {
  for (const auto& [name, known] : kNames)
    if (known == format) return name;
  GEMEL_CHECK(false, "a file format without a name");
}

std::string_view without_compression(std::string_view file_name) {
  for (const std::string_view ending : {".gz", ".zst"})
    if (ends_with(file_name, ending)) return file_name.substr(0, file_name.size() - ending.size());
  return file_name;
}

std::optional<FileFormat> file_format_of(std::string_view file_name) {
  const std::string_view name = without_compression(file_name);
  for (const auto& [ending, format] : kEndings)
    if (ends_with(name, ending) && (is_text(format) || name.size() == file_name.size())) return format;
  return std::nullopt;
}

std::optional<MisusedKey> misused_key(const SourceFormat& source, FileFormat format) {
  const bool is_delimited = format == FileFormat::kCsv || format == FileFormat::kTsv;
  const auto misused = [&](std::string_view key, std::string_view of) {
    return MisusedKey{key, concat("is for ", of, " files, found with ", to_text(format))};
  };
  if (!is_delimited && !source.delimiter.empty()) return misused("delimiter", "csv and tsv");
  if (!is_delimited && !source.header) return misused("header", "csv and tsv");
  if (!is_delimited && !source.columns.empty()) return misused("columns", "csv and tsv");
  if (is_delimited && !source.each.empty()) return misused("each", "jsonl, parquet and arrow");
  if (!is_text(format) && source.encoding != Encoding::kUtf8) return misused("encoding", "csv, tsv and jsonl");
  if (source.header && !source.columns.empty())
    return MisusedKey{"columns", "names the columns of files without a header line; expected header = false beside it"};
  return std::nullopt;
}

}  // namespace gemel
