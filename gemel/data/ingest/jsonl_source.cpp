#include "gemel/data/ingest/jsonl_source.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <algorithm>

#include "gemel/data/ingest/json_record.h"

namespace gemel {
namespace {

constexpr std::size_t kBatchRows = 8192;
constexpr std::size_t kMaxHeadRecords = 1000;
constexpr std::string_view kBlanks = " \t\r";

std::string_view without_blanks(std::string_view line) {
  line.remove_prefix(std::min(line.find_first_not_of(kBlanks), line.size()));
  return line.substr(0, line.find_last_not_of(kBlanks) + 1);
}

// "[{" or "[" on a line of its own.
bool is_list_of_records(std::string_view text) {
  const auto skip = [&](std::string_view letters) { text.remove_prefix(std::min(text.find_first_not_of(letters), text.size())); };
  skip(" \t\r\n");
  if (!text.starts_with('[')) return false;
  text.remove_prefix(1);
  skip(kBlanks);
  return text.starts_with('{') || text.starts_with('\n');
}

class Source final : public JsonlSource {
 public:
  Source(TextWindow window, std::string each, std::string name)
      : window_(std::move(window)), has_elements_(!each.empty()), records_(std::move(each), kMaxDepth), name_(std::move(name)) {}

  // The names of the columns from the first records, which stay in the window.
  Result<void> read_head() {
    while (!window_.is_last() && !window_.is_full() && window_.rest().find('\n') == std::string_view::npos)
      GEMEL_RETURN_IF_ERROR(window_.fill());
    std::string_view rest = window_.rest();
    if (is_list_of_records(rest))
      return fail(ErrorCode::kBadInput, name_, ": expected one JSON object a line, found one list of all; jq -c '.[]' makes lines of it");
    for (std::size_t i = 0; i < kMaxHeadRecords && !rest.empty(); ++i) {
      const std::size_t size = rest.find('\n');
      if (size == std::string_view::npos && !window_.is_last()) break;
      records_.add_fields(without_blanks(rest.substr(0, size)), column_names_, objects_);
      rest.remove_prefix(size == std::string_view::npos ? rest.size() : size + 1);
    }
    return {};
  }

  const std::vector<std::string>& column_names() const override { return column_names_; }

  std::optional<std::size_t> find_column(std::string_view name) override {
    const auto known = std::ranges::find(column_names_, name);
    if (known != column_names_.end()) return static_cast<std::size_t>(known - column_names_.begin());
    if (objects_.contains(std::string(name))) return std::nullopt;
    column_names_.emplace_back(name);
    return column_names_.size() - 1;
  }

  void request(std::vector<std::size_t> columns) override {
    std::vector<std::string> paths;
    for (const std::size_t column : columns) paths.push_back(column_names_.at(column));
    records_.request(std::move(paths));
    requested_ = std::move(columns);
  }

  void skip_row_hashes() override { with_hashes_ = false; }

  std::vector<std::size_t> unseen_columns() const override {
    std::vector<std::size_t> unseen;
    for (std::size_t i = 0; i < requested_.size(); ++i)
      if (!records_.seen()[i]) unseen.push_back(requested_[i]);
    return unseen;
  }

  Result<bool> next(RowBatch& batch) override {
    records_.begin_batch();
    batch.clear(requested_.size());
    while (true) {
      read_lines(batch);
      if (batch.num_rows + batch.broken.size() > 0) return true;
      if (window_.is_last()) return false;
      if (window_.is_full()) GEMEL_RETURN_IF_ERROR(skip_long_line(batch));
      else GEMEL_RETURN_IF_ERROR(window_.fill());
    }
  }

  std::uint64_t bytes_read() const override { return window_.bytes_read(); }

 private:
  void read_lines(RowBatch& batch) {
    while (!window_.rest().empty() && batch.num_rows + batch.broken.size() < kBatchRows) {
      const std::string_view rest = window_.rest();
      const std::size_t size = rest.find('\n');
      if (size == std::string_view::npos && !window_.is_last()) return;
      read_line(without_blanks(rest.substr(0, size)), batch);
      ++line_;
      window_.consume(size == std::string_view::npos ? rest.size() : size + 1);
    }
  }

  void read_line(std::string_view line, RowBatch& batch) {
    if (line.empty()) return;
    std::optional<BrokenRow> broken;
    const std::size_t num_rows = records_.append_rows(line, batch.columns, broken);
    if (broken) {
      broken->line = line_;
      batch.broken.push_back(std::move(*broken));
      return;
    }
    batch.num_rows += num_rows;
    batch.lines.resize(batch.num_rows, line_);
    if (has_elements_)
      for (std::size_t element = 0; element < num_rows; ++element) batch.ordinals.push_back(static_cast<std::uint32_t>(element));
    if (with_hashes_) {
      const XXH64_hash_t hash = XXH3_64bits(line.data(), line.size());
      for (std::size_t element = 0; element < num_rows; ++element)
        batch.row_hashes.push_back(element == 0 ? hash : XXH3_64bits_withSeed(&hash, sizeof hash, element));
    }
  }

  Result<void> skip_long_line(RowBatch& batch) {
    batch.broken.push_back({line_, "", "longer than 64 MiB"});
    ++line_;
    return window_.skip_line();
  }

  TextWindow window_;
  bool has_elements_;
  JsonRecords records_;
  std::string name_;
  std::vector<std::string> column_names_;
  std::set<std::string> objects_;  // paths that hold objects in the first records
  std::vector<std::size_t> requested_;
  bool with_hashes_ = true;
  std::uint64_t line_ = 1;  // of what the window begins with
};

}  // namespace

Result<std::unique_ptr<JsonlSource>> JsonlSource::open(std::unique_ptr<ByteStream> bytes, std::string each, const std::string& name,
                                                       std::size_t block_bytes) {
  GEMEL_ASSIGN_OR_RETURN(TextWindow window, TextWindow::open(std::move(bytes), name, block_bytes));
  auto source = std::make_unique<Source>(std::move(window), std::move(each), name);
  GEMEL_RETURN_IF_ERROR(source->read_head());
  return std::unique_ptr<JsonlSource>(std::move(source));
}

}  // namespace gemel
