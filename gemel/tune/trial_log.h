// trials.jsonl: what a search tried, appended line by line. The next run of the same search looks
// here first, and so goes on where it ended.
//
//   {"search": {"model": "two_tower", "data": "...", "seed": "1", ...}}
//   {"trial": 3, "rung": 0, "knobs": "...", "ndcg_at_20": 0.18, "recall_at_20": 0.35, "seconds": 4.1, "error": null}
//
// A last line that was cut off by a kill is dropped; it is tried again. Thread safety: one caller.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "gemel/base/result.h"

namespace gemel::tune {

// One setting, fitted and judged once.
struct Attempt {
  std::size_t trial = 0;  // of the setting; 0: the model's own knobs
  std::size_t rung = 0;   // how much was spent on it: rungs.h
  std::string knobs = {};
  double ndcg_at_20 = 0, recall_at_20 = 0;
  double seconds = 0;
  std::string error = {};  // why it could not be fitted; empty: it could
};

class TrialLog {
 public:
  using Facts = std::vector<std::pair<std::string, std::string>>;

  // `facts`: what decides the search's results. Errors: kBadConfig (the file is of another search; the message says what differs),
  // kCorrupt, kIo.
  static Result<TrialLog> open(const std::filesystem::path& path, const Facts& facts);

  // What an earlier run found of this; empty: it did not come so far. Error kCorrupt: it tried other knobs there.
  Result<std::optional<Attempt>> find(std::size_t trial, std::size_t rung, const std::string& knobs) const;
  Result<void> append(const Attempt& attempt);
  // Everything on this rung, by trial, whichever run asked for it.
  std::vector<Attempt> on_rung(std::size_t rung) const;

 private:
  void remember(const Attempt& attempt) { earlier_.insert_or_assign({attempt.trial, attempt.rung}, attempt); }

  std::filesystem::path path_;
  std::string text_;  // of the file
  std::map<std::pair<std::size_t, std::size_t>, Attempt> earlier_;  // by trial and rung
};

}  // namespace gemel::tune
