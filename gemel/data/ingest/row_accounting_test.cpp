// A thousand dirty files from one seed, of which the test knows every fault that it planted: ingest must find each of them at its line, and
// nothing else (read = kept + rejected + dropped, each reason counted).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <numeric>
#include <set>
#include <tuple>

#include "gemel/base/file.h"
#include "gemel/data/ingest/compress_testing.h"
#include "gemel/data/ingest/ingest.h"
#include "gemel/data/testing.h"
#include "gemel/numerics/rng.h"

namespace gemel {
namespace {
namespace fs = std::filesystem;

constexpr std::size_t kShops = 40, kFilesOfShop = 25;
constexpr std::uint64_t kSeed = 20240229;

constexpr std::string_view kToml = R"(
[events]
path = "events"
time = "time"
user = "user"
item = "item"
weight = "weight"
id = "event"
[events.actions.buy]
target = true
)";

struct Expected {
  std::uint64_t read = 0, rejected = 0, dropped = 0;
  std::map<std::string, std::uint64_t> reasons;
  std::set<std::tuple<std::string, std::uint64_t, std::string>> places;  // file, line, field and reason
};

// One event as texts; what an edit leaves empty is missing.
struct EventTexts {
  std::string event, user, item, time, weight, note;
};

class DirtyShop {
 public:
  DirtyShop(const fs::path& folder, std::uint64_t seed) : folder_(folder), rng_(seed) {}

  Expected write() {
    for (std::size_t file = 0; file < kFilesOfShop; ++file) write_file_of(file);
    return std::move(expected_);
  }

 private:
  enum class Format { kCsv, kTsv, kJsonl };

  std::size_t below(std::size_t n) { return rng_.below(n); }
  bool one_in(std::size_t n) { return below(n) == 0; }

  void write_file_of(std::size_t file) {
    format_ = static_cast<Format>(below(3));
    line_end_ = one_in(3) ? "\r\n" : "\n";
    line_ = 1;
    const bool is_first = file == 0;  // the first rows of a shop tell the format of its times: they are good
    name_ = concat(file < 10 ? "0" : "", file, format_ == Format::kCsv ? ".csv" : format_ == Format::kTsv ? ".tsv" : ".jsonl");
    const std::size_t packing = below(4);
    if (packing > 1) name_ += packing == 2 ? ".gz" : ".zst";
    path_ = (folder_ / name_).string();
    std::string text = one_in(3) ? "\xEF\xBB\xBF" : "";
    order_.resize(6);
    std::iota(order_.begin(), order_.end(), 0);
    for (std::size_t i = order_.size(); i > 1; --i) std::swap(order_[i - 1], order_[below(i)]);
    if (format_ != Format::kJsonl) text += joined({"event", "user", "item", "time", "weight", "note"}) + end_line();
    for (std::size_t row = 0, num_rows = is_first ? 20 : below(40); row < num_rows; ++row) {
      if (one_in(10)) text += end_line();  // no row
      text += !is_first && one_in(3) ? dirty_row() : good_row();
    }
    if (format_ != Format::kJsonl && one_in(5)) {
      reject(concat(first_column(), ": a quote is never closed"));
      text += "\"left open" + std::string(one_in(2) ? "" : ",x,y");
    }
    write_file(folder_ / name_, packing == 2 ? testing::gzip(text) : packing == 3 ? testing::zstd(text) : text).value();
  }

  EventTexts event() {
    const std::size_t number = num_events_++;
    return {concat("e", number),    concat("u", below(50)),
            concat("i", below(50)), concat("2024-01-", 10 + below(19), "T10:00:", 10 + below(49)),
            concat(1 + below(9)),   one_in(4) ? "plain" : ""};
  }

  std::string good_row() {
    EventTexts good = event();
    const bool is_double = !ids_.empty() && one_in(6);
    if (is_double) good.event = ids_[below(ids_.size())];
    else ids_.push_back(good.event);
    expected_.dropped += is_double;
    ++expected_.read;
    if (one_in(5)) good.note = format_ == Format::kJsonl ? "a \\\"quoted\\\" \\u00e4\\n" : "\"a \"\"quoted\"\"\nnote, with a line end\"";
    return row(good);
  }

