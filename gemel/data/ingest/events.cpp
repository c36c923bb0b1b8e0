#include "gemel/data/ingest/events.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <algorithm>
#include <cmath>

#include "gemel/data/day.h"
#include "gemel/data/ingest/cell_text.h"
#include "gemel/data/ingest/exclusions.h"
#include "gemel/data/ingest/id_rules.h"
#include "gemel/data/ingest/parse_number.h"
#include "gemel/data/ingest/parse_time.h"
#include "gemel/data/ingest/source_files.h"

namespace gemel {
namespace {

constexpr std::size_t kMaxActions = 255;
constexpr std::size_t kMaxEvents = UINT32_MAX;

class EventReader {
 public:
  EventReader(const EventsConfig& config, Events& events, RejectLog& rejects)
      : config_(config), events_(events), rejects_(rejects), exclusions_(config.exclude) {
    const auto request = [&](const std::string& name, std::string_view key) {
      if (!name.empty()) wanted_.add(name, concat("events.", key));
      return name.empty() ? kAbsent : wanted_.names.size() - 1;
    };
    user_ = request(config.user, "user");
    item_ = request(config.item, "item");
    for (const auto& column : config.user_else) user_else_.push_back(request(column, "user"));
    for (const auto& column : config.item_else) item_else_.push_back(request(column, "item"));
    time_ = request(config.time, "time");
    action_ = request(config.action, "action");
    weight_ = request(config.weight, "weight");
    id_ = request(config.id, "id");
    id_is_of_record_ = !config.source.each.empty() && !config.id.starts_with(config.source.each + ".");
    format_ = to_time_format(config.time_format);
    if (config.action.empty()) events_.action_names.push_back(config.actions.begin()->first);
  }

  Result<void> read(const SourceFiles& files, std::size_t part, ProgressSink& progress) {
    part_ = part;
    const auto hashes = id_ == kAbsent ? SourceFiles::RowHashes::kRead : SourceFiles::RowHashes::kSkip;
    return files.read(wanted_, hashes, rejects_, events_.account, progress, [&](const SourceBatch& batch) { return take(batch); });
  }

  // An id that is misspelt leaves nothing out: that is said.
  void tell_unused_rules(ProgressSink& progress) const {
    for (const std::size_t rule : exclusions_.unused()) progress.warn(concat("events.exclude[", rule + 1, "]: no event fits this rule"));
  }

  TimeKind time_kind() const {
    if (config_.order) return TimeKind::kOrder;
    if (config_.time.empty()) return TimeKind::kNone;
    return all_whole_days_ ? TimeKind::kDays : TimeKind::kSeconds;
  }

 private:
  static constexpr std::size_t kAbsent = SIZE_MAX;

  struct Event {
    std::int64_t time;
    std::string_view user, item, action;
    float weight = 1;
    std::uint64_t hash;
  };

  Result<void> take(const SourceBatch& batch) {
    if (time_ != kAbsent && !format_) format_ = detect_time_format(batch.column(time_));
    Event event;
    for (std::size_t row = 0; row < batch.num_rows(); ++row) {
      if (const auto rejection = read_row(batch, row, event)) {
        GEMEL_RETURN_IF_ERROR(rejects_.add(batch.file(), *rejection, events_.account));
      } else if (const auto exclusion = find_exclusion(batch.line(row), event)) {
        GEMEL_RETURN_IF_ERROR(rejects_.exclude(batch.file(), *exclusion, events_.account));
      } else {
        GEMEL_RETURN_IF_ERROR(keep(batch, event));
      }
    }
    GEMEL_RETURN_IF_ERROR(check_room(events_.user_ids, batch.file()));
    GEMEL_RETURN_IF_ERROR(check_room(events_.item_ids, batch.file()));
    if (events_.sorted.size() > kMaxEvents) return fail(ErrorCode::kBadInput, batch.file(), ": expected at most ", kMaxEvents, " events");
    return {};
  }

  // Fills `event`, which borrows from the batch and from the buffers; or says why the row cannot be used.
  std::optional<Rejection> read_row(const SourceBatch& batch, std::size_t row, Event& event) {
    const auto reject = [&](std::size_t column, std::string reason) {
      const std::string_view found = cell_text(batch.cell(column, row), found_);
      return Rejection{batch.line(row), wanted_.names[column], std::move(reason), found};
    };
    const auto read_id = [&](std::size_t column, std::string& buffer, std::string_view& id) {
      id = cell_text(batch.cell(column, row), buffer);
      return id_problem(id);
    };
    // The first column that is filled counts.
    const auto read_first = [&](std::size_t column, const std::vector<std::size_t>& others, std::string& buffer, std::string_view& id) {
      auto problem = read_id(column, buffer, id);
      for (const std::size_t other : others)
        if (id.empty()) problem = read_id(other, buffer, id);
      return problem;
    };
    if (auto problem = read_first(user_, user_else_, user_text_, event.user)) return reject(user_, *problem);
    if (auto problem = read_first(item_, item_else_, item_text_, event.item)) return reject(item_, *problem);
    if (action_ != kAbsent)
      if (auto problem = read_id(action_, action_text_, event.action)) return reject(action_, *problem);
    if (time_ != kAbsent) {
      const Cell& cell = batch.cell(time_, row);
      const auto at = parse_time(cell, format_.value_or(TimeFormat::kIso));
      if (!at) return reject(time_, cell.kind == Cell::Kind::kMissing ? "missing" : "unreadable time");
      event.time = at->time_since_epoch().count();
    }
    if (weight_ != kAbsent)
      if (auto problem = read_weight(batch.cell(weight_, row), event.weight)) return reject(weight_, *problem);
    if (id_ == kAbsent) {
      event.hash = batch.row_hash(row);
    } else {
      std::string_view id;
      if (auto problem = read_id(id_, id_text_, id)) return reject(id_, *problem);
      // An id of the record is that of all its elements.
      event.hash = XXH3_64bits_withSeed(id.data(), id.size(), id_is_of_record_ ? batch.ordinal(row) : 0);
    }
    return std::nullopt;
  }

