// Reading a TOML table with messages that name file, line and key. Every reader asks for the keys it knows, then calls
// finish(), which refuses the rest: a misspelt knob is an error, not a default. The first error is kept; later ones are dropped.
//
//   ConfigFile file = *ConfigFile::open("shop.toml");
//   ConfigTable events = file.root().table("events");
//   config.path = events.text("path");
//   config.order = events.flag("order", false);
//   GEMEL_RETURN_IF_ERROR(events.finish());
//
// Not thread-safe. Tables must not outlive their ConfigFile.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "gemel/base/result.h"

namespace gemel {

class ConfigTable {
 public:
  bool has(std::string_view key) const;
  bool is_table(std::string_view key) const;
  bool is_text(std::string_view key) const;
  std::vector<std::string> keys() const;
  std::size_t size() const { return keys().size(); }

  // Without `fallback` the key must be there. Wrong type: an error that names what was found.
  std::string text(std::string_view key, std::optional<std::string> fallback = std::nullopt);
  double number(std::string_view key, std::optional<double> fallback = std::nullopt, double min = -1e300, double max = 1e300);
  std::int64_t integer(std::string_view key, std::optional<std::int64_t> fallback, std::int64_t min, std::int64_t max);
  std::size_t count(std::string_view key, std::size_t fallback, std::int64_t min, std::int64_t max);  // integer(), as a number of things
  bool flag(std::string_view key, bool fallback);
  std::vector<double> numbers(std::string_view key, std::vector<double> fallback = {});       // a list, or one number
  std::vector<std::string> texts(std::string_view key, std::vector<std::string> fallback = {});  // a list, or one text
  // One of `allowed`; the message lists them.
  std::string choice(std::string_view key, const std::vector<std::string>& allowed, std::string fallback);
  ConfigTable table(std::string_view key);  // empty table when absent
  std::vector<ConfigTable> tables(std::string_view key);  // a list of tables; empty when absent
  // TOML text of a key's value, in one line, whatever its type; empty when absent.
  std::string as_toml(std::string_view key);

  // "shop.toml:12: events.time" for messages about a value that reads well and is wrong all the same.
  std::string place(std::string_view key) const;
  // Records an error at `key` unless there is one already.
  void reject(std::string_view key, std::string_view why);
  // Keys that nobody asked for are an error. Call after the last key was read, also on sub-tables.
  Result<void> finish();
  // The first error of the whole file so far.
  Result<void> status() const;

 private:
  friend class ConfigFile;
  struct Source;
  ConfigTable(std::shared_ptr<Source> source, const void* table, std::string path);
  std::shared_ptr<Source> source_;
  const void* table_;  // toml::table, hidden so that toml++ is compiled in one place; null when absent
  std::string path_;   // "events.actions."
  std::set<std::string, std::less<>> used_;
};

class ConfigFile {
 public:
  static Result<ConfigFile> open(const std::filesystem::path& path);
  static Result<ConfigFile> parse(std::string_view toml_text, std::string_view name);  // name stands in messages
  ConfigTable root() const;

 private:
  std::shared_ptr<ConfigTable::Source> source_;
};

}  // namespace gemel