  std::string dirty_row() {
    EventTexts bad = event();
    switch (below(8)) {
      case 0:
        bad.user = "";
        reject("user: missing");
        break;
      case 1:
        bad.time = one_in(2) ? "2024-02-31" : "soon";
        reject("time: unreadable time");
        break;
      case 2:
        bad.time = "";
        reject("time: missing");
        break;
      case 3:
        bad.weight = "-3";
        reject("weight: not above 0");
        break;
      case 4:
        bad.weight = "many";
        reject("weight: unreadable number");
        break;
      case 5:
        bad.event = "";
        reject("event: missing");
        break;
      case 6:
        bad.item = format_ == Format::kJsonl ? "i\\u00001"
                                             : std::string(
                                                   "i\0"
                                                   "1",
                                                   3);
        reject("item: holds a NUL byte");
        break;
      default: return broken_row(std::move(bad));
    }
    return row(bad);
  }

  std::string broken_row(EventTexts bad) {
    if (one_in(3)) {
      bad.user = "u\xFF";
      reject(format_ == Format::kJsonl ? "not UTF-8" : "user: not UTF-8");
      return row(bad);
    }
    if (format_ == Format::kJsonl) return broken_json(row(bad));
    const char delimiter = format_ == Format::kCsv ? ',' : '\t';
    if (one_in(2)) {
      reject(concat(first_column(), ": text after a closing quote"));
      return "\"x\"y" + std::string(5, delimiter) + end_line();
    }
    const bool is_short = one_in(2);
    reject(concat("expected 6 columns, found ", is_short ? 4 : 7));
    return "x" + std::string(is_short ? 3 : 6, delimiter) + end_line();
  }

  std::string broken_json(std::string good) {
    --line_;  // row() has counted it
    switch (below(4)) {
      case 0: reject("not JSON"); return good.substr(0, good.find('}')) + end_line();
      case 1: reject("not JSON"); return "{\"user\": u1}" + end_line();
      case 2: reject("expected a JSON object"); return "[1, 2]" + end_line();
      default: reject("user: expected a value, found an object"); return "{\"user\": {\"id\": 1}}" + end_line();
    }
  }

  std::string row(const EventTexts& event) {
    const std::vector<std::string> fields = {event.event, event.user, event.item, event.time, event.weight, event.note};
    if (format_ != Format::kJsonl) {
      const std::string text = joined(fields);
      line_ += static_cast<std::uint64_t>(std::ranges::count(text, '\n'));
      return text + end_line();
    }
    constexpr std::string_view kNames[] = {"event", "user", "item", "time", "weight", "note"};
    std::string text = "{";
    for (const std::size_t i : order_) {
      if (fields[i].empty() && one_in(2)) continue;  // absent, or there and empty or null
      const bool is_number = i == 4 && fields[i].find_first_not_of("0123456789-") == std::string::npos && !fields[i].empty();
      text += concat(text.size() > 1 ? ", " : "", '"', kNames[i], "\": ");
      if (fields[i].empty()) text += one_in(2) ? "null" : "\"\"";
      else text += is_number && one_in(2) ? fields[i] : concat('"', fields[i], '"');
    }
    return text + "}" + end_line();
  }

  std::string joined(const std::vector<std::string>& fields) const {
    std::string text;
    for (const std::size_t i : order_)
      text += concat(text.empty() && i == order_[0] ? "" : format_ == Format::kCsv ? "," : "\t", fields[i]);
    return text;
  }

  std::string first_column() const { return std::vector<std::string>{"event", "user", "item", "time", "weight", "note"}[order_[0]]; }

  std::string end_line() {
    ++line_;
    return line_end_;
  }

