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

// What is counted while the events pass by on their way to the file.
struct EventCounts {
  EventCounts(std::size_t num_actions, std::size_t num_catalogue_items) : actions(num_actions), is_sold(num_catalogue_items) {}

  void add(const EventRecord& event, std::uint32_t item) {
    ++actions[event.action];
    ++parts[event.part];
    first_time = std::min<std::int64_t>(first_time, event.time);
    last_time = std::max<std::int64_t>(last_time, event.time);
    if (item < is_sold.size()) is_sold[item] = 1;
    else ++outside_catalogue;
  }

  std::vector<std::uint64_t> actions;
  std::array<std::uint64_t, kNumParts> parts{};
  std::int64_t first_time = INT64_MAX, last_time = INT64_MIN;
  std::vector<std::uint8_t> is_sold;  // products of the catalogue
  std::uint64_t outside_catalogue = 0;
};

class Ingest {
 public:
  Ingest(const ShopConfig& config, std::filesystem::path directory, std::size_t memory_bytes, RejectLog& rejects, ProgressSink& progress)
      : config_(config),
        directory_(std::move(directory)),
        space_{directory_, memory_bytes},
        rejects_(rejects),
        progress_(progress),
        events_(space_.part(kEventsShare)) {}

  Result<IngestSummary> run() {
    if (const auto done = read(); !done)
      return done.error().code == ErrorCode::kBadConfig ? with_context(done.error(), config_.path.string()) : Failure{done.error()};
    progress_.begin(config_.items.twins.merge ? "duplicates and twins" : "duplicates", 0, "");
    GEMEL_RETURN_IF_ERROR(drop_alike());
    if (config_.items.twins.merge) GEMEL_RETURN_IF_ERROR(merge_twins());
    progress_.end();
    events_.account.kept = events_.sorted.size() - events_.account.duplicates;
    GEMEL_CHECK(events_.account.adds_up(), "events: read = kept + rejected + duplicates + excluded");
    if (events_.account.kept == 0)
      return fail(ErrorCode::kBadInput, config_.path.string(), ": [events]: no event can be used: ", events_.account.read, " rows read",
                  first_reasons());
    const EntityRows items = item_rows();
    GEMEL_RETURN_IF_ERROR(write_events());
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
    GEMEL_ASSIGN_OR_RETURN(events_, read_events(config_, std::move(catalogue_.ids), space_.part(kEventsShare), rejects_, progress_));
    format_.time_kind = summary_.time_kind = events_.time_kind;
    dropped_.resize(events_.sorted.size());
    merged_into_.resize(events_.item_ids.size());
    std::iota(merged_into_.begin(), merged_into_.end(), 0u);
    return {};
  }

  Result<void> drop_alike() {
    const bool has_event_id = !config_.events.id.empty();
    GEMEL_ASSIGN_OR_RETURN(AlikeEvents alike, find_alike(events_.sorted, has_event_id, space_.part(kStageShare)));
    const bool are_proven = has_event_id || events_.time_kind == TimeKind::kSeconds;
    if (are_proven && config_.events.drop_duplicates) {
      events_.account.duplicates += alike.count;
      dropped_ = std::move(alike.copies);
    } else {
      summary_.alike_kept = alike.count;
    }
    return {};
  }

  Result<void> merge_twins() {
    const SortSpace space = space_.part(kStageShare);
    GEMEL_ASSIGN_OR_RETURN(Twins twins, find_twins(events_.sorted, dropped_, merged_into_.size(), config_.items.twins, space));
    GEMEL_ASSIGN_OR_RETURN(summary_.merged_copies, drop_merged_copies(events_.sorted, twins, space, dropped_));
    events_.account.duplicates += summary_.merged_copies;
    summary_.twin_pairs = twins.num_pairs;
    summary_.merged_products = twins.num_merged;
    merged_into_ = std::move(twins.merged_into);
    return {};
  }

