#include "gemel/data/split.h"

#include <algorithm>

#include "gemel/data/day.h"

namespace gemel {
namespace {

using std::chrono::microseconds;

std::size_t first_event_at(const Dataset& dataset, TimePoint at) {
  const auto times = dataset.times();
  return static_cast<std::size_t>(std::lower_bound(times.begin(), times.end(), at) - times.begin());
}

// Midnight after the last event; without days, the moment after it.
TimePoint end_of(const Dataset& dataset) {
  const auto times = dataset.times();
  const TimePoint last = *std::max_element(times.begin(), times.end());
  return has_days(dataset.time_kind()) ? TimePoint(day_of(last) + std::chrono::days(1)) : last + microseconds(1);
}

// The moment that parts the events before `begin` from those after it: midnight of the later ones' first day where that parts them. Files
// may share the moment where they meet: then that moment. They may overlap in time: then the moment after the last event of the earlier.
TimePoint boundary(const Dataset& dataset, std::size_t begin) {
  const auto times = dataset.times();
  const TimePoint last = *std::max_element(times.begin(), times.begin() + static_cast<std::ptrdiff_t>(begin));
  const TimePoint after = last + microseconds(1);
  if (!has_days(dataset.time_kind()) || begin == times.size()) return after;
  if (*std::min_element(times.begin() + static_cast<std::ptrdiff_t>(begin), times.end()) == last) return last;
  return std::max(after, TimePoint(day_of(times[begin])));
}

Result<Split> split_by_files(const Dataset& dataset, const SplitConfig& config) {
  const auto files = dataset.file_split();
  if (!files) return fail(ErrorCode::kBadConfig, "split.train: names files, but the Dataset was made without them; ingest again");
  Split split{
      .validation_begin = files->validation_begin, .test_begin = files->test_begin, .end = dataset.num_events(), .until = end_of(dataset)};
  if (split.validation_begin == 0) return fail(ErrorCode::kBadConfig, "split.train: its files hold no events");
  if (split.validation_begin == split.test_begin && !config.validation_paths.empty())
    return fail(ErrorCode::kBadConfig, "split.validation: its files hold no events");
  split.validation_from = boundary(dataset, split.validation_begin);
  split.test_from = boundary(dataset, split.test_begin);
  return split;
}

// The day in which the event at this fraction of all lies. Dataset::kOrder: its own place.
TimePoint moment_at(const Dataset& dataset, double fraction) {
  const auto event = static_cast<std::size_t>(fraction * static_cast<double>(dataset.num_events()));
  const TimePoint at = dataset.times()[std::min(event, dataset.num_events() - 1)];
  return has_days(dataset.time_kind()) ? TimePoint(day_of(at)) : at;
}

// "(events from 2017-01-01 to 2017-12-31)", where there are days.
std::string span_of(const Dataset& dataset) {
  if (!has_days(dataset.time_kind())) return concat(" (", dataset.num_events(), " events)");
  return concat(" (events from ", to_text(day_of(dataset.times().front())), " to ", to_text(day_of(dataset.times().back())), ")");
}

Result<Split> split_by_time(const Dataset& dataset, const SplitConfig& config) {
  if (dataset.time_kind() == TimeKind::kNone)
    return fail(ErrorCode::kBadConfig,
                "split: no time to split by; [events] time names no column, so give train, validation and test files");
  Split split{.end = dataset.num_events(), .until = end_of(dataset)};
  if (config.validation_from.empty()) {
    split.validation_from = moment_at(dataset, 1 - config.validation - config.test);
    split.test_from = moment_at(dataset, 1 - config.test);
  } else {
    const auto validation = parse_day(config.validation_from), test = parse_day(config.test_from);
    if (!validation || !test) return fail(ErrorCode::kBadConfig, "split: expected days such as 2017-11-01");
    if (!has_days(dataset.time_kind()))
      return fail(ErrorCode::kBadConfig, "split.validation: found a day, but the events have only an order");
    split.validation_from = *validation;
    split.test_from = *test;
  }
  split.validation_begin = first_event_at(dataset, split.validation_from);
  split.test_begin = first_event_at(dataset, split.test_from);
  return split;
}

Result<void> check_part(const Dataset& dataset, std::string_view part, std::size_t begin, std::size_t end) {
  if (begin >= end)
    return fail(ErrorCode::kBadConfig, "split.", part, ": no event lies in this part", span_of(dataset), "; move its border");
  const auto actions = dataset.actions().subspan(begin, end - begin);
  if (std::any_of(actions.begin(), actions.end(), [&](ActionIndex action) { return dataset.is_target(action); })) return {};
  return fail(ErrorCode::kBadConfig, "split.", part, ": none of its ", end - begin,
              " events has a target action; expected some to be judged by");
}

}  // namespace

Result<Split> make_split(const Dataset& dataset, const SplitConfig& config) {
  if (dataset.num_events() == 0) return fail(ErrorCode::kBadConfig, "split: the Dataset holds no events");
  GEMEL_ASSIGN_OR_RETURN(const Split split, config.by_files() ? split_by_files(dataset, config) : split_by_time(dataset, config));
  GEMEL_RETURN_IF_ERROR(check_part(dataset, "train", 0, split.validation_begin));
  // Public benchmark files often bring no validation part; time always leaves one.
  const bool may_lack_validation = config.by_files() && config.validation_paths.empty();
  if (!may_lack_validation) GEMEL_RETURN_IF_ERROR(check_part(dataset, "validation", split.validation_begin, split.test_begin));
  GEMEL_RETURN_IF_ERROR(check_part(dataset, "test", split.test_begin, split.end));
  return split;
}

}  // namespace gemel
