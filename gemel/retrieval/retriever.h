// The one path of an answer: request -> Query -> model -> products with names and reasons. `gemel recommend`, the server, Python and
// the evaluation all go through it; for the evaluation it is a Recommender like any other.
//
// Thread safety: answer and recommend are const, any number of threads, each with a pool of its own; catch_up and advance are not.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "gemel/retrieval/bundle.h"

namespace gemel {

struct Request {
  std::string user = {};            // the shop's id; empty: nobody in particular
  std::vector<std::string> recent = {};  // ids of products of the last events, oldest first; after the known history
  std::string action = {};          // what they are about to do; empty: the first target action
  std::optional<TimePoint> at = {};  // empty: the moment that the bundle stands at
  std::size_t k = 10;
  bool exclude_seen = false;        // leave out what the customer had before, recent ones included
  bool explain = false;             // tell where each score comes from
};

// What an answer could stand on.
enum class Served {
  kKnown,     // the customer's own history
  kUnknown,   // no history here, only the recent events of the request
  kFallback,  // neither: what is good for nobody in particular
};
std::string_view to_text(Served served);  // known, unknown, fallback

struct Reason {
  std::size_t times_had = 0;        // events of this product in the customer's own history
  std::optional<TimePoint> last_had;
  bool is_recent = false;           // it is one of the request's recent products
  std::optional<Product> nearest;   // the product of the history that is most like it, if any is; for models with item embeddings
  float similarity = 0;             // cosine
};

struct SimilarProduct {
  Product product;
  float similarity;  // cosine
};

// explanation.h, with products in place of their rows.
struct ExplainedScore {
  struct Past {
    Product product;
    std::size_t num_events;
    double effect;
  };
  std::vector<ScorePart> parts;
  std::vector<FeatureEffect> features;
  std::vector<Past> history;
  std::vector<SimilarProduct> nearest;  // the few products of the history that are most like it
};

struct RecommendedProduct {
  Product product;
  float score;
  Reason reason;
  std::optional<ExplainedScore> explained;  // when asked for and the model can
};

struct SimilarAnswer {
  Product product;
  std::vector<SimilarProduct> products;  // the most similar first
};

struct Answer {
  Served served;
  std::string action;
  TimePoint at;
  TimePoint state_as_of;           // histories and counters hold the events before this
  std::size_t history_size = 0;    // the request's recent products included
  std::size_t num_recent = 0;
  std::vector<std::string> notes;  // sentences for people: what was not known, what is out of date
  std::vector<RecommendedProduct> products;
};

class Retriever : public Recommender {
 public:
  static Result<Retriever> open(const std::filesystem::path& bundle);
  explicit Retriever(Bundle bundle);

  const Bundle& bundle() const { return bundle_; }
  TimePoint state_as_of() const { return state_as_of_; }

  // Takes histories, counters and the list of products from the Dataset, as of `at`. Errors (kBadInput): another Dataset than the bundle
  // was made from, `at` before the moment it stands at (counters do not run backwards), no time to go by.
  Result<void> catch_up(const Dataset& dataset, TimePoint at);

  // Errors: kBadInput (k = 0, `at` before the state), kNotFound (an action that the shop does not have).
  Result<Answer> answer(const Request& request, ThreadPool& pool) const;

  // The k products nearest to `product`, its id or its name, by the embeddings of the model; among those that can be recommended. Errors:
  // kBadInput (k = 0, a model without embeddings of products), kNotFound (no such product, or several of that name; names what is near).
  Result<SimilarAnswer> similar(const std::string& product, std::size_t k, ThreadPool& pool) const;

  std::string_view name() const override { return bundle_.model().name(); }
  std::string knobs() const override { return bundle_.model().knobs(); }
  Result<void> fit(const TrainView& view, const FitContext& context) override;  // kBadConfig: what is served is not fitted again
  Result<void> refit(const TrainView& view, const FitContext& context) override;  // of the model; histories and products stay
  void advance(const Dataset& dataset, std::size_t num_events, TimePoint now) override;
  void recommend(std::span<const Query> queries, std::size_t k, std::span<const std::uint8_t> eligible, ThreadPool& pool,
                 std::vector<std::vector<ScoredItem>>& out) const override;
  ConstMatrixView item_embeddings() const override { return bundle_.model().item_embeddings(); }
  std::optional<IndexReport> index_report() const override { return bundle_.model().index_report(); }
  Result<Explanations> explain(const Query& query, std::span<const ItemIndex> items, std::span<const std::uint8_t> eligible,
                               ThreadPool& pool) const override {
    return bundle_.model().explain(query, items, eligible, pool);
  }
  Result<void> save(const std::filesystem::path& directory) const override { return bundle_.model().save(directory); }
  Result<void> load(const std::filesystem::path& directory) override { return bundle_.model().load(directory); }

 private:
  Result<ActionIndex> find_action(std::string_view name) const;
  // The customer's events before `at`, then the recent ones of the request.
  std::vector<HistoryItem> history_of(const Request& request, std::optional<UserIndex> user, ActionIndex action, Answer& answer) const;
  std::vector<ItemIndex> excluded_of(std::optional<UserIndex> user, std::span<const HistoryItem> history) const;
  // The last `num_recent` of `history` are the request's own.
  Reason reason_for(ItemIndex item, std::span<const HistoryItem> history, std::size_t num_recent) const;
  void explain_products(const Query& query, std::span<const ScoredItem> items, Answer& answer, ThreadPool& pool) const;
  std::vector<SimilarProduct> nearest_of(ItemIndex item, std::span<const HistoryItem> history) const;

  Bundle bundle_;
  TimePoint state_as_of_;
};

}  // namespace gemel
