// How the files of one table are written, as [events], [items] or [users] of shop.toml declare it. Thread safety: plain values.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace gemel {

enum class FileFormat { kCsv, kTsv, kJsonl, kParquet, kArrow };

enum class Encoding { kUtf8, kLatin1 };

struct SourceFormat {
  std::optional<FileFormat> format = {};  // none: told by the ending of each file
  std::string delimiter = {};             // kCsv, kTsv: one letter or several; empty: comma, or tab
  bool header = true;                     // kCsv, kTsv: the first line names the columns
  std::vector<std::string> columns = {};  // their names where no line does; none of both: "1", "2", ...
  Encoding encoding = Encoding::kUtf8;    // texts of the kinds that are text
  std::string each = {};                  // kJsonl, kParquet, kArrow: the list whose elements are the rows
};

inline constexpr std::string_view kStandardInput = "-";  // as a path

std::optional<FileFormat> to_file_format(std::string_view text);  // "csv", "tsv", "jsonl", "parquet", "arrow"
std::string_view to_text(FileFormat format);

// By the ending of a file's name, whatever its case; .gz and .zst behind the endings of texts are passed over.
std::optional<FileFormat> file_format_of(std::string_view file_name);

// What stands before the last .gz or .zst: "a.csv" of "a.csv.gz".
std::string_view without_compression(std::string_view file_name);

// A key that is set and means nothing for files of this format.
struct MisusedKey {
  std::string_view key;
  std::string problem;
};
std::optional<MisusedKey> misused_key(const SourceFormat& source, FileFormat format);

}  // namespace gemel
