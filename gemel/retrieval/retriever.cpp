#include "gemel/retrieval/retriever.h"

#include <algorithm>
#include <numeric>

namespace gemel {
namespace {

// The nearest product is looked for among this many of the newest events: older ones explain little.
constexpr std::size_t kReasonHistory = 200;

std::string known_actions(const Manifest& manifest) {
  std::string names;
  for (const BundleAction& action : manifest.actions) names += concat(names.empty() ? "" : ", ", action.name);
  return names;
}

}  // namespace

std::string_view to_text(Served served) {
  switch (served) {
    case Served::kKnown: return "known";
    case Served::kUnknown: return "unknown";
    case Served::kFallback: return "fallback";
  }
  return "";
}

Result<Retriever> Retriever::open(const std::filesystem::path& directory) {
  GEMEL_ASSIGN_OR_RETURN(Bundle bundle, Bundle::open(directory));
  return Retriever(std::move(bundle));
}

Retriever::Retriever(Bundle bundle) : bundle_(std::move(bundle)), state_as_of_(bundle_.manifest().cut) {}

Result<void> Retriever::catch_up(const Dataset& dataset, TimePoint at) {
  const Manifest& manifest = bundle_.manifest();
  const auto as_text = [&](TimePoint time) { return time_label(time, manifest.time_kind); };
  if (dataset.fingerprint() != manifest.data_fingerprint)
    return fail(ErrorCode::kBadInput, dataset.directory().string(), ": the bundle was made from another Dataset (fingerprint ",
                manifest.data_fingerprint, ", found ", dataset.fingerprint(), ")");
  if (manifest.time_kind == TimeKind::kNone || !std::ranges::is_sorted(dataset.times()))
    return fail(ErrorCode::kBadInput, dataset.directory().string(),
                ": its events are not in one order of time, so no moment can be chosen");
  if (at < state_as_of_)
    return fail(ErrorCode::kBadInput, as_text(at), " lies before the bundle's ", as_text(state_as_of_),
                ": its counters and parameters know later events; train a bundle that ends before it");
  const auto times = dataset.times();
  const auto num_events = static_cast<std::size_t>(std::ranges::lower_bound(times, at) - times.begin());
  advance(dataset, num_events, at);
  bundle_.customers_ = CustomerState(dataset, num_events);
  return {};
}

Result<void> Retriever::fit(const TrainView&, const FitContext&) {
  return fail(ErrorCode::kBadConfig, "what is served is not fitted again: train a model and save a new bundle");
}

Result<void> Retriever::refit(const TrainView& view, const FitContext& context) {
  GEMEL_RETURN_IF_ERROR(bundle_.model().refit(view, context));
  state_as_of_ = view.until;
  return {};
}

void Retriever::advance(const Dataset& dataset, std::size_t num_events, TimePoint now) {
  bundle_.model().advance(dataset, num_events, now);
  state_as_of_ = now;
}

void Retriever::recommend(std::span<const Query> queries, std::size_t k, std::span<const std::uint8_t> eligible, ThreadPool& pool,
                          std::vector<std::vector<ScoredItem>>& out) const {
  bundle_.model().recommend(queries, k, eligible, pool, out);
}

Result<ActionIndex> Retriever::find_action(std::string_view name) const {
  const Manifest& manifest = bundle_.manifest();
  if (name.empty()) {
    const auto target = std::ranges::find(manifest.actions, true, &BundleAction::target);
    if (target == manifest.actions.end())
      return fail(ErrorCode::kBadInput, "the bundle has no target action: name one of ", known_actions(manifest));
    return ActionIndex{static_cast<std::uint8_t>(target - manifest.actions.begin())};
  }
  const auto action = bundle_.find_action(name);
  if (!action) return fail(ErrorCode::kNotFound, "action '", name, "': this shop has ", known_actions(manifest));
  return *action;
}

std::vector<HistoryItem> Retriever::history_of(const Request& request, std::optional<UserIndex> user, ActionIndex action,
                                               Answer& answer) const {
  std::vector<HistoryItem> history;
  if (user) history = bundle_.customers().history_before(*user, answer.at);
  if (!history.empty()) answer.served = Served::kKnown;
  std::vector<ItemIndex> recent;
  for (const std::string& id : request.recent) {
    if (const auto item = bundle_.find_item(id)) recent.push_back(*item);
    else answer.notes.push_back(concat("recent product '", id, "' is not in this shop's data and was left out"));
  }
  answer.num_recent = recent.size();
  // Just before the query, in the order given.
  for (std::size_t i = 0; i < recent.size(); ++i) {
    TimePoint at = answer.at - std::chrono::microseconds(recent.size() - i);
    if (!history.empty()) at = std::max(at, history.back().at);
    history.push_back({at, recent[i], 1, action});
  }
  if (answer.served == Served::kFallback && !history.empty()) answer.served = Served::kUnknown;
  return history;
}

std::vector<ItemIndex> Retriever::excluded_of(std::optional<UserIndex> user, std::span<const HistoryItem> history) const {
  std::vector<ItemIndex> excluded;
  if (user) {
    const auto seen = bundle_.customers().seen(*user);
    excluded.assign(seen.begin(), seen.end());
  }
  for (const HistoryItem& event : history) excluded.push_back(event.item);
  std::ranges::sort(excluded);
  excluded.erase(std::ranges::unique(excluded).begin(), excluded.end());
  return excluded;
}

Reason Retriever::reason_for(ItemIndex item, std::span<const HistoryItem> history, std::size_t num_recent) const {
  Reason reason;
  reason.is_recent = std::ranges::any_of(history.last(num_recent), [item](const HistoryItem& event) { return event.item == item; });
  for (const HistoryItem& event : history.first(history.size() - num_recent)) {
    if (event.item != item) continue;
    ++reason.times_had;
    reason.last_had = event.at;
  }
  const ConstMatrixView embeddings = item_embeddings();
  if (to_size(item) >= embeddings.rows) return reason;
  const auto own = embeddings.row(to_size(item));
  std::optional<ItemIndex> nearest;
  for (const HistoryItem& event : history.last(std::min(kReasonHistory, history.size()))) {
    if (event.item == item || to_size(event.item) >= embeddings.rows) continue;
    const auto other = embeddings.row(to_size(event.item));
    const float cosine = std::inner_product(own.begin(), own.end(), other.begin(), 0.f);  // rows have length 1
    if (cosine <= reason.similarity) continue;  // what points away from it is no reason
    nearest = event.item;
    reason.similarity = cosine;
  }
  if (nearest) reason.nearest = bundle_.product(*nearest);
  return reason;
}

Result<Answer> Retriever::answer(const Request& request, ThreadPool& pool) const {
  const TimeKind time_kind = bundle_.manifest().time_kind;
  const auto as_text = [&](TimePoint time) { return time_label(time, time_kind); };
  if (request.k == 0) return fail(ErrorCode::kBadInput, "k must be at least 1, got 0");
  GEMEL_ASSIGN_OR_RETURN(const ActionIndex action, find_action(request.action));
  Answer answer{.served = Served::kFallback,
                .action = bundle_.manifest().actions[to_size(action)].name,
                .at = request.at.value_or(state_as_of_),
                .state_as_of = state_as_of_,
                .notes = {},
                .products = {}};
  if (answer.at < state_as_of_)
    return fail(ErrorCode::kBadInput, as_text(answer.at), " lies before the ", as_text(state_as_of_),
                " that this bundle stands at, and it knows what happened between; train a bundle that ends before it");
  if (answer.at > state_as_of_)
    answer.notes.push_back(concat("histories and counters are those of ", as_text(state_as_of_),
                                  "; the Dataset (--dataset DIR) brings them up to ", as_text(answer.at)));

  const auto user = request.user.empty() ? std::nullopt : bundle_.find_user(request.user);
  if (!request.user.empty() && !user) answer.notes.push_back(concat("customer '", request.user, "' is not in this shop's data"));
  const std::vector<HistoryItem> history = history_of(request, user, action, answer);
  if (user && answer.served != Served::kKnown)
    answer.notes.push_back(concat("customer '", request.user, "' has no events before ", as_text(answer.state_as_of)));
  answer.history_size = history.size();
  const std::vector<ItemIndex> excluded = request.exclude_seen ? excluded_of(user, history) : std::vector<ItemIndex>();

  const Query query{.user = user, .action = action, .weight = 1, .at = answer.at, .history = history, .excluded = excluded};
  std::vector<std::vector<ScoredItem>> found;
  recommend({&query, 1}, request.k, bundle_.customers().eligible(), pool, found);
  for (const ScoredItem& item : found[0])
    answer.products.push_back({bundle_.product(item.item), item.score, reason_for(item.item, history, answer.num_recent), std::nullopt});
  if (request.explain) explain_products(query, found[0], answer, pool);
  if (answer.products.size() < request.k) answer.notes.push_back(concat("only ", answer.products.size(), " products can be recommended"));
  return answer;
}

}  // namespace gemel
