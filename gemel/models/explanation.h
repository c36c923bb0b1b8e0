// Where a score comes from. The parts add up to it. The effects do not: each is what the score would lose without one thing, all else as
// it is, and what two things say together is counted in both or in neither.
#pragma once

#include <string>
#include <vector>

#include "gemel/data/ids.h"

namespace gemel {

// One summand of the score.
struct ScorePart {
  std::string name;     // "towers", "popularity", "personal": the customer's own counts
  double value;
  double above_average;  // value minus its mean over all products: what of it tells this product from the others
};

// What the score would lose without this feature of the product: a category, tags and the product's id as if missing or never seen, a
// number as if it were average.
struct FeatureEffect {
  std::string name;  // as in shop.toml; "item_id": the product itself
  double effect;
};

// What the score would lose without these events of the customer's history.
struct HistoryEffect {
  ItemIndex item;
  std::size_t num_events;  // of this product, in the whole history
  double effect;
};

struct ScoreExplanation {
  double score = 0;
  std::vector<ScorePart> parts;  // empty: of this product nothing can be told
  std::vector<FeatureEffect> features;  // by size, largest first
  std::vector<HistoryEffect> history;   // likewise
};

struct Explanations {
  std::vector<ScoreExplanation> products;  // in the order asked
  std::vector<std::string> notes;          // what could not be told, for people
};

}  // namespace gemel
