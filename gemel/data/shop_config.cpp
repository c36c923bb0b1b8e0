#include "gemel/data/shop_config.h"

#include <algorithm>
#include <array>
#include <cstdlib>

#include "gemel/base/file.h"
#include "gemel/data/dataset_format.h"
#include "gemel/data/day.h"

namespace gemel {
namespace {

constexpr std::array<std::pair<std::string_view, FeatureType>, 6> kFeatureTypes{{{"category", FeatureType::kCategory},
                                                                                 {"tags", FeatureType::kTags},
                                                                                 {"number", FeatureType::kNumber},
                                                                                 {"time", FeatureType::kTime},
                                                                                 {"text", FeatureType::kText},
                                                                                 {"shown", FeatureType::kShown}}};

const std::vector<std::string> kTimeFormats{"iso", "s", "ms", "us", "ymd", "dmy", "mdy"};

constexpr std::string_view kDefaultSeparator = "|";
constexpr int kDefaultTextBuckets = 10'000;

// Reads shop.toml section by section. Errors go into the ConfigFile, which keeps the first.
class Reader {
 public:
  Reader(const std::filesystem::path& path, PathVariables variables) : folder_(path.parent_path()), variables_(variables) {}

  Result<void> read(ConfigTable root, ShopConfig& shop) const {
    GEMEL_RETURN_IF_ERROR(read_events(root.table("events"), shop.events));
    const ConfigTable items = root.table("items"), users = root.table("users");
    if (root.has("items")) GEMEL_RETURN_IF_ERROR(read_items(items, shop.items));
    if (root.has("users")) GEMEL_RETURN_IF_ERROR(read_table(users, shop.users));
    GEMEL_RETURN_IF_ERROR(read_split(root.table("split"), shop.split));
    root.table("models");  // the models' own
    check_together(root, shop);
    return root.finish();
  }

 private:
  Result<void> read_events(ConfigTable table, EventsConfig& events) const;
  void read_columns(ConfigTable& table, std::string_view key, std::string& first, std::vector<std::string>& others) const;
  Result<void> read_actions(ConfigTable table, EventsConfig& events) const;
  Result<void> read_exclude(ConfigTable& table, EventsConfig& events) const;
  Result<void> read_items(ConfigTable table, TableConfig& items) const;
  Result<void> read_table(ConfigTable table, TableConfig& out) const;
  Result<void> read_features(ConfigTable table, TableConfig& out) const;
  FeatureType feature_type(ConfigTable& table, std::string_view key) const;
  Result<void> read_feature(ConfigTable table, FeatureConfig& feature) const;
  Result<void> read_split(ConfigTable table, SplitConfig& split) const;
  void read_split_by_time(ConfigTable& table, SplitConfig& split) const;
  void check_together(ConfigTable& root, const ShopConfig& shop) const;
  void check_standard_input(ConfigTable& root, const ShopConfig& shop) const;

  void read_source(ConfigTable& table, SourceFormat& source) const;
  std::vector<std::string> paths(ConfigTable& table, std::string_view key) const;
  std::string expanded(ConfigTable& table, std::string_view key, const std::string& path) const;

