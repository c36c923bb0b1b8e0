// rejected.jsonl: every row that could not be used or that shop.toml leaves out, one JSON object a line: file, line, field, reason, value.
// Not thread-safe.
#pragma once

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "gemel/base/result.h"

namespace gemel {

// What became of the rows of one table. read = kept + rejected + duplicates + excluded, always.
struct RowAccount {
  std::uint64_t read = 0, kept = 0, rejected = 0;
  std::uint64_t duplicates = 0;                  // dropped: the same event again
  std::uint64_t excluded = 0;                    // dropped: shop.toml says so
  std::map<std::string, std::uint64_t> reasons;  // of `rejected`
  std::map<std::string, std::uint64_t> excluded_by;  // the rules
  bool adds_up() const { return read == kept + rejected + duplicates + excluded; }
};

struct Rejection {
  std::uint64_t line = 0;
  std::string field;   // column of the file; empty when none can be named
  std::string reason;  // what stands after a colon belongs to this row alone and is not counted apart: "id seen before: line 7"
  std::string_view value;
};

class RejectLog {
 public:
  // With `strict` the first rejected row is the error of the run.
  static Result<RejectLog> create(const std::filesystem::path& path, bool strict);

  // Writes and counts. Errors: kBadInput when strict, kIo.
  Result<void> add(const std::string& file, const Rejection& rejection, RowAccount& account);
  // A row that is left out on purpose, which `strict` allows. Error: kIo.
  Result<void> exclude(const std::string& file, const Rejection& rejection, RowAccount& account);
  // Syncs to disk. Error: kIo, for any line that could not be written.
  Result<void> close();

 private:
  struct FileCloser {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  RejectLog(std::string path, std::FILE* file, bool strict) : path_(std::move(path)), file_(file), strict_(strict) {}

  Result<void> write(const std::string& file, const Rejection& rejection);

  std::string path_;
  std::unique_ptr<std::FILE, FileCloser> file_;
  bool strict_;
};

}  // namespace gemel
