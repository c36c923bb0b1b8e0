#include "gemel/data/ingest/json_record.h"

#include <simdjson.h>

#include <algorithm>

#include "gemel/data/ingest/text_blocks.h"
#include "gemel/data/ingest/text_window.h"

namespace gemel {
namespace {

namespace dom = simdjson::dom;

bool is_digit(char letter) { return letter >= '0' && letter <= '9'; }

// A whole number that neither std::int64_t nor std::uint64_t holds.
bool is_beyond_64_bits(std::string_view number) {
  const bool is_negative = number[0] == '-';
  const std::string_view digits = number.substr(is_negative), limit = is_negative ? "9223372036854775808" : "18446744073709551615";
  if (digits.size() < limit.size() || digits[0] == '0' || !std::ranges::all_of(digits, is_digit)) return false;
  return digits.size() > limit.size() || digits > limit;
}

// A number before a colon would be no key without quotes either.
bool is_before_colon(std::string_view line, std::size_t place) {
  const auto next = line.find_first_not_of(" \t\r", place);
  return next != std::string_view::npos && line[next] == ':';
}

// The line with every such number between quotes: simdjson refuses them, and shops use them as ids.
std::string with_quoted_long_integers(std::string_view line) {
  std::string quoted;
  for (std::size_t i = 0; i < line.size();) {
    const std::size_t begin = i;
    if (line[i] == '"') {
      for (++i; i < line.size() && line[i] != '"'; ++i) i += line[i] == '\\';
      i = std::min(i + 1, line.size());
      quoted += line.substr(begin, i - begin);
    } else if (is_digit(line[i]) || line[i] == '-') {
      for (++i; i < line.size() && (is_digit(line[i]) || std::string_view("+-.eE").find(line[i]) != std::string_view::npos);) ++i;
      const std::string_view number = line.substr(begin, i - begin);
      const bool is_long = is_beyond_64_bits(number) && !is_before_colon(line, i);
      quoted += is_long ? concat('"', number, '"') : std::string(number);
    } else {
      quoted.push_back(line[i++]);
    }
  }
  return quoted;
}

std::string reason_of(simdjson::error_code error, std::size_t max_depth) {
  if (error == simdjson::UTF8_ERROR) return "not UTF-8";
  if (error == simdjson::DEPTH_ERROR) return concat("nested deeper than ", max_depth);
  return concat("not JSON: ", simdjson::error_message(error));
}

}  // namespace

class JsonRecords::Reader {
 public:
  Reader(std::string each, std::size_t max_depth) : each_(std::move(each)), max_depth_(max_depth) {
    GEMEL_CHECK(parser_.allocate(1 << 12, max_depth) == simdjson::SUCCESS, "simdjson has no memory");
  }

  // The record, or why the line is none.
  std::optional<std::string> parse(std::string_view line, dom::object& record) {
    dom::element document;
    auto error = parser_.parse(line.data(), line.size(), /*realloc_if_needed=*/false).get(document);
    if (error == simdjson::NUMBER_ERROR) {
      quoted_ = with_quoted_long_integers(line);
      error = parser_.parse(quoted_).get(document);
    }
    if (error) return reason_of(error, max_depth_);
    if (document.get(record)) return "expected a JSON object";
    return std::nullopt;
  }

  void add_fields(dom::object object, const std::string& prefix, std::vector<std::string>& fields, std::set<std::string>& objects) {
    for (const auto [key, value] : object) add_field(prefix.empty() ? std::string(key) : concat(prefix, ".", key), value, fields, objects);
  }

  void request(std::vector<std::string> paths) {
    paths_ = std::move(paths);
    seen_.assign(paths_.size(), 0);
    for (std::size_t column = 0; column < paths_.size(); ++column) {
      const std::string_view path = paths_[column];
      const bool in_list = !each_.empty() && path.starts_with(each_) && (path.size() == each_.size() || path[each_.size()] == '.');
      if (in_list) element_paths_.push_back({path.substr(std::min(path.size(), each_.size() + 1)), column});
      else record_paths_.push_back({path, column});
    }
    if (!each_.empty()) record_paths_.push_back({each_, kList});
  }

  const std::vector<std::uint8_t>& seen() const { return seen_; }
  void begin_batch() { texts_.clear(); }

  std::size_t append_rows(std::string_view line, std::vector<std::vector<Cell>>& columns, std::optional<BrokenRow>& broken) {
    dom::object record;
    if (auto reason = parse(line, record)) {
      broken = BrokenRow{0, "", std::move(*reason)};
      return 0;
    }
    problem_.reset();
    list_.reset();
    begin_row();
    read_fields(record, record_paths_);
    const std::size_t num_rows = problem_ ? 0 : each_.empty() ? append_row(columns) : append_elements(columns);
    broken = std::move(problem_);
    return num_rows;
  }

 private:
  struct Path {
    std::string_view rest;  // what is still to be found below the object at hand; empty: the element itself
    std::size_t column;
  };
  static constexpr std::size_t kList = SIZE_MAX;  // as a column: the list of `each`

  void add_field(const std::string& path, dom::element value, std::vector<std::string>& fields, std::set<std::string>& objects) {
    dom::object object;
    dom::array list;
    if (!value.get(object)) {
      objects.insert(path);
      return add_fields(object, path, fields, objects);
    }
    if (!each_.empty() && path == each_ && !value.get(list)) {
      for (const dom::element element : list) {
        if (!element.get(object)) add_fields(object, path, fields, objects);
        else add_name(path, fields);
      }
      return;
    }
    add_name(path, fields);
  }

