#include "gemel/data/ingest/ingest.h"

#include <algorithm>
#include <numeric>

#include "gemel/base/file.h"
#include "gemel/data/ingest/dataset_writer.h"
#include "gemel/data/ingest/duplicates.h"
#include "gemel/data/ingest/table.h"
#include "gemel/data/ingest/twins.h"
#include "gemel/data/split.h"

namespace gemel {
namespace {

// An item or user table on its way out: the Dataset's ids and, for each, its row in the file's columns.
struct EntityRows {
  IdTable ids;
  std::vector<std::uint32_t> file_rows;  // TableColumn::kMissingRow for ids that only events name
};

class Ingest {
 public:
  Ingest(const ShopConfig& config, std::filesystem::path directory, RejectLog& rejects, ProgressSink& progress)
      : config_(config), directory_(std::move(directory)), rejects_(rejects), progress_(progress) {}

  Result<IngestSummary> run() {
    if (const auto done = read(); !done)
      return done.error().code == ErrorCode::kBadConfig ? with_context(done.error(), config_.path.string()) : Failure{done.error()};
    EventOrder order = sort_by_time(events_);
    drop_alike(order);
    if (config_.items.twins.merge) merge_twins(order);
    GEMEL_RETURN_IF_ERROR(check_events(order));
    format_.time_kind = summary_.time_kind = events_.time_kind;
    if (config_.split.by_files()) format_.file_split = {order.part_sizes[0], order.part_sizes[0] + order.part_sizes[1]};
    if (interrupted()) return fail(ErrorCode::kInterrupted, "interrupted; nothing was written");

    EventColumns columns = take_columns(events_, std::move(order));
    EntityRows items = item_rows(columns);
    summarize_events(columns);
    GEMEL_RETURN_IF_ERROR(add_file(write_events(directory_, std::move(columns))));
    GEMEL_RETURN_IF_ERROR(write_table(kItemsFile, items, catalogue_));
    GEMEL_RETURN_IF_ERROR(write_table(kUsersFile, user_rows(), customers_));
    return finish();
  }

 private:
  Result<void> read() {
    if (!config_.items.paths.empty()) {
      GEMEL_ASSIGN_OR_RETURN(catalogue_, read_table(config_.items, "items", rejects_, progress_));
    }
    if (!config_.users.paths.empty()) {
      GEMEL_ASSIGN_OR_RETURN(customers_, read_table(config_.users, "users", rejects_, progress_));
    }
    num_catalogue_rows_ = catalogue_.ids.size();
    GEMEL_ASSIGN_OR_RETURN(events_, read_events(config_, std::move(catalogue_.ids), rejects_, progress_));
    merged_into_.resize(events_.item_ids.size());
    std::iota(merged_into_.begin(), merged_into_.end(), 0u);
    return {};
  }

  void drop_alike(EventOrder& order) {
    const bool has_event_id = !config_.events.id.empty();
    const AlikeEvents alike = find_alike(events_, order, has_event_id);
    const bool are_proven = has_event_id || events_.time_kind == TimeKind::kSeconds;
    if (are_proven && config_.events.drop_duplicates) events_.account.duplicates += drop_rows(order, alike.drop);
    else summary_.alike_kept = alike.count;
    events_.hashes.clear();
  }

  void merge_twins(EventOrder& order) {
    Twins twins = find_twins(events_, order, config_.items.twins);
    summary_.merged_copies = drop_rows(order, find_merged_copies(events_, order, twins));
    events_.account.duplicates += summary_.merged_copies;
    summary_.twin_pairs = twins.num_pairs;
    summary_.merged_products = twins.num_merged;
    merged_into_ = std::move(twins.merged_into);
  }

  // Counts the actions of what is left, and refuses a Dataset that nothing can be learned from.
  Result<void> check_events(const EventOrder& order) {
    events_.account.kept = order.rows.size();
    GEMEL_CHECK(events_.account.adds_up(), "events: read = kept + rejected + duplicates");
    if (order.rows.empty())
      return fail(ErrorCode::kBadInput, config_.path.string(), ": [events]: no event can be used: ", events_.account.read, " rows read",
                  first_reasons());
    std::vector<std::uint64_t> counts(events_.action_names.size());
    for (const std::uint32_t row : order.rows) ++counts[events_.actions[row]];
    std::string found;
    for (std::size_t action = 0; action < counts.size(); ++action) {
      const auto& name = events_.action_names[action];
      const auto declared = config_.events.actions.find(name);
      const ActionConfig knobs = declared == config_.events.actions.end() ? ActionConfig{} : declared->second;
      format_.actions.push_back({name, knobs.target, knobs.weight});
      summary_.actions.push_back({name, knobs.target, counts[action]});
      found += concat(found.empty() ? "" : ", ", name, " (", counts[action], ")");
    }
    for (const auto& [name, knobs] : config_.events.actions)
      if (knobs.target && std::find(events_.action_names.begin(), events_.action_names.end(), name) == events_.action_names.end())
        return fail(ErrorCode::kBadConfig, config_.path.string(), ": events.actions.", name, ": the target action never occurs; column '",
                    config_.events.action, "' holds ", found);
    return {};
  }

  std::string first_reasons() const {
    std::string text;
    for (const auto& [reason, count] : events_.account.reasons) text += concat("; ", reason, ": ", count);
    return text;
  }

