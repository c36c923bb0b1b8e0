#include "gemel/data/infer/knobs.h"

#include <fmt/format.h>

#include <algorithm>

namespace gemel {
namespace {

constexpr std::size_t kManyProducts = 10'000;    // above it a full softmax takes longer than the rest of the step
constexpr std::uint64_t kManyEvents = 1'000'000;  // above it large batches and few epochs
constexpr double kManyRepeats = 0.4;

}  // namespace

std::vector<KnobGuess> guess_knobs(const EventCounts& counts, bool has_time, std::size_t num_products) {
  std::vector<KnobGuess> knobs;
  const auto add = [&](std::string key, std::string value, std::string reason) {
    knobs.push_back({std::move(key), std::move(value), std::move(reason)});
  };
  const bool repeats = counts.repeat_share >= kManyRepeats;
  if (!has_time) {
    add("popularity_half_life_days", "[]", "needs the days of the events, which have none");
    add("time", "[]", "likewise");
  } else if (repeats) {
    add("popularity_half_life_days", "[3, 14, 60]", "what is bought again and again changes slowly; validation weighs the three");
  } else if (counts.last - counts.first >= std::chrono::days(180)) {
    add("popularity_half_life_days", "[1, 3, 10, 60]", "from a day to two months; validation weighs the four");
  }
  if (repeats) {
    add("first_only", "true",
        fmt::format(
            "{:.0f} % of these events repeat an earlier one: learn what is taken for the first time, and use `--repeats drop` in train "
            "and evaluate; or, to learn the repeats too, take this line out and set personal_half_life_days = [14, 90, inf]",
            100 * counts.repeat_share));
    add("history", "{ length = 100 }", "long pasts");
  }
  if (num_products > kManyProducts) {
    add("loss", "\"mixed\"", fmt::format("{} products: the batch's own and drawn ones stand for all", num_products));
    if (counts.num_usable > kManyEvents) add("num_uniform", "2000", "drawn for a batch");
  }
  if (counts.num_usable > kManyEvents) {
    add("batch_size", "4096", fmt::format("{} events: larger steps", counts.num_usable));
    add("block_size", "64", "likewise");
    add("epochs", "4", "at most; validation chooses");
  } else if (num_products > kManyProducts) {
    add("epochs", "12", "at most; validation chooses");
  }
  return knobs;
}

}  // namespace gemel