  static void add_name(const std::string& path, std::vector<std::string>& fields) {
    if (std::ranges::find(fields, path) == fields.end()) fields.push_back(path);
  }

  void begin_row() {
    row_.assign(paths_.size(), Cell{});
    is_found_.assign(paths_.size(), 0);
  }

  void read_fields(dom::object object, const std::vector<Path>& paths) {
    active_ = paths;
    read_active(object, 0);
  }

  // Looks for active_[first..], and puts what lies deeper behind them while it looks there.
  void read_active(dom::object object, std::size_t first) {
    const std::size_t last = active_.size();
    for (const auto [key, value] : object) {
      for (std::size_t i = first; i < last; ++i) {
        const Path path = active_[i];
        if (!path.rest.starts_with(key)) continue;
        if (path.rest.size() == key.size()) take(path.column, value);
        else if (path.rest[key.size()] == '.') active_.push_back({path.rest.substr(key.size() + 1), path.column});
      }
      dom::object child;
      if (active_.size() > last && !value.get(child)) read_active(child, last);
      active_.resize(last);
    }
  }

  void take(std::size_t column, dom::element value) {
    if (column == kList) {
      if (!list_) list_ = value;
      return;
    }
    if (is_found_[column]) return;
    is_found_[column] = seen_[column] = 1;
    if (value.is_object()) set_problem(paths_[column], "expected a value, found an object");
    else row_[column] = cell_of(value);
  }

  Cell cell_of(dom::element value) {
    const auto text_cell = [&](std::string_view text) {
      return text.empty() ? Cell{} : Cell{.kind = Cell::Kind::kText, .text = texts_.keep(text)};
    };
    const auto integer_cell = [](std::int64_t integer) { return Cell{.kind = Cell::Kind::kInteger, .integer = integer}; };
    switch (value.type()) {
      case dom::element_type::STRING: return text_cell(value.get_string().value_unsafe());
      case dom::element_type::INT64: return integer_cell(value.get_int64().value_unsafe());
      case dom::element_type::UINT64: return text_cell(concat(value.get_uint64().value_unsafe()));  // beyond 2^63
      case dom::element_type::DOUBLE: return {.kind = Cell::Kind::kNumber, .number = value.get_double().value_unsafe()};
      case dom::element_type::BOOL: return integer_cell(value.get_bool().value_unsafe() ? 1 : 0);
      case dom::element_type::NULL_VALUE: return {};
      case dom::element_type::ARRAY:
      case dom::element_type::OBJECT: return text_cell(simdjson::minify(value));
    }
    GEMEL_CHECK(false, "a kind of JSON value without a cell");
  }

  std::size_t append_row(std::vector<std::vector<Cell>>& columns) {
    for (std::size_t column = 0; column < columns.size(); ++column) columns[column].push_back(row_[column]);
    return 1;
  }

  std::size_t append_elements(std::vector<std::vector<Cell>>& columns) {
    dom::array list;
    if (!list_ || list_->is_null()) return append_row(columns);
    if (list_->get(list)) return set_problem(each_, "expected a list"), 0;
    if (list.size() == 0) return append_row(columns);
    std::size_t num_rows = 0;
    for (const dom::element element : list) {
      for (const Path& path : element_paths_) {
        row_[path.column] = {};
        is_found_[path.column] = 0;
      }
      read_element(element);
      if (problem_) break;
      num_rows += append_row(columns);
    }
    if (problem_) {
      for (auto& column : columns) column.resize(column.size() - num_rows);
      return 0;
    }
    return num_rows;
  }

  void read_element(dom::element element) {
    for (const Path& path : element_paths_)
      if (path.rest.empty()) take(path.column, element);
    dom::object fields;
    if (!element.get(fields)) read_fields(fields, element_paths_);
  }

  void set_problem(const std::string& field, std::string reason) {
    if (!problem_) problem_ = BrokenRow{0, field, std::move(reason)};
  }

  std::string each_;
  std::size_t max_depth_;
  dom::parser parser_;
  std::string quoted_;
  std::vector<std::string> paths_;
  std::vector<Path> record_paths_, element_paths_, active_;
  std::vector<std::uint8_t> seen_;      // of each path, in any record
  std::vector<std::uint8_t> is_found_;  // of each path, in this row
  std::vector<Cell> row_;
  std::optional<dom::element> list_;
  std::optional<BrokenRow> problem_;
  TextBlocks texts_;
};

JsonRecords::JsonRecords(std::string each, std::size_t max_depth) : reader_(std::make_unique<Reader>(std::move(each), max_depth)) {
  static_assert(TextWindow::kPaddingBytes >= simdjson::SIMDJSON_PADDING);
}
JsonRecords::~JsonRecords() = default;

void JsonRecords::add_fields(std::string_view line, std::vector<std::string>& fields, std::set<std::string>& objects) {
  dom::object record;
  if (!reader_->parse(line, record)) reader_->add_fields(record, "", fields, objects);
}

void JsonRecords::request(std::vector<std::string> paths) { reader_->request(std::move(paths)); }
const std::vector<std::uint8_t>& JsonRecords::seen() const { return reader_->seen(); }
void JsonRecords::begin_batch() { reader_->begin_batch(); }
std::size_t JsonRecords::append_rows(std::string_view line, std::vector<std::vector<Cell>>& columns, std::optional<BrokenRow>& broken) {
  return reader_->append_rows(line, columns, broken);
}

}  // namespace gemel
