#include "gemel/base/sealed_json.h"

#include <algorithm>

#include "gemel/base/file.h"

namespace gemel {
namespace {

namespace fs = std::filesystem;

// How a sealed file ends: the checksum stands between these, over all bytes before kChecksumKey.
constexpr std::string_view kChecksumKey = "  \"checksum\": \"";
constexpr std::string_view kEnd = "\"\n}\n";
constexpr std::size_t kChecksumDigits = 32;

Result<void> check_seal(std::string_view text) {
  const std::size_t tail = kChecksumKey.size() + kChecksumDigits + kEnd.size();
  const auto torn = [](const auto&... why) { return fail(ErrorCode::kCorrupt, "torn, truncated or not of gemel: ", why...); };
  if (text.size() < tail || !text.ends_with(kEnd) || text.substr(text.size() - tail, kChecksumKey.size()) != kChecksumKey)
    return torn("it does not end with a checksum");
  const std::string_view covered = text.substr(0, text.size() - tail);
  const std::string_view found = text.substr(text.size() - kEnd.size() - kChecksumDigits, kChecksumDigits);
  if (const std::string expected = checksum_hex(covered); expected != found) return torn("checksum ", found, ", expected ", expected);
  return {};
}

}  // namespace

Result<std::vector<ListedFile>> list_files(const fs::path& folder, std::string_view except) {
  std::vector<ListedFile> files;
  std::error_code code;
  for (fs::recursive_directory_iterator entry(folder, code), end; !code && entry != end; entry.increment(code)) {
    if (!entry->is_regular_file(code)) continue;
    const std::string path = entry->path().lexically_relative(folder).generic_string();
    if (path == except) continue;
    GEMEL_ASSIGN_OR_RETURN(const MappedFile file, MappedFile::open(entry->path()));
    files.push_back({path, file.bytes().size(), checksum_hex(file.bytes())});
  }
  if (code) return fail(ErrorCode::kIo, folder.string(), ": listing the files failed: ", code.message());
  std::ranges::sort(files, {}, &ListedFile::path);
  return files;
}

Result<void> check_file(const fs::path& folder, const ListedFile& listed) {
  const fs::path relative(listed.path);
  if (relative.is_absolute() || std::ranges::count(relative, fs::path("..")) > 0)
    return fail(ErrorCode::kCorrupt, "file '", listed.path, "' is listed and lies outside of the folder");
  const auto file = MappedFile::open(folder / relative);
  if (!file) return fail(ErrorCode::kCorrupt, "listed but not readable: ", file.error().message);
  if (file->bytes().size() != listed.size_bytes)
    return fail(ErrorCode::kCorrupt, listed.path, ": expected ", listed.size_bytes, " bytes, found ", file->bytes().size());
  if (const std::string found = checksum_hex(file->bytes()); found != listed.checksum)
    return fail(ErrorCode::kCorrupt, listed.path, ": expected checksum ", listed.checksum, ", found ", found, "; the file is damaged");
  return {};
}

Result<void> write_sealed_json(const fs::path& path, std::string object) {
  GEMEL_CHECK(object.ends_with("\n}"), "write_sealed_json: expected an indented object");
  object.resize(object.size() - 2);  // "\n}": the checksum becomes the last key
  object += ",\n";
  const std::string checksum = checksum_hex(object);
  return write_file(path, concat(object, kChecksumKey, checksum, kEnd));
}

Result<std::string> read_sealed_json(const fs::path& path) {
  GEMEL_ASSIGN_OR_RETURN(std::string text, read_file(path));
  if (const auto sealed = check_seal(text); !sealed) return with_context(sealed.error(), path.string());
  return text;
}

}  // namespace gemel
