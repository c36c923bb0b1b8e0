// Any bytes as a JSONL file: JsonlSource and a plain reader over nlohmann's parser must see the same rows, cell by cell. The first byte
// chooses `each` and the size of the blocks in which the file is read.
#include "tests/fuzz/jsonl_fuzz.h"

#include <algorithm>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "gemel/data/ingest/jsonl_source.h"
#include "gemel/data/ingest/read_rows_testing.h"

namespace gemel {
namespace {

const std::vector<std::string> kColumns = {"a", "b", "a.b", "b.a", "b.a.b", "c"};

using Row = std::optional<std::vector<std::string>>;  // nothing: broken

// A JSON value with its keys in the order of the text, twice where they stand twice.
struct Node {
  enum class Kind { kScalar, kList, kObject };
  Kind kind = Kind::kScalar;
  std::string shown = "missing";                          // of a scalar, as a cell is shown
  std::vector<std::pair<std::string, Node>> children{};  // of a list: without keys
  std::size_t depth() const {
    std::size_t deepest = 0;
    for (const auto& [key, child] : children) deepest = std::max(deepest, child.depth());
    return kind == Kind::kScalar ? 0 : deepest + 1;
  }
  std::string list_text() const {
    std::string text = kind == Kind::kList ? "[" : kind == Kind::kObject ? "{" : shown;
    for (const auto& [key, child] : children) text += concat(key, "=", child.list_text(), ";");
    return text;
  }
};

class NodeBuilder : public nlohmann::json_sax<nlohmann::json> {
 public:
  bool null() override { return add({}); }
  bool boolean(bool value) override { return add({.shown = concat("integer ", value ? 1 : 0)}); }
  bool number_integer(std::int64_t value) override { return add({.shown = concat("integer ", value)}); }
  bool number_unsigned(std::uint64_t value) override { return add({.shown = concat(value <= INT64_MAX ? "integer " : "text ", value)}); }
  bool number_float(double value, const std::string& digits) override {
    const bool is_whole = digits.find_first_of(".eE") == std::string::npos;  // beyond 64 bits
    return add({.shown = is_whole ? concat("text ", digits) : concat("number ", value)});
  }
  bool string(std::string& value) override { return add({.shown = value.empty() ? "missing" : concat("text ", value)}); }
  bool binary(nlohmann::json::binary_t&) override { return false; }
  bool start_object(std::size_t) override { return open(Node::Kind::kObject); }
  bool start_array(std::size_t) override { return open(Node::Kind::kList); }
  bool key(std::string& name) override {
    key_ = name;
    return true;
  }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }
  bool parse_error(std::size_t, const std::string&, const nlohmann::json::exception&) override { return false; }

  Node root;

 private:
  bool add(Node node) {
    if (open_.empty()) root = std::move(node);
    else open_.back().second.children.emplace_back(open_.back().second.kind == Node::Kind::kObject ? key_ : "", std::move(node));
    return true;
  }
  bool open(Node::Kind kind) {
    open_.emplace_back(key_, Node{.kind = kind});
    return true;
  }
  bool close() {
    auto [name, node] = std::move(open_.back());
    open_.pop_back();
    key_ = name;
    return add(std::move(node));
  }

  std::string key_;
  std::vector<std::pair<std::string, Node>> open_;
};

std::optional<Node> parse(std::string_view line) {
  if (line.starts_with("\xEF\xBB\xBF")) return std::nullopt;  // nlohmann passes over it, also where no file begins
  if (line.find('\0') != std::string_view::npos) return std::nullopt;  // nlohmann takes it for the end of the text
  NodeBuilder builder;
  if (!nlohmann::json::sax_parse(line, &builder)) return std::nullopt;
  return std::move(builder.root);
}

// The first place in the text that has this path, dots in keys included.
const Node* find(const Node& object, std::string_view path) {
  for (const auto& [key, child] : object.children) {
    if (path == key) return &child;
    if (child.kind != Node::Kind::kObject || !path.starts_with(key + ".")) continue;
    if (const Node* found = find(child, path.substr(key.size() + 1))) return found;
  }
  return nullptr;
}

std::string_view without_blanks(std::string_view line) {
  while (!line.empty() && std::string_view(" \t\r").find(line.front()) != std::string_view::npos) line.remove_prefix(1);
  while (!line.empty() && std::string_view(" \t\r").find(line.back()) != std::string_view::npos) line.remove_suffix(1);
  return line;
}

// Lists are compared by what they mean, not by how they are written.
std::string shown(const Node* value) {
  if (value == nullptr) return "missing";
  return value->kind == Node::Kind::kList ? value->list_text() : value->shown;
}

class SlowReader {
 public:
  explicit SlowReader(std::string each) : each_(std::move(each)) {}

