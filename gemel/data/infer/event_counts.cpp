#include "gemel/data/infer/event_counts.h"

#include <algorithm>
#include <optional>

#include "gemel/data/infer/column_profile.h"
#include "gemel/data/ingest/cell_text.h"
#include "gemel/data/ingest/open_row_source.h"
#include "gemel/data/ingest/parse_number.h"
#include "gemel/data/twin_pairs.h"

namespace gemel {
namespace {

class EventCounter {
 public:
  explicit EventCounter(const EventsGuess& guess) : guess_(guess), format_(to_time_format(guess.time_format.value)) {}

  // Places of the wanted columns among those of the file, in the order time, user, item, weight.
  Result<void> request(RowSource& rows, const std::string& file) {
    std::vector<std::size_t> places;
    const auto place = [&](const std::string& name) {
      if (name.empty()) return kAbsent;
      const auto found = rows.find_column(name);
      if (!found) return kMissing;
      places.push_back(*found);
      return places.size() - 1;
    };
    time_ = place(guess_.time.value);
    user_ = place(guess_.user.value);
    item_ = place(guess_.item.value);
    weight_ = place(guess_.weight.value);
    action_ = place(guess_.action.value);
    if (time_ == kMissing || user_ == kMissing || item_ == kMissing || weight_ == kMissing || action_ == kMissing)
      return fail(ErrorCode::kBadInput, file, ": expected the columns of the first file, found others");
    user_else_.clear();
    item_else_.clear();
    for (const std::string& column : guess_.user_else) user_else_.push_back(place(column));
    for (const std::string& column : guess_.item_else) item_else_.push_back(place(column));
    const bool lacks_else = std::ranges::count(user_else_, kMissing) + std::ranges::count(item_else_, kMissing) > 0;
    if (lacks_else) return fail(ErrorCode::kBadInput, file, ": expected the columns of the first file, found others");
    rows.request(std::move(places));
    rows.skip_row_hashes();
    return {};
  }

  void take(const RowBatch& batch) {
    counts_.num_rows += batch.num_rows + batch.broken.size();
    if (time_ != kAbsent && !format_) format_ = detect_time_format(batch.columns[time_]);
    for (std::size_t row = 0; row < batch.num_rows; ++row) take_row(batch, row);
  }

  EventCounts finish(bool find_twin_products) {
    counts_.num_users = user_ids_.size();
    place_cuts();
    count_kept();
    count_repeats();
    if (find_twin_products && time_ != kAbsent) find_twins();
    return std::move(counts_);
  }

 private:
  static constexpr std::size_t kAbsent = SIZE_MAX, kMissing = SIZE_MAX - 1;

  void take_row(const RowBatch& batch, std::size_t row) {
    const auto first_filled = [&](std::size_t column, const std::vector<std::size_t>& others, std::string& buffer) {
      std::string_view text = cell_text(batch.columns[column][row], buffer);
      for (const std::size_t other : others)
        if (text.empty()) text = cell_text(batch.columns[other][row], buffer);
      return text;
    };
    const std::string_view user = first_filled(user_, user_else_, user_text_);
    const std::string_view item = first_filled(item_, item_else_, item_text_);
    if (user.empty() || item.empty()) return;
    TimePoint at{std::chrono::microseconds(static_cast<std::int64_t>(counts_.num_usable))};
    if (time_ != kAbsent) {
      const auto read = parse_time(batch.columns[time_][row], format_.value_or(TimeFormat::kIso));
      if (!read) return;
      at = *read;
    }
    if (weight_ != kAbsent) {
      const auto weight = parse_number(cell_text(batch.columns[weight_][row], weight_text_));
      counts_.num_weightless += !weight || !(*weight > 0);
    }
    const std::uint32_t user_row = user_ids_.intern(user), item_row = counts_.item_ids.intern(item);
    if (item_row == counts_.item_counts.size()) counts_.item_counts.push_back(0);
    ++counts_.item_counts[item_row];
    counts_.first = counts_.num_usable == 0 ? at : std::min(counts_.first, at);
    counts_.last = counts_.num_usable == 0 ? at : std::max(counts_.last, at);
    if (counts_.num_usable++ >= kMaxKeptRows) return;
    if (is_target(batch, row)) target_pairs_.push_back(std::uint64_t{user_row} << 32 | item_row);
    kept_.push_back({user_row, static_cast<std::int32_t>(day_of(at).time_since_epoch().count()), item_row});
  }