  std::optional<Rejection> find_exclusion(std::uint64_t line, const Event& event) {
    if (config_.exclude.empty()) return std::nullopt;
    const Day day = time_ == kAbsent ? Day{} : day_of(TimePoint(std::chrono::microseconds(event.time)));
    const auto rule = exclusions_.match({event.user, event.item, event.action, day});
    if (!rule) return std::nullopt;
    const ExcludeConfig& named = config_.exclude[*rule];
    const std::size_t column = !named.users.empty() ? user_ : !named.items.empty() ? item_ : !named.actions.empty() ? action_ : time_;
    found_ = column == user_ ? event.user : column == item_ ? event.item : column == action_ ? event.action : to_text(day);
    return Rejection{line, wanted_.names[column], concat("excluded by rule ", *rule + 1), found_};
  }

  static std::optional<std::string> read_weight(const Cell& cell, float& weight) {
    if (cell.kind == Cell::Kind::kMissing) return "missing";
    std::string buffer;
    const auto number =
        cell.kind == Cell::Kind::kInteger ? std::optional(static_cast<double>(cell.integer)) : parse_number(cell_text(cell, buffer));
    if (!number || !std::isfinite(static_cast<float>(*number))) return "unreadable number";
    weight = static_cast<float>(*number);
    if (!(weight > 0)) return "not above 0";
    return std::nullopt;
  }

  Result<void> keep(const SourceBatch& batch, const Event& event) {
    GEMEL_ASSIGN_OR_RETURN(const std::uint8_t action, action_index(batch, event.action));
    EventRecord record;
    const auto row = static_cast<std::int64_t>(events_.sorted.size());
    record.time = time_ != kAbsent ? event.time : config_.order ? row : static_cast<std::int64_t>(part_);
    record.hash = event.hash;
    record.user = events_.user_ids.intern(event.user);
    record.item = events_.item_ids.intern(event.item);
    record.weight = event.weight;
    record.action = action;
    record.part = static_cast<std::uint8_t>(part_);
    all_whole_days_ = all_whole_days_ && is_whole_day(TimePoint(std::chrono::microseconds(record.time)));
    return events_.sorted.add(record);
  }

  Result<std::uint8_t> action_index(const SourceBatch& batch, std::string_view action) {
    if (action_ == kAbsent) return std::uint8_t{0};
    auto& names = events_.action_names;
    const auto known = std::find(names.begin(), names.end(), action);
    if (known != names.end()) return static_cast<std::uint8_t>(known - names.begin());
    if (names.size() == kMaxActions)
      return fail(ErrorCode::kBadConfig, batch.file(), ": [events] action: expected at most ", kMaxActions,
                  " different actions in column '", config_.action, "', found more");
    names.emplace_back(action);
    return static_cast<std::uint8_t>(names.size() - 1);
  }

  const EventsConfig& config_;
  Events& events_;
  RejectLog& rejects_;
  Exclusions exclusions_;
  WantedColumns wanted_;
  std::size_t user_, item_, time_, action_, weight_, id_;  // places in wanted_, or kAbsent
  bool id_is_of_record_ = false;  // where rows are elements of a list
  std::vector<std::size_t> user_else_, item_else_;          // likewise; read where user_ or item_ is missing
  std::optional<TimeFormat> format_;
  std::size_t part_ = 0;
  bool all_whole_days_ = true;
  std::string user_text_, item_text_, action_text_, id_text_, found_;
};

}  // namespace

Result<Events> read_events(const ShopConfig& config, IdTable item_ids, const SortSpace& space, RejectLog& rejects, ProgressSink& progress) {
  Events events(space);
  events.item_ids = std::move(item_ids);
  EventReader reader(config.events, events, rejects);
  const auto& split = config.split;
  const bool by_files = split.by_files();
  constexpr std::array<std::string_view, kNumParts> kPartKeys{"split.train", "split.validation", "split.test"};
  const std::array<const std::vector<std::string>*, kNumParts> patterns{by_files ? &split.train_paths : &config.events.paths,
                                                                        &split.validation_paths, &split.test_paths};
  for (std::size_t part = 0; part < (by_files ? kNumParts : 1); ++part) {
    GEMEL_ASSIGN_OR_RETURN(const auto files,
                           SourceFiles::find(*patterns[part], config.events.source, by_files ? kPartKeys[part] : "events.path"));
    progress.begin("events", files.size_bytes, "bytes");
    GEMEL_RETURN_IF_ERROR(reader.read(files, part, progress));
    progress.end();
  }
  reader.tell_unused_rules(progress);
  events.time_kind = reader.time_kind();
  GEMEL_RETURN_IF_ERROR(events.sorted.finish());
  return events;
}

}  // namespace gemel