  // Lets go of the events, and reads the pairs back from the file once their memory is free.
  Result<void> write_events() {
    GEMEL_ASSIGN_OR_RETURN(auto writer, EventsWriter::create(directory_, events_.account.kept));
    EventCounts counts(events_.action_names.size(), format_.num_catalogue_items);
    progress_.begin("writing", events_.account.kept, "events");
    std::size_t place = 0;
    GEMEL_RETURN_IF_ERROR(events_.sorted.for_each([&](const EventRecord& event) -> Result<void> {
      if (dropped_[place++]) return {};
      const std::uint32_t item = new_index_[event.item];
      counts.add(event, item);
      if (place % kProgressEvents == 0) progress_.advance(place);
      return writer.add({event.time, event.user, item, event.action, event.weight});
    }));
    progress_.end();
    events_.sorted = SortedEvents(SortSpace{});
    dropped_ = {};
    GEMEL_RETURN_IF_ERROR(check_actions(counts.actions));
    GEMEL_RETURN_IF_ERROR(add_file(writer.finish()));
    const auto& sizes = counts.parts;
    if (config_.split.by_files()) format_.file_split = {sizes[0], sizes[0] + sizes[1]};
    summarize_events(counts);
    GEMEL_ASSIGN_OR_RETURN(summary_.distinct_pairs, count_distinct_pairs(writer));
    return {};
  }

  Result<std::uint64_t> count_distinct_pairs(const EventsWriter& events) const {
    ExternalSort<std::uint64_t> pairs(space_.part(kEventsShare));
    GEMEL_RETURN_IF_ERROR(
        events.for_each_pair([&](std::uint32_t user, std::uint32_t item) { return pairs.add(std::uint64_t{user} << 32 | item); }));
    GEMEL_RETURN_IF_ERROR(pairs.finish());
    std::optional<std::uint64_t> last;
    std::uint64_t num_distinct = 0;
    GEMEL_RETURN_IF_ERROR(pairs.for_each([&](std::uint64_t pair) -> Result<void> {
      num_distinct += pair != last;
      last = pair;
      return {};
    }));
    return num_distinct;
  }

  // Refuses a Dataset that nothing can be learned from.
  Result<void> check_actions(const std::vector<std::uint64_t>& counts) {
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
    for (const auto* reasons : {&events_.account.reasons, &events_.account.excluded_by})
      for (const auto& [reason, count] : *reasons) text += concat("; ", reason, ": ", count);
    return text;
  }

  // Leaves merged products out and numbers the others anew.
  EntityRows item_rows() {
    EntityRows items;
    new_index_.resize(merged_into_.size());
    for (std::uint32_t item = 0; item < merged_into_.size(); ++item) {
      if (merged_into_[item] != item) continue;
      new_index_[item] = items.ids.intern(events_.item_ids[item]);
      const bool in_catalogue = item < num_catalogue_rows_;
      items.file_rows.push_back(in_catalogue ? item : TableColumn::kMissingRow);
      format_.num_catalogue_items += in_catalogue;
    }
    for (std::uint32_t item = 0; item < merged_into_.size(); ++item) new_index_[item] = new_index_[merged_into_[item]];
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

  void summarize_events(const EventCounts& counts) {
    summary_.first_time = TimePoint(std::chrono::microseconds(counts.first_time));
    summary_.last_time = TimePoint(std::chrono::microseconds(counts.last_time));
    summary_.events_outside_catalogue = counts.outside_catalogue;
    summary_.customers = events_.user_ids.size();
    summary_.catalogue_products = format_.num_catalogue_items;
    summary_.cold_products = static_cast<std::uint64_t>(std::count(counts.is_sold.begin(), counts.is_sold.end(), 0));
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
  // Shares of the memory: the events while they fit, and at most two sorts beside them.
  static constexpr std::size_t kEventsShare = 2, kStageShare = 4;
  static constexpr std::size_t kProgressEvents = std::size_t{1} << 16;

  const std::filesystem::path directory_;
  const SortSpace space_;
  RejectLog& rejects_;
  ProgressSink& progress_;
  Table catalogue_, customers_;
  std::size_t num_catalogue_rows_ = 0;
  Events events_;
  EventMarks dropped_;
  std::vector<std::uint32_t> merged_into_;  // Twins::merged_into; the identity without twins
  std::vector<std::uint32_t> new_index_;    // in the Dataset, of each product as it was read
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
  GEMEL_ASSIGN_OR_RETURN(IngestSummary summary, Ingest(config, target.path(), options.memory_bytes, rejects, progress).run());
  GEMEL_RETURN_IF_ERROR(check_split(config, target.path()));
  GEMEL_RETURN_IF_ERROR(target.commit());
  summary.directory = directory.string();
  return summary;
}

}  // namespace gemel
