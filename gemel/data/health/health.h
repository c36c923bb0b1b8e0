// The health of a Dataset: what in it would make recommendations worse or their evaluation wrong. `gemel inspect` shows it; docs/inspect.md
// says what each finding means. Each check is a file of this folder and a line in checks.h.
//
// A finding always has numbers, says what it means for recommendations and what to do. A check that finds nothing still shows its facts.
// Thread safety: pure functions. Cost: a few passes over the events, 8 bytes of memory for each; no table is larger than that, the
// numbered values of the features excepted (4 bytes a value).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "gemel/base/progress.h"
#include "gemel/base/result.h"
#include "gemel/data/dataset.h"

namespace gemel::health {

enum class Severity {
  kSerious,  // numbers of the evaluation would be wrong, or much of the data is lost
  kWarning,  // recommendations get worse, or a figure misleads
  kNote,  // good to know
};
std::string_view to_text(Severity severity);  // serious, warning, note

struct Finding {
  Severity severity;
  std::string what;  // one sentence with its numbers
  std::string means;  // for recommendations
  std::string todo;  // what to do about it
  std::string key = {};  // of shop.toml that `todo` is about; empty where none is
};

// A field of a table: programs get the plain value, people see it by its kind.
struct Cell {
  enum class Kind { kText, kCount, kShare, kNumber };
  Kind kind;
  std::string text = {};
  double value = 0;

  Cell(std::string from) : kind(Kind::kText), text(std::move(from)) {}
  Cell(std::string_view from) : kind(Kind::kText), text(from) {}
  Cell(const char* from) : kind(Kind::kText), text(from) {}
  static Cell count(std::uint64_t count) { return Cell(Kind::kCount, static_cast<double>(count)); }
  static Cell share(double share) { return Cell(Kind::kShare, share); }  // 0 to 1, seen as per cent
  static Cell number(double number) { return Cell(Kind::kNumber, number); }

 private:
  Cell(Kind of, double from) : kind(of), value(from) {}
};

struct Table {
  std::string name;  // snake_case, as are the columns: keys of the JSON
  std::vector<std::string> columns;
  std::vector<std::vector<Cell>> rows = {};
  std::size_t shown_rows = 10;  // so many for people, all for programs; 0: for programs only
};

// What one check saw.
struct Section {
  std::string name, title;
  std::string skipped = {};  // why the check could not run; empty: it ran
  std::vector<std::string> lines = {};  // sentences and charts for people; what they say stands in the tables too
  std::vector<Table> tables = {};
  std::vector<Finding> findings = {};
};

struct Report {
  std::vector<Section> sections;  // in the order of checks.h
  struct Located {
    const Section* section;
    const Finding* finding;
  };
  std::vector<Located> worst_first() const&;  // by severity, then in the order of the sections; borrows from the report
  std::vector<Located> worst_first() const&& = delete;
};

// Runs every check. Error: kInterrupted.
Result<Report> examine(const Dataset& dataset, ProgressSink& progress = no_progress());

// {"findings": [...], "sections": {name: {...}}}, as one JSON text.
std::string to_json(const Report& report);

}  // namespace gemel::health
