// Train | validation | test, in time order. Everything known at a moment is a prefix of the Dataset's events.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>

#include "gemel/data/dataset.h"

namespace gemel {

// What a model may see when it is fitted: events [0, num_events) of the Dataset, and nothing else of them.
struct TrainView {
  const Dataset* dataset = nullptr;
  std::size_t num_events = 0;
  TimePoint until{};  // the moment the fit stands at: all its events lie before, or at it where files share the moment they meet at
};

struct Split {
  std::size_t validation_begin = 0, test_begin = 0, end = 0;  // event indices
  TimePoint validation_from{}, test_from{}, until{};          // with time: midnight (UTC); until is after the last event

  TrainView train(const Dataset& dataset) const { return {&dataset, validation_begin, validation_from}; }
  TrainView train_and_validation(const Dataset& dataset) const { return {&dataset, test_begin, test_from}; }
};

// Cuts lie at midnight (UTC) so that a day's events never stand on both sides: a fraction is moved to the start of the day it falls in.
// Errors (kBadConfig): a part without events, dates out of order or outside the data, no time to split by, a target action
// that never occurs in validation or test.
Result<Split> make_split(const Dataset& dataset, const SplitConfig& config);

}  // namespace gemel
