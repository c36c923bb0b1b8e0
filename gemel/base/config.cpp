#include "gemel/base/config.h"

#define TOML_EXCEPTIONS 0  // Debian's library is built with exceptions, so this file compiles toml++ for itself
#undef TOML_SHARED_LIB
#undef TOML_HEADER_ONLY
#include <toml++/toml.h>

#include <algorithm>
#include <cmath>
#include <sstream>

#include "gemel/base/file.h"
#include "gemel/base/toml_text.h"

namespace gemel {

struct ConfigTable::Source {
  toml::table root;
  std::string name;
  std::optional<Error> error;
};

namespace {

const toml::table* as_table(const void* table) { return static_cast<const toml::table*>(table); }

const toml::node* find(const void* table, std::string_view key) { return table == nullptr ? nullptr : as_table(table)->get(key); }

std::string_view type_name(const toml::node& node) {
  switch (node.type()) {
    case toml::node_type::table: return "a table";
    case toml::node_type::array: return "a list";
    case toml::node_type::string: return "a text";
    case toml::node_type::integer: return "a whole number";
    case toml::node_type::floating_point: return "a number";
    case toml::node_type::boolean: return "true or false";
    default: return "a date or time";
  }
}

// "'x'" for plain values, the type for the others.
std::string shown(const toml::node& node) {
  if (node.is_table() || node.is_array()) return std::string(type_name(node));
  std::ostringstream out;
  node.visit([&](const auto& value) { out << value; });
  return concat(type_name(node), " (", out.str(), ")");
}

// As shown(); of a list, the first element that does not fit.
std::string shown_element(const toml::node& node, bool (*fits)(const toml::node&)) {
  if (const auto* list = node.as_array()) {
    for (const auto& element : *list) {
      if (!fits(element)) return concat("a list with ", shown(element));
    }
  }
  return shown(node);
}

// TOML text without line breaks: tables inline, lists on one line.
std::string one_line(const toml::node& node) {
  std::string text;
  if (const auto* table = node.as_table()) {
    for (const auto& [key, value] : *table) text += concat(text.empty() ? "" : ", ", toml_key(key.str()), " = ", one_line(value));
    return concat("{", text, "}");
  }
  if (const auto* list = node.as_array()) {
    for (const auto& value : *list) text += concat(text.empty() ? "" : ", ", one_line(value));
    return concat("[", text, "]");
  }
  if (const auto* number = node.as_floating_point(); number != nullptr && std::isfinite(number->get()))
    return toml_number(number->get());  // toml++ writes 17 digits
  std::ostringstream out;
  node.visit([&](const auto& value) { out << toml::default_formatter{value, toml::format_flags::none}; });
  return out.str();
}

std::string joined(const std::vector<std::string>& words) {
  std::string out;
  for (const auto& word : words) out += (out.empty() ? "" : ", ") + word;
  return out;
}

}  // namespace

ConfigTable::ConfigTable(std::shared_ptr<Source> source, const void* table, std::string path)
    : source_(std::move(source)), table_(table), path_(std::move(path)) {}

bool ConfigTable::has(std::string_view key) const { return find(table_, key) != nullptr; }
bool ConfigTable::is_table(std::string_view key) const {
  const auto* node = find(table_, key);
  return node != nullptr && node->is_table();
}
bool ConfigTable::is_text(std::string_view key) const {
  const auto* node = find(table_, key);
  return node != nullptr && node->is_string();
}

std::vector<std::string> ConfigTable::keys() const {
  std::vector<std::string> keys;
  if (table_ == nullptr) return keys;
  for (const auto& [key, node] : *as_table(table_)) keys.emplace_back(key.str());
  // Order of the file, not of the alphabet: features appear as they were declared.
  std::stable_sort(keys.begin(), keys.end(), [&](const std::string& a, const std::string& b) {
    const auto at = [&](const std::string& key) {
      const auto& begin = as_table(table_)->get(key)->source().begin;
      return std::pair(begin.line, begin.column);
    };
    return at(a) < at(b);
  });
  return keys;
}

std::string ConfigTable::place(std::string_view key) const {
  const toml::node* node = find(table_, key);
  if (node == nullptr) node = as_table(table_);
  const auto line = node == nullptr ? 0u : node->source().begin.line;
  return line == 0 ? concat(source_->name, ": ", path_, key) : concat(source_->name, ":", line, ": ", path_, key);
}

void ConfigTable::reject(std::string_view key, std::string_view why) {
  if (!source_->error) source_->error = Error{ErrorCode::kBadConfig, concat(place(key), ": ", why)};
}

std::string ConfigTable::text(std::string_view key, std::optional<std::string> fallback) {
  used_.emplace(key);
  const auto* node = find(table_, key);
  if (node == nullptr) {
    if (!fallback) reject(key, "is missing; expected a text");
    return fallback.value_or("");
  }
  if (const auto value = node->value_exact<std::string>()) return *value;
  reject(key, concat("expected a text, found ", shown(*node)));
  return fallback.value_or("");
}

double ConfigTable::number(std::string_view key, std::optional<double> fallback, double min, double max) {
  used_.emplace(key);
  const auto* node = find(table_, key);
  if (node == nullptr) {
    if (!fallback) reject(key, "is missing; expected a number");
    return fallback.value_or(0);
  }
  if (!node->is_number()) {
    reject(key, concat("expected a number, found ", shown(*node)));
    return fallback.value_or(0);
  }
  const double value = *node->value<double>();
  if (!(value >= min && value <= max)) {
    reject(key, max >= 1e300 ? concat("expected a number of at least ", min, ", found ", value)
                             : concat("expected a number from ", min, " to ", max, ", found ", value));
    return fallback.value_or(min);
  }
  return value;
}

std::int64_t ConfigTable::integer(std::string_view key, std::optional<std::int64_t> fallback, std::int64_t min, std::int64_t max) {
  used_.emplace(key);
  const auto* node = find(table_, key);
  if (node == nullptr) {
    if (!fallback) reject(key, "is missing; expected a whole number");
    return fallback.value_or(min);
  }
  const auto value = node->value_exact<std::int64_t>();
  if (!value || *value < min || *value > max) {
    reject(key, concat("expected a whole number from ", min, " to ", max, ", found ", shown(*node)));
    return fallback.value_or(min);
  }
  return *value;
}

std::size_t ConfigTable::count(std::string_view key, std::size_t fallback, std::int64_t min, std::int64_t max) {
  return static_cast<std::size_t>(integer(key, static_cast<std::int64_t>(fallback), min, max));
}

bool ConfigTable::flag(std::string_view key, bool fallback) {
  used_.emplace(key);
  const auto* node = find(table_, key);
  if (node == nullptr) return fallback;
  if (const auto value = node->value_exact<bool>()) return *value;
  reject(key, concat("expected true or false, found ", shown(*node)));
  return fallback;
}

std::vector<double> ConfigTable::numbers(std::string_view key, std::vector<double> fallback) {
  used_.emplace(key);
  const auto* node = find(table_, key);
  if (node == nullptr) return fallback;
  if (node->is_number()) return {*node->value<double>()};
  std::vector<double> values;
  if (const auto* list = node->as_array()) {
    for (const auto& element : *list) {
      if (element.is_number()) values.push_back(*element.value<double>());
    }
    if (values.size() == list->size()) return values;
  }
  reject(key, concat("expected a list of numbers, found ", shown_element(*node, [](const toml::node& each) { return each.is_number(); })));
  return fallback;
}

std::vector<std::string> ConfigTable::texts(std::string_view key, std::vector<std::string> fallback) {
  used_.emplace(key);
  const auto* node = find(table_, key);
  if (node == nullptr) return fallback;
  if (const auto one = node->value_exact<std::string>()) return {*one};
  std::vector<std::string> values;
  if (const auto* list = node->as_array()) {
    for (const auto& element : *list) {
      if (const auto value = element.value_exact<std::string>()) values.push_back(*value);
    }
    if (values.size() == list->size()) return values;
  }
  reject(key, concat("expected a list of texts, found ", shown_element(*node, [](const toml::node& each) { return each.is_string(); })));
  return fallback;
}

std::string ConfigTable::choice(std::string_view key, const std::vector<std::string>& allowed, std::string fallback) {
  const std::string value = text(key, fallback);
  if (std::find(allowed.begin(), allowed.end(), value) != allowed.end()) return value;
  reject(key, concat("expected one of ", joined(allowed), ", found '", value, "'"));
  return fallback;
}

ConfigTable ConfigTable::table(std::string_view key) {
  used_.emplace(key);
  const auto* node = find(table_, key);
  const std::string path = concat(path_, key, ".");
  if (node == nullptr) return ConfigTable(source_, nullptr, path);
  if (!node->is_table()) {
    reject(key, concat("expected a table, found ", shown(*node)));
    return ConfigTable(source_, nullptr, path);
  }
  return ConfigTable(source_, node->as_table(), path);
}

std::vector<ConfigTable> ConfigTable::tables(std::string_view key) {
  used_.emplace(key);
  const auto* node = find(table_, key);
  std::vector<ConfigTable> tables;
  if (node == nullptr) return tables;
  if (const auto* list = node->as_array()) {
    for (const auto& element : *list) {
      if (element.is_table()) tables.push_back(ConfigTable(source_, element.as_table(), concat(path_, key, "[", tables.size() + 1, "].")));
    }
    if (tables.size() == list->size()) return tables;
  }
  reject(key, concat("expected a list of tables, found ", shown_element(*node, [](const toml::node& each) { return each.is_table(); })));
  return {};
}

std::string ConfigTable::as_toml(std::string_view key) {
  used_.emplace(key);
  const auto* node = find(table_, key);
  if (node == nullptr) return "";
  return one_line(*node);
}

Result<void> ConfigTable::status() const {
  if (source_->error) return Failure{*source_->error};
  return {};
}

Result<void> ConfigTable::finish() {
  for (const auto& key : keys()) {
    if (used_.contains(key)) continue;
    std::vector<std::string> known(used_.begin(), used_.end());
    reject(key, concat("unknown key; known here: ", joined(known)));
  }
  return status();
}

Result<ConfigFile> ConfigFile::open(const std::filesystem::path& path) {
  GEMEL_ASSIGN_OR_RETURN(const std::string text, read_file(path));
  return parse(text, path.string());
}

Result<ConfigFile> ConfigFile::parse(std::string_view toml_text, std::string_view name) {
  toml::parse_result parsed = toml::parse(toml_text, name);
  if (!parsed) {
    const auto& error = parsed.error();
    return fail(ErrorCode::kBadConfig, name, ":", error.source().begin.line, ": not TOML: ", error.description());
  }
  ConfigFile file;
  file.source_ = std::make_shared<ConfigTable::Source>();
  file.source_->root = std::move(parsed).table();
  file.source_->name = name;
  return file;
}

ConfigTable ConfigFile::root() const { return ConfigTable(source_, &source_->root, ""); }

}  // namespace gemel