  std::filesystem::path folder_;
  PathVariables variables_;
};

// "${GEMEL_DATA}/events.csv" -> the value of the variable in its place.
std::string Reader::expanded(ConfigTable& table, std::string_view key, const std::string& path) const {
  std::string out;
  std::size_t at = 0;
  while (true) {
    const auto begin = path.find("${", at);
    const auto end = path.find('}', begin);
    if (begin == std::string::npos || end == std::string::npos) return out + path.substr(at);
    const std::string name = path.substr(begin + 2, end - begin - 2);
    const char* value = std::getenv(name.c_str());
    if (value == nullptr || *value == 0) {
      table.reject(key, concat("the environment variable ", name, " is not set; '", path, "' needs it"));
      return path;
    }
    out += path.substr(at, begin - at) + value;
    at = end + 1;
  }
}

// Globs of a key: one text or a list of them; relative ones begin at the folder of shop.toml.
std::vector<std::string> Reader::paths(ConfigTable& table, std::string_view key) const {
  auto paths = table.texts(key);
  if (paths.empty()) table.reject(key, "is missing; expected the path of a file, or a list of paths");
  for (auto& path : paths) {
    if (path.empty()) table.reject(key, "expected the path of a file, found an empty text");
    if (variables_ == PathVariables::kKeep) continue;
    path = expanded(table, key, path);
    if (path != kStandardInput && !std::filesystem::path(path).is_absolute()) path = (folder_ / path).string();
  }
  return paths;
}

// How the files are written; what the ending of a file's name alone can tell is checked when it is opened.
void Reader::read_source(ConfigTable& table, SourceFormat& source) const {
  if (table.has("format")) source.format = to_file_format(table.choice("format", {"csv", "tsv", "jsonl", "parquet", "arrow"}, "csv"));
  source.delimiter = table.text("delimiter", "");
  if (table.has("delimiter") && (source.delimiter.empty() || source.delimiter.find_first_of("\"\r\n") != std::string::npos))
    table.reject("delimiter",
                 concat("expected what stands between fields, such as \"|\", without quote or line end, found '", source.delimiter, "'"));
  source.header = table.flag("header", true);
  source.columns = table.texts("columns");
  if (table.choice("encoding", {"utf-8", "latin-1"}, "utf-8") == "latin-1") source.encoding = Encoding::kLatin1;
  source.each = table.text("each", "");
  if (!source.format) return;
  if (const auto misused = misused_key(source, *source.format)) table.reject(misused->key, misused->problem);
}

Result<void> Reader::read_events(ConfigTable table, EventsConfig& events) const {
  if (table.has("path")) events.paths = paths(table, "path");
  read_source(table, events.source);
  events.time = table.text("time", "");
  events.order = table.flag("order", false);
  if (table.has("time_format")) events.time_format = table.choice("time_format", kTimeFormats, "iso");
  read_columns(table, "user", events.user, events.user_else);
  read_columns(table, "item", events.item, events.item_else);
  events.action = table.text("action", "");
  events.weight = table.text("weight", "");
  events.id = table.text("id", "");
  events.drop_duplicates = table.choice("duplicates", {"drop", "keep"}, "drop") == "drop";
  if (events.order && !events.time.empty())
    table.reject("order", concat("expected either time or order = true, found both: rows are sorted by the column '", events.time, "'"));
  if (!events.time_format.empty() && events.time.empty()) table.reject("time_format", "found without `time`: no column has this format");
  if (!events.user.empty() && events.user == events.item)
    table.reject("item", concat("expected another column than that of user, found '", events.item, "' for both"));
  for (const auto* column : {&events.user, &events.item})
    if (column->empty()) table.reject(column == &events.user ? "user" : "item", "expected the name of a column, found an empty text");
  GEMEL_RETURN_IF_ERROR(read_actions(table.table("actions"), events));
  GEMEL_RETURN_IF_ERROR(read_exclude(table, events));
  return table.finish();
}

Result<void> Reader::read_exclude(ConfigTable& table, EventsConfig& events) const {
  for (ConfigTable& rule : table.tables("exclude")) {
    const auto ids = [&](std::string_view key) {
      const auto texts = rule.texts(key);
      return std::set<std::string, std::less<>>(texts.begin(), texts.end());
    };
    ExcludeConfig exclude{ids("user"), ids("item"), ids("action"), {}};
    for (const std::string& text : rule.texts("day")) {
      if (const auto day = parse_day(text)) exclude.days.insert(*day);
      else rule.reject("day", concat("expected a day such as \"2017-11-24\", or a list of them, found '", text, "'"));
    }
    if (!exclude.actions.empty() && events.action.empty()) rule.reject("action", "found, but [events] names no action column");
    if (!exclude.days.empty() && events.time.empty()) rule.reject("day", "found, but [events] names no time column");
    GEMEL_RETURN_IF_ERROR(rule.finish());
    if (exclude.users.empty() && exclude.items.empty() && exclude.actions.empty() && exclude.days.empty())
      table.reject("exclude", "expected `user`, `item`, `action` or `day` in each rule, found a rule without any: it would leave out all");
    events.exclude.push_back(std::move(exclude));
  }
  return table.status();
}

// One column, or a list of them of which the first that is filled counts.
void Reader::read_columns(ConfigTable& table, std::string_view key, std::string& first, std::vector<std::string>& others) const {
  if (!table.has(key) || table.is_text(key)) {
    first = table.text(key);
    return;
  }
  others = table.texts(key);
  if (others.empty()) return;  // an empty list: the caller misses the column
  first = others.front();
  others.erase(others.begin());
}

Result<void> Reader::read_actions(ConfigTable table, EventsConfig& events) const {
  for (const auto& name : table.keys()) {
    ConfigTable action = table.table(name);
    events.actions[name] = {action.flag("target", false), action.number("weight", 1, 0)};
    GEMEL_RETURN_IF_ERROR(action.finish());
  }
  if (events.action.empty() && events.actions.empty()) events.actions["interaction"] = {.target = true, .weight = 1};
  if (events.action.empty() && events.actions.size() > 1)
    table.reject(events.actions.rbegin()->first, "found two actions and no column that tells them apart; expected `action = \"<column>\"`");
  bool has_target = false;
  for (const auto& [name, action] : events.actions) {
    has_target |= action.target;
    if (action.target && !(action.weight > 0)) table.reject(name, "expected a weight above 0 for a target action, found 0");
  }
  if (!has_target) table.reject("<action>.target", "no action is a target; expected `target = true` for what is to be recommended");
  return table.finish();
}

Result<void> Reader::read_items(ConfigTable table, TableConfig& items) const {
  items.name = table.text("name", "");
  if (table.has("twins")) {
    ConfigTable twins = table.table("twins");
    items.twins.merge = twins.flag("merge", false);
    items.twins.min_shared = static_cast<int>(twins.integer("min_shared", items.twins.min_shared, 1, 1'000'000));
    items.twins.min_share = twins.number("min_share", items.twins.min_share, 0.5, 1);
    GEMEL_RETURN_IF_ERROR(twins.finish());
  }
  GEMEL_RETURN_IF_ERROR(read_table(table, items));
  for (const auto& feature : items.features) {
    const bool is_text =
        feature.type == FeatureType::kCategory || feature.type == FeatureType::kText || feature.type == FeatureType::kShown;
    if (feature.name == items.name && !is_text)
      table.reject("name",
                   concat("'", items.name, "' is also a feature that is not a text; call the feature otherwise and give it `column`"));
  }
  return table.status();
}

Result<void> Reader::read_table(ConfigTable table, TableConfig& out) const {
  out.paths = paths(table, "path");
  read_source(table, out.source);
  out.id = table.text("id");
  GEMEL_RETURN_IF_ERROR(read_features(table.table("features"), out));
  return table.finish();
}

Result<void> Reader::read_features(ConfigTable table, TableConfig& out) const {
  for (const auto& name : table.keys()) {
    FeatureConfig feature;
    feature.name = feature.column = name;
    if (name == kIdColumn || name == kRowByIdColumn)
      table.reject(name, concat("the Dataset uses this name itself; call the feature otherwise and add column = \"", name, "\""));
    if (table.is_table(name)) {
      GEMEL_RETURN_IF_ERROR(read_feature(table.table(name), feature));
    } else {  // `brand = "category"` is short for `brand = { type = "category" }`
      feature.type = feature_type(table, name);
      if (feature.type == FeatureType::kTags) feature.separator = kDefaultSeparator;
      if (feature.type == FeatureType::kText) feature.buckets = kDefaultTextBuckets;
    }
    out.features.push_back(std::move(feature));
  }
  return table.finish();
}

FeatureType Reader::feature_type(ConfigTable& table, std::string_view key) const {
  const std::string type = table.text(key);
  for (const auto& [name, known] : kFeatureTypes)
    if (name == type) return known;
  const bool later = type == "image" || type == "vector";
  table.reject(key,
               later ? concat("features of type ", type, " are not in this version; expected category, tags, number, time, text or shown")
                     : concat("expected category, tags, number, time, text or shown, found '", type, "'"));
  return FeatureType::kShown;
}

Result<void> Reader::read_feature(ConfigTable table, FeatureConfig& feature) const {
  feature.type = feature_type(table, "type");
  feature.column = table.text("column", feature.name);
  if (feature.column.empty()) table.reject("column", "expected the name of a column, found an empty text");
  if (feature.type == FeatureType::kTags) {
    feature.separator = table.text("separator", std::string(kDefaultSeparator));
    if (feature.separator.empty())
      table.reject("separator", "expected a text such as \"|\", or \"list\" or \"list,\", found an empty text");
  }
  if (feature.type == FeatureType::kTags || feature.type == FeatureType::kCategory)
    feature.min_count = static_cast<int>(table.integer("min_count", 1, 1, 1'000'000));
  if (feature.type == FeatureType::kText) feature.buckets = static_cast<int>(table.integer("buckets", kDefaultTextBuckets, 16, 10'000'000));
  if (feature.type == FeatureType::kTime && table.has("time_format"))
    feature.time_format = table.choice("time_format", kTimeFormats, "iso");
  if (feature.type == FeatureType::kNumber) {
    feature.transform = table.choice("transform", {"none", "log1p"}, "none");
    feature.unit = table.text("unit", "");
    feature.buckets = static_cast<int>(table.integer("buckets", 0, 0, 10'000));
    const bool is_log = feature.transform == "log1p";
    if (is_log) feature.min = 0;
    if (table.has("min")) feature.min = table.number("min", std::nullopt, is_log ? 0 : -1e300);
  }
  return table.finish();
}

Result<void> Reader::read_split(ConfigTable table, SplitConfig& split) const {
  if (table.has("train")) {
    split.train_paths = paths(table, "train");
    split.test_paths = paths(table, "test");
    if (table.has("validation")) split.validation_paths = paths(table, "validation");
  } else {
    read_split_by_time(table, split);
  }
  return table.finish();
}

void Reader::read_split_by_time(ConfigTable& table, SplitConfig& split) const {
  const auto day = [&](std::string_view key) {
    const std::string text = table.text(key);
    if (!parse_day(text))
      table.reject(key, concat("expected a fraction such as 0.1 or a day such as \"2017-11-01\", found '", text,
                               "'; a split given as files needs `train` too"));
    return text;
  };
  const bool dates = table.is_text("validation") || table.is_text("test");
  if (dates && !(table.is_text("validation") && table.is_text("test"))) {
    const std::string_view odd = table.is_text("validation") ? "test" : "validation";
    table.reject(odd, "expected a day, since the other part begins with one; fractions and days do not go together");
  } else if (dates) {
    split.validation_from = day("validation");
    split.test_from = day("test");
    if (!(split.validation_from < split.test_from))
      table.reject("test", concat("expected a day after ", split.validation_from, ", where validation begins, found ", split.test_from));
  } else {
    split.validation = table.number("validation", split.validation, 0, 1);
    split.test = table.number("test", split.test, 0, 1);
    if (!(split.validation > 0)) table.reject("validation", "expected a fraction above 0: choices are made on validation");
    if (!(split.test > 0)) table.reject("test", "expected a fraction above 0: without test events nothing can be judged");
    if (split.validation + split.test >= 1)
      table.reject("test", concat("expected validation + test below 1, found ", split.validation, " + ", split.test,
                                  ": nothing is left to learn from"));
  }
}

// It can be read once, and has no name to tell its format by.
void Reader::check_standard_input(ConfigTable& root, const ShopConfig& shop) const {
  ConfigTable events = root.table("events"), items = root.table("items"), users = root.table("users"), split = root.table("split");
  struct Use {
    ConfigTable& table;
    std::string_view key;
    const std::vector<std::string>& paths;
    const SourceFormat& source;
  };
  const Use uses[] = {{events, "path", shop.events.paths, shop.events.source},
                      {split, "train", shop.split.train_paths, shop.events.source},
                      {split, "validation", shop.split.validation_paths, shop.events.source},
                      {split, "test", shop.split.test_paths, shop.events.source},
                      {items, "path", shop.items.paths, shop.items.source},
                      {users, "path", shop.users.paths, shop.users.source}};
  int num_uses = 0;
  for (const auto& [table, key, paths, source] : uses)
    for (const auto& path : paths) {
      if (path != kStandardInput) continue;
      if (++num_uses > 1) table.reject(key, "standard input can be read once, and another key names it too");
      const bool is_text = source.format && *source.format != FileFormat::kParquet && *source.format != FileFormat::kArrow;
      if (!is_text) table.reject(key, "standard input needs format = \"csv\", \"tsv\" or \"jsonl\" beside it");
    }
}

// What one section alone cannot tell.
void Reader::check_together(ConfigTable& root, const ShopConfig& shop) const {
  ConfigTable events = root.table("events"), items = root.table("items"), split = root.table("split");
  const bool has_time = !shop.events.time.empty();
  if (shop.split.by_files() && !shop.events.paths.empty())
    events.reject("path", "expected no path, since [split] names the event files of each part");
  if (!shop.split.by_files() && shop.events.paths.empty()) events.reject("path", "is missing; expected the path of the event files");
  if (!shop.split.by_files() && !has_time && !shop.events.order)
    events.reject("time",
                  "is missing: without it events cannot be split; expected a column, or order = true, or [split] with train, "
                  "validation and test files");
  if (!shop.split.validation_from.empty() && !has_time)
    split.reject("validation", "found a day, but [events] names no time column; expected a fraction");
  check_standard_input(root, shop);
  if (shop.items.twins.merge && !has_time) items.reject("twins", "twins are found by shared days, and [events] names no time column");
}

}  // namespace

Result<ShopConfig> ShopConfig::open(const std::filesystem::path& path) {
  GEMEL_ASSIGN_OR_RETURN(const std::string text, read_file(path));
  return parse(text, path);
}

Result<ShopConfig> ShopConfig::parse(std::string_view text, const std::filesystem::path& path, PathVariables variables) {
  GEMEL_ASSIGN_OR_RETURN(const ConfigFile file, ConfigFile::parse(text, path.string()));
  ShopConfig shop;
  shop.path = path;
  shop.text = text;
  GEMEL_RETURN_IF_ERROR(Reader(path, variables).read(file.root(), shop));
  return shop;
}

Result<ConfigFile> open_model_config(const ShopConfig& shop) { return ConfigFile::parse(shop.text, shop.path.string()); }

}  // namespace gemel