  // At the line that is being written.
  void reject(const std::string& reason) {
    ++expected_.read;
    ++expected_.rejected;
    ++expected_.reasons[reason];
    expected_.places.emplace(path_, line_, reason);
  }

  fs::path folder_;
  Rng rng_;
  Expected expected_;
  Format format_ = Format::kCsv;
  std::string line_end_, name_, path_;
  std::uint64_t line_ = 1;
  std::vector<std::size_t> order_;  // of the columns in this file
  std::size_t num_events_ = 0;
  std::vector<std::string> ids_;  // of good events so far
};

// What ingest wrote, each row by its file, line and reason without what follows a colon of its own.
std::set<std::tuple<std::string, std::uint64_t, std::string>> rejected_places(const fs::path& dataset) {
  std::set<std::tuple<std::string, std::uint64_t, std::string>> places;
  std::ifstream file(dataset / "rejected.jsonl");
  for (std::string text; std::getline(file, text);) {
    const auto row = nlohmann::json::parse(text);
    const std::string field = row["field"], reason = row["reason"];
    places.emplace(row["file"], row["line"], field + (field.empty() ? "" : ": ") + reason.substr(0, reason.find(':')));
  }
  return places;
}

TEST(RowAccounting, OfAThousandDirtyFilesEveryRowIsKeptDroppedOrRejectedWithItsReasonAndLine) {
  std::map<std::string, std::uint64_t> all_reasons;
  for (std::size_t shop = 0; shop < kShops; ++shop) {
    SCOPED_TRACE(concat("seed ", kSeed + shop));
    const testing::TemporaryFolder folder;
    fs::create_directory(folder.path() / "events");
    const Expected expected = DirtyShop(folder.path() / "events", kSeed + shop).write();
    const auto config = ShopConfig::parse(kToml, folder.path() / "shop.toml").value();
    const auto summary = ingest(config, folder.path() / "out", {}, no_progress());
    ASSERT_TRUE(summary) << summary.error().message;
    EXPECT_EQ(summary->events.read, expected.read);
    EXPECT_EQ(summary->events.rejected, expected.rejected);
    EXPECT_EQ(summary->events.duplicates, expected.dropped);
    EXPECT_EQ(summary->events.kept, expected.read - expected.rejected - expected.dropped);
    EXPECT_EQ(summary->events.reasons, expected.reasons);
    EXPECT_EQ(rejected_places(folder.path() / "out"), expected.places);
    for (const auto& [reason, count] : summary->events.reasons) all_reasons[reason] += count;
  }
  EXPECT_GE(all_reasons.size(), 16u);  // each kind of fault was met
  for (const auto& [reason, count] : all_reasons) EXPECT_GT(count, 3u) << reason;
}

TEST(RowAccounting, AFileThatCannotBeReadToItsEndLeavesNoDataset) {
  const testing::TemporaryFolder folder;
  std::string text = "user,item,time,weight,event\n";
  for (int i = 0; i < 20'000; ++i) text += concat("u", i % 7, ",i", i % 5, ",2024-01-01T00:00:00,1,e", i, "\n");
  fs::create_directory(folder.path() / "events");
  for (const auto& [name, bytes] : {std::pair("a.csv.gz", testing::gzip(text)), std::pair("a.csv.zst", testing::zstd(text))}) {
    write_file(folder.path() / "events" / name, std::string_view(bytes).substr(0, bytes.size() - 10)).value();
    const auto config = ShopConfig::parse(kToml, folder.path() / "shop.toml").value();
    const auto summary = ingest(config, folder.path() / "out", {}, no_progress());
    ASSERT_FALSE(summary);
    EXPECT_EQ(summary.error().code, ErrorCode::kCorrupt);
    EXPECT_THAT(summary.error().message, ::testing::HasSubstr(concat(name, ": byte ", bytes.size() - 10)));
    EXPECT_FALSE(fs::exists(folder.path() / "out"));
    fs::remove(folder.path() / "events" / name);
  }
}

}  // namespace
}  // namespace gemel
