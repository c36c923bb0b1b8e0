// shop.toml: what the shop's files hold and how they are to be understood. docs/formats/shop.md describes every key.
// Model knobs stand in the same file under [models.<name>]; each model reads its own table.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "gemel/base/config.h"
#include "gemel/base/result.h"
#include "gemel/data/ids.h"
#include "gemel/data/source_format.h"

namespace gemel {

enum class FeatureType { kCategory, kTags, kNumber, kTime, kText, kShown };  // kShown: kept for people, not a feature

struct FeatureConfig {
  std::string name;    // key in shop.toml
  std::string column;  // column of the file; the name unless `column = "..."`
  FeatureType type = FeatureType::kCategory;
  std::string separator;           // kTags: "|" and the like, "list" for JSON or Python list text, "list," for
                                   // a list whose elements are cut again at their top-level commas
  std::string transform = "none";  // kNumber: none, log1p
  std::string unit;                // kNumber: take the number before this unit, "ml" in "1 oz / 30 mL"; empty: the whole field
  std::optional<double> min;       // kNumber: below it the row is rejected; 0 when transform is log1p
  std::string time_format;         // kTime: as EventsConfig::time_format
  int buckets = 0;                 // kNumber: > 0 adds an embedding of that many quantile buckets; kText: rows its n-grams are hashed to
  int min_count = 1;               // kCategory, kTags: rarer values in the training period share the unseen row
};

struct ActionConfig {
  bool target = false;
  double weight = 1;
};

// Events to leave out: those that fit everything which is named. An empty set fits all; one of them is not empty.
struct ExcludeConfig {
  std::set<std::string, std::less<>> users, items, actions;  // ids as the events write them
  std::set<Day> days;                                        // UTC
};

struct EventsConfig {
  std::vector<std::string> paths;              // globs; relative to shop.toml
  SourceFormat source;                         // of the files of [split] too
  std::string time;                            // column; empty: absent
  bool order = false;                          // rows are in order although there is no time
  std::string time_format;                     // "", or a TimeFormat ("iso", "s", "dmy", ...): empty detects
  std::string user, item, action, weight, id;  // columns; action, weight, id may be empty
  std::vector<std::string> user_else, item_else;  // columns that count where `user` or `item` is missing, in this order
  std::map<std::string, ActionConfig> actions;
  bool drop_duplicates = true;
  std::vector<ExcludeConfig> exclude;
};

// Two products are twins when they share at least min_shared (customer, day) rows and those are at least min_share of the rows of
// the rarer one: one product listed under two ids. Merged into the one with more rows.
struct TwinsConfig {
  bool merge = false;
  int min_shared = 5;
  double min_share = 0.9;
};

struct TableConfig {
  std::vector<std::string> paths;  // empty: no such table
  SourceFormat source;
  std::string id;
  std::string name;  // [items] column that people know a product by
  std::vector<FeatureConfig> features;
  TwinsConfig twins;  // [items] only
};

// By time, as fractions of the events or as dates; or as files.
struct SplitConfig {
  double validation = 0.1, test = 0.1;                                                // fractions, when no dates are given
  std::string validation_from = {}, test_from = {};                                   // dates: first day of validation and of test
  std::vector<std::string> train_paths = {}, validation_paths = {}, test_paths = {};  // splits given as files
  bool by_files() const { return !train_paths.empty(); }
};

// ${NAME} in paths: expanded, unset ones an error; or kept as written, where the files are not looked at any more.
enum class PathVariables { kExpand, kKeep };

struct ShopConfig {
  std::filesystem::path path;  // of shop.toml itself
  std::string text;            // its bytes, kept in Dataset and bundle
  EventsConfig events;
  TableConfig items, users;
  SplitConfig split;

  // Checks everything that can be checked without the data. `path` resolves relative file names. ErrorCode::kBadConfig.
  static Result<ShopConfig> open(const std::filesystem::path& path);
  static Result<ShopConfig> parse(std::string_view text, const std::filesystem::path& path,
                                  PathVariables variables = PathVariables::kExpand);
};

// shop.toml again, for the models: root().table("models").table(name) is a model's table, empty when there is none.
Result<ConfigFile> open_model_config(const ShopConfig& shop);

}  // namespace gemel