  bool is_target(const RowBatch& batch, std::size_t row) {
    if (action_ == kAbsent) return true;
    const std::string_view name = cell_text(batch.columns[action_][row], action_text_);
    const auto action = std::ranges::find(guess_.actions, name, &ActionGuess::name);
    return action != guess_.actions.end() && action->is_target;
  }

  void place_cuts() {
    if (kept_.empty()) return;
    std::vector<std::int32_t> days(kept_.size());
    std::ranges::transform(kept_, days.begin(), &DayRow::day);
    const auto day_at = [&](double share) {
      const auto place = days.begin() + static_cast<std::ptrdiff_t>(share * static_cast<double>(days.size()));
      std::nth_element(days.begin(), place, days.end());
      return Day(std::chrono::days(*place));
    };
    counts_.validation_from = day_at(1 - SplitConfig{}.validation - SplitConfig{}.test);
    counts_.test_from = day_at(1 - SplitConfig{}.test);
  }

  // Without a time the order of the rows is all that is known.
  void count_kept() {
    counts_.kept_counts.resize(counts_.item_counts.size());
    counts_.train_counts.resize(counts_.item_counts.size());
    const double train_share = 1 - SplitConfig{}.validation - SplitConfig{}.test;
    for (std::size_t row = 0; row < kept_.size(); ++row) {
      const bool in_train = time_ != kAbsent ? Day(std::chrono::days(kept_[row].day)) < counts_.validation_from
                                             : static_cast<double>(row) < train_share * static_cast<double>(kept_.size());
      ++counts_.kept_counts[kept_[row].item];
      counts_.train_counts[kept_[row].item] += in_train;
    }
  }

  void count_repeats() {
    const auto num_pairs = static_cast<double>(target_pairs_.size());
    std::ranges::sort(target_pairs_);
    const auto num_distinct = std::unique(target_pairs_.begin(), target_pairs_.end()) - target_pairs_.begin();
    if (num_pairs > 0) counts_.repeat_share = 1 - static_cast<double>(num_distinct) / num_pairs;
  }

  void find_twins() {
    for (const TwinPair& pair : find_twin_pairs(std::move(kept_), counts_.item_ids.size(), TwinsConfig{}))
      counts_.twins.emplace_back(counts_.item_ids[pair.rarer], counts_.item_ids[pair.other]);
  }

  const EventsGuess& guess_;
  std::optional<TimeFormat> format_;
  std::size_t time_ = kAbsent, user_ = kAbsent, item_ = kAbsent, weight_ = kAbsent, action_ = kAbsent;
  std::vector<std::size_t> user_else_, item_else_;  // places, likewise
  IdTable user_ids_;
  std::vector<DayRow> kept_;  // of the first kMaxKeptRows
  std::vector<std::uint64_t> target_pairs_;  // of these, customer << 32 | product of each target event
  EventCounts counts_;
  std::string user_text_, item_text_, weight_text_, action_text_;
};

}  // namespace

Result<EventCounts> count_events(const std::string& pattern, const EventsGuess& guess, bool find_twin_products, ProgressSink& progress) {
  GEMEL_ASSIGN_OR_RETURN(const SourceFiles files, find_files(pattern, guess.source.format));
  std::uint64_t passed_bytes = 0;
  EventCounter counter(guess);
  RowBatch batch;
  progress.begin("count events", files.size_bytes, "bytes");
  for (const auto& path : files.paths) {
    GEMEL_ASSIGN_OR_RETURN(const auto rows, open_row_source(path, guess.source.format));
    GEMEL_RETURN_IF_ERROR(counter.request(*rows, path.string()));
    while (true) {
      if (interrupted()) return fail(ErrorCode::kInterrupted, "interrupted; nothing was written");
      GEMEL_ASSIGN_OR_RETURN(const bool has_rows, rows->next(batch));
      if (!has_rows) break;
      counter.take(batch);
      progress.advance(passed_bytes + rows->bytes_read());
    }
    passed_bytes += rows->bytes_read();
  }
  progress.end();
  return counter.finish(find_twin_products);
}

}  // namespace gemel