  std::vector<std::pair<std::uint64_t, Row>> read(std::string_view text) {
    if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
    for (std::uint64_t line = 1; !text.empty(); ++line) {
      const auto size = std::min(text.find('\n'), text.size());
      if (const auto record = without_blanks(text.substr(0, size)); !record.empty()) read_line(record, line);
      text.remove_prefix(std::min(size + 1, text.size()));
    }
    return std::move(rows_);
  }

 private:
  void read_line(std::string_view text, std::uint64_t line) {
    const auto record = parse(text);
    const std::size_t before = rows_.size();
    const bool is_good =
        record && record->kind == Node::Kind::kObject && record->depth() <= JsonlSource::kMaxDepth && read_rows(*record, line);
    if (is_good) return;
    rows_.resize(before);
    rows_.emplace_back(line, std::nullopt);
  }

  bool read_rows(const Node& record, std::uint64_t line) {
    if (each_.empty()) return read_row(record, nullptr, line);
    const Node* list = find(record, each_);
    const bool is_absent = list == nullptr || (list->kind == Node::Kind::kScalar && list->shown == "missing");
    if (is_absent) return read_row(record, nullptr, line);
    if (list->kind != Node::Kind::kList) return false;
    if (list->children.empty()) return read_row(record, nullptr, line);
    for (const auto& [key, element] : list->children)
      if (!read_row(record, &element, line)) return false;
    return true;
  }

  bool read_row(const Node& record, const Node* element, std::uint64_t line) {
    std::vector<std::string> cells;
    for (const std::string_view path : kColumns) {
      const bool is_element = !each_.empty() && path == each_, in_element = !each_.empty() && path.starts_with(each_ + ".");
      const Node* value = is_element ? element : nullptr;
      if (in_element && element != nullptr && element->kind == Node::Kind::kObject) value = find(*element, path.substr(each_.size() + 1));
      if (!is_element && !in_element) value = find(record, path);
      if (value != nullptr && value->kind == Node::Kind::kObject) return false;
      cells.push_back(shown(value));
    }
    rows_.emplace_back(line, std::move(cells));
    return true;
  }

  std::string each_;
  std::vector<std::pair<std::uint64_t, Row>> rows_;
};

std::optional<std::vector<std::pair<std::uint64_t, Row>>> read_quickly(std::string_view text, const std::string& each,
                                                                       std::size_t block_bytes) {
  const auto source = JsonlSource::open(make_memory_stream(text), each, "fuzz.jsonl", block_bytes);
  if (!source) return std::nullopt;
  for (const auto& name : kColumns)
    if (!(*source)->find_column(name)) return std::nullopt;  // an object in the first records
  auto read = testing::read_rows(**source, kColumns);
  std::vector<std::pair<std::uint64_t, Row>> rows;
  for (std::size_t row = 0; row < read.rows.size(); ++row) {
    for (std::string& cell : read.rows[row])
      if (cell.starts_with("text ["))
        if (const auto list = parse(std::string_view(cell).substr(5))) cell = list->list_text();
    rows.emplace_back(read.lines[row], std::move(read.rows[row]));
  }
  for (const auto& broken : read.broken) rows.emplace_back(broken.line, std::nullopt);
  std::stable_sort(rows.begin(), rows.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  return rows;
}

}  // namespace

void compare_jsonl_readers(std::string_view input) {
  if (input.empty()) return;
  const auto byte = static_cast<std::uint8_t>(input[0]);
  const std::string each = byte & 1 ? "b" : "";
  const std::size_t block_bytes = byte & 2 ? 1 + std::size_t{byte} / 4 : 4096;
  const auto quick = read_quickly(input.substr(1), each, block_bytes);
  if (!quick) return;
  auto slow = SlowReader(each).read(input.substr(1));
  for (auto& [line, row] : slow)
    if (row)
      for (std::string& cell : *row)
        if (cell.starts_with("text ["))  // a text that looks like a list, on both sides
          if (const auto list = parse(std::string_view(cell).substr(5))) cell = list->list_text();
  GEMEL_CHECK(*quick == slow, input);
}

}  // namespace gemel