  // Leaves merged products out and numbers the others anew, in `columns` too.
  EntityRows item_rows(EventColumns& columns) {
    constexpr std::uint32_t kMerged = UINT32_MAX;
    EntityRows items;
    std::vector<std::uint32_t> new_index(merged_into_.size(), kMerged);
    for (std::uint32_t item = 0; item < merged_into_.size(); ++item) {
      if (merged_into_[item] != item) continue;
      new_index[item] = items.ids.intern(events_.item_ids[item]);
      const bool in_catalogue = item < num_catalogue_rows_;
      items.file_rows.push_back(in_catalogue ? item : TableColumn::kMissingRow);
      format_.num_catalogue_items += in_catalogue;
    }
    for (std::uint32_t& item : columns.items) item = new_index[merged_into_[item]];
    events_.item_ids = {};
    return items;
  }

  EntityRows user_rows() {
    EntityRows users{std::move(events_.user_ids), {}};
    users.file_rows.assign(users.ids.size(), TableColumn::kMissingRow);
    for (std::uint32_t row = 0; row < customers_.ids.size(); ++row) {
      const std::uint32_t user = users.ids.intern(customers_.ids[row]);
      if (user == users.file_rows.size()) users.file_rows.push_back(row);
      else users.file_rows[user] = row;
    }
    summary_.customers_without_event = users.ids.size() - summary_.customers;
    summary_.customers_without_row = users.ids.size() - customers_.ids.size();
    return users;
  }

  void summarize_events(const EventColumns& columns) {
    const std::size_t num_catalogue = format_.num_catalogue_items;
    const auto [first, last] = std::minmax_element(columns.times.begin(), columns.times.end());
    summary_.first_time = TimePoint(std::chrono::microseconds(*first));
    summary_.last_time = TimePoint(std::chrono::microseconds(*last));
    std::vector<std::uint64_t> pairs(columns.items.size());
    std::vector<std::uint8_t> is_sold(num_catalogue);
    for (std::size_t event = 0; event < pairs.size(); ++event) {
      const std::uint32_t item = columns.items[event];
      pairs[event] = std::uint64_t{columns.users[event]} << 32 | item;
      if (item < num_catalogue) is_sold[item] = 1;
      else ++summary_.events_outside_catalogue;
    }
    std::sort(pairs.begin(), pairs.end());
    summary_.distinct_pairs = static_cast<std::uint64_t>(std::unique(pairs.begin(), pairs.end()) - pairs.begin());
    summary_.customers = events_.user_ids.size();
    summary_.catalogue_products = num_catalogue;
    summary_.cold_products = static_cast<std::uint64_t>(std::count(is_sold.begin(), is_sold.end(), 0));
  }

  Result<void> write_table(std::string_view file, const EntityRows& rows, Table& table) {
    std::vector<TableColumn> columns;
    for (auto& column : table.columns) {
      columns.push_back(column.select(rows.file_rows));
    }
    if (file == kItemsFile) summary_.event_only_products = rows.ids.size() - format_.num_catalogue_items;
    return add_file(write_entities(directory_, file, rows.ids, columns));
  }

  Result<void> add_file(Result<DatasetFile> file) {
    if (!file) return Failure{file.error()};
    format_.files.push_back(*std::move(file));
    return {};
  }

  Result<IngestSummary> finish() {
    summary_.events = events_.account;
    if (!config_.items.paths.empty()) summary_.items = summarize(catalogue_.columns, catalogue_.account);
    if (!config_.users.paths.empty()) summary_.users = summarize(customers_.columns, customers_.account);
    GEMEL_CHECK(catalogue_.account.adds_up() && customers_.account.adds_up(), "tables: read = kept + rejected");
    summary_.fingerprint = fingerprint_of(format_.files);
    GEMEL_RETURN_IF_ERROR(rejects_.close());
    GEMEL_RETURN_IF_ERROR(write_file(directory_ / "shop.toml", config_.text));
    format_.summary_json = to_json(summary_);
    GEMEL_RETURN_IF_ERROR(write_dataset_format(directory_, format_));
    if (interrupted()) return fail(ErrorCode::kInterrupted, "interrupted; nothing was written");
    return summary_;
  }

  const ShopConfig& config_;
  const std::filesystem::path directory_;
  RejectLog& rejects_;
  ProgressSink& progress_;
  Table catalogue_, customers_;
  std::size_t num_catalogue_rows_ = 0;
  Events events_;
  std::vector<std::uint32_t> merged_into_;  // Twins::merged_into; the identity without twins
  DatasetFormat format_;
  IngestSummary summary_;
};

// A split that was asked for and leaves a part empty is found now, not when a model is to be trained. The split that nobody asked for is
// left to those who need one: a Dataset of a day can still be looked at.
Result<void> check_split(const ShopConfig& config, const std::filesystem::path& directory) {
  if (!config.split.by_files() && config.split.validation_from.empty()) return {};
  GEMEL_ASSIGN_OR_RETURN(const Dataset dataset, Dataset::open(directory));
  const auto split = make_split(dataset, config.split);
  if (!split) return with_context(split.error(), config.path.string());
  return {};
}

}  // namespace

Result<IngestSummary> ingest(const ShopConfig& config, const std::filesystem::path& directory, const IngestOptions& options,
                             ProgressSink& progress) {
  GEMEL_ASSIGN_OR_RETURN(AtomicDirectory target, AtomicDirectory::create(directory, kDatasetMarker));
  GEMEL_ASSIGN_OR_RETURN(RejectLog rejects, RejectLog::create(target.path() / "rejected.jsonl", options.strict));
  GEMEL_ASSIGN_OR_RETURN(IngestSummary summary, Ingest(config, target.path(), rejects, progress).run());
  GEMEL_RETURN_IF_ERROR(check_split(config, target.path()));
  GEMEL_RETURN_IF_ERROR(target.commit());
  summary.directory = directory.string();
  return summary;
}

}  // namespace gemel
