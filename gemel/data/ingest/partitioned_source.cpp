#include "gemel/data/ingest/partitioned_source.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <algorithm>
#include <charconv>
#include <utility>

namespace gemel {
namespace {

constexpr std::string_view kMissingValue = "__HIVE_DEFAULT_PARTITION__";

std::string decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    unsigned char byte = 0;
    const char* const digits = text.data() + i + 1;
    const bool is_escape = text[i] == '%' && i + 2 < text.size() && std::from_chars(digits, digits + 2, byte, 16).ptr == digits + 2;
    out.push_back(is_escape ? static_cast<char>(byte) : text[i]);
    if (is_escape) i += 2;
  }
  return out;
}

// The keys' columns come first, as the file may find more of its own yet.
class PartitionedSource : public RowSource {
 public:
  PartitionedSource(std::unique_ptr<RowSource> source, std::vector<PartitionKey> keys)
      : source_(std::move(source)), keys_(std::move(keys)) {
    for (const auto& key : keys_) hash_ = XXH3_64bits_withSeed(key.value.data(), key.value.size(), hash_ + key.name.size());
    list_columns();
  }

  const std::vector<std::string>& column_names() const override { return column_names_; }

  std::optional<std::size_t> find_column(std::string_view name) override {
    const auto key = std::ranges::find(keys_, name, &PartitionKey::name);
    if (key != keys_.end()) return static_cast<std::size_t>(key - keys_.begin());
    const auto column = source_->find_column(name);
    list_columns();
    return column ? std::optional(keys_.size() + *column) : std::nullopt;
  }

  void request(std::vector<std::size_t> columns) override {
    std::vector<std::size_t> own;
    for (const std::size_t column : columns)
      if (column >= keys_.size()) own.push_back(column - keys_.size());
    requested_ = std::move(columns);
    source_->request(std::move(own));
  }
  void skip_row_hashes() override { source_->skip_row_hashes(); }

  Result<bool> next(RowBatch& batch) override {
    std::swap(batch.columns, own_columns_);  // which keep their memory from batch to batch
    GEMEL_ASSIGN_OR_RETURN(const bool has_rows, source_->next(batch));
    std::swap(batch.columns, own_columns_);
    batch.columns.resize(requested_.size());
    std::size_t own = 0;
    for (std::size_t i = 0; i < requested_.size(); ++i) {
      if (requested_[i] < keys_.size()) batch.columns[i].assign(batch.num_rows, cell_of(keys_[requested_[i]]));
      else batch.columns[i] = own_columns_[own++];
    }
    for (auto& hash : batch.row_hashes) hash = XXH3_64bits_withSeed(&hash, sizeof hash, hash_);
    return has_rows;
  }

  std::vector<std::size_t> unseen_columns() const override {
    auto unseen = source_->unseen_columns();
    for (std::size_t& column : unseen) column += keys_.size();
    return unseen;
  }
  std::uint64_t bytes_read() const override { return source_->bytes_read(); }

 private:
  static Cell cell_of(const PartitionKey& key) { return key.value.empty() ? Cell{} : Cell{.kind = Cell::Kind::kText, .text = key.value}; }

  void list_columns() {
    column_names_.clear();
    for (const auto& key : keys_) column_names_.push_back(key.name);
    column_names_.insert(column_names_.end(), source_->column_names().begin(), source_->column_names().end());
  }

  std::unique_ptr<RowSource> source_;
  std::vector<PartitionKey> keys_;
  std::vector<std::string> column_names_;
  std::vector<std::size_t> requested_;
  std::vector<std::vector<Cell>> own_columns_;
  XXH64_hash_t hash_ = 0;
};

}  // namespace

std::vector<PartitionKey> partition_keys(const std::filesystem::path& path) {
  std::vector<PartitionKey> keys;
  for (const auto& part : path.parent_path()) {
    const std::string folder = part.string();
    const auto sign = folder.find('=');
    if (sign == std::string::npos || sign == 0) continue;
    const std::string value = folder.substr(sign + 1);
    keys.push_back({decoded(folder.substr(0, sign)), value == kMissingValue ? "" : decoded(value)});
  }
  return keys;
}

std::unique_ptr<RowSource> with_partition_keys(std::unique_ptr<RowSource> source, std::vector<PartitionKey> keys) {
  const auto& own = source->column_names();
  std::erase_if(keys, [&](const PartitionKey& key) { return std::ranges::find(own, key.name) != own.end(); });
  if (keys.empty()) return source;
  return std::make_unique<PartitionedSource>(std::move(source), std::move(keys));
}

}  // namespace gemel
