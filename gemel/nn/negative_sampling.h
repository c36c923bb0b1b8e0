// Which candidates a batch of positives is ranked against, and the biases that make the sampled softmax agree with the full one.
//
//   full      every allowed candidate, once, no bias.
//   in_batch  the distinct positives of the batch, each standing for all its m draws; expected count q = batch * p, p the
//             candidate's share of the training examples (Yi et al., RecSys 2019).
//   mixed     in_batch plus num_uniform draws, with replacement, from the allowed candidates (Yang et al., WWW 2020);
//             q = batch * p + num_uniform / num_allowed.
//
// Logit correction of a candidate: log m - log q. So E[m / q] = 1 for each, and a row's softmax over draws is exactly the chance that
// a draw is the row's own positive when logits are log-probabilities. A row's own item elsewhere in the batch (accidental hit) is the same
// column: unmasked, the positive has the weight m / q of all its draws. Masked, it counts once and is divided by the chance to be in
// the batch at all, 1 - exp(-q): about q for rare items, 1 for those that every batch holds. Divided by q it would vanish as the
// batch grows, and the loss would not tend to the full softmax's.
//
// With a StreamingFrequency, which knows the chance c of being in the batch at all and not the share p, each distinct candidate counts once
// with the logit correction -log c (mixed: c with the chance of the uniform draws), the positive too: E[present / c] = 1.
// Thread safety: const, one CandidateSet and Rng for each caller.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "gemel/nn/streaming_frequency.h"
#include "gemel/numerics/rng.h"

namespace gemel {

enum class NegativeKind { kFull, kInBatch, kMixed };

struct NegativeSamplingOptions {
  NegativeKind kind = NegativeKind::kFull;
  std::size_t num_uniform = 0;  // kMixed
  bool mask_accidental_hits = false;
  bool logq_correction = true;  // false: log m alone; to compare
};

// What softmax_loss wants to know; columns are positions in `items`.
struct CandidateSet {
  std::vector<std::uint32_t> items;  // distinct; in order of first appearance, full: as allowed
  std::vector<float> column_bias;  // [items]
  std::vector<std::uint32_t> positive;  // [batch], column of each positive
  std::vector<float> positive_bias;  // [batch]
  std::vector<std::uint32_t> column_of_item;  // scratch [all items]: column + 1, 0: none; all 0 between calls
};

class NegativeSampler {
 public:
  // allowed: items that may be recommended, ascending. counts [all items]: training examples of each item as positive (or their
  // chances, in any unit); read by kInBatch and kMixed, above 0 for every positive.
  NegativeSampler(const NegativeSamplingOptions& options, std::vector<std::uint32_t> allowed, std::span<const double> counts);

  // positives [batch]: items; with kFull each is allowed. frequency: has observed this batch; null: the counts are corrected for.
  void sample(std::span<const std::uint32_t> positives, Rng& rng, CandidateSet& out, const StreamingFrequency* frequency = nullptr) const;

 private:
  void take_all(std::span<const std::uint32_t> positives, CandidateSet& out) const;
  void draw(std::span<const std::uint32_t> positives, Rng& rng, CandidateSet& out) const;
  void correct_by_expected_count(std::span<const std::uint32_t> positives, CandidateSet& out) const;
  void correct_by_chance(const StreamingFrequency& frequency, std::span<const std::uint32_t> positives, CandidateSet& out) const;
  double expected_count(std::uint32_t item, std::size_t batch) const;

  NegativeSamplingOptions options_;
  std::vector<std::uint32_t> allowed_;
  std::vector<std::uint8_t> is_allowed_;  // [all items]
  std::vector<double> probability_;  // [all items], of one draw of the batch
};

}  // namespace gemel
