// What a moment says by itself: cycles of the year and the week as sines and cosines, and the same as embeddings of hour, weekday,
// day of the year and day bucket. All UTC.
// Thread safety: const.
#pragma once

#include <string>
#include <vector>

#include "gemel/base/result.h"
#include "gemel/data/ids.h"
#include "gemel/numerics/bags.h"

namespace gemel {

// Parts by name. Continuous: "year_cycle" (2 harmonics, 4 numbers), "week_cycle" (2), "day_cycle" (2), "trend" (1: standardised time;
// it extrapolates past the training period, so it is not a default). Embeddings: "hour", "weekday", "day_of_year", "day".
class TimeParts {
 public:
  TimeParts() = default;
  // first, last: of the training period; days outside it share the unseen row of "day". Error kBadConfig: unknown part.
  static Result<TimeParts> make(const std::vector<std::string>& parts, TimePoint first, TimePoint last);

  struct Embedded {
    std::string name;
    std::uint32_t num_rows;
  };
  const std::vector<Embedded>& embedded() const { return embedded_; }
  std::uint32_t row(std::size_t embedded_part, TimePoint at) const;

  std::size_t num_numbers() const { return num_numbers_; }
  void numbers(TimePoint at, float* out) const;  // [num_numbers()]

 private:
  std::vector<std::string> continuous_;
  std::vector<Embedded> embedded_;
  std::size_t num_numbers_ = 0;
  TimePoint first_{}, last_{};
};

}  // namespace gemel
