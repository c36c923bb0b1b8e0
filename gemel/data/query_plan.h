// What a protocol asks: the queries, the moment each stands at, and what counts as a hit (DESIGN section 5). The evaluation runs
// it, and the two-tower fits the weight of its popularity prior on one.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "gemel/data/histories.h"
#include "gemel/data/split.h"

namespace gemel {

enum class Protocol {
  kRollingWeek,  // per week after the cut and customer with a target in it; counters and histories up to the week's start
  kPerEvent,     // per target event, with its own time and action; counters up to its day, history before its time
  kFrozen,       // one per customer at the cut; targets are all later distinct items
  kFrozenTrial,  // as kFrozen, but targets unseen in training, and customers unknown or left without any, are dropped
  // As papers ask, to compare with their figures and nothing else; the parts are files. What was trained on is no answer in the first two,
  // and histories end with the training files in all three, wherever in time the files lie.
  kLeaveLastOut,  // one query per customer after all of their training events; the targets are those of the test file, one each
  kLightgcnSplit,  // the same question with many targets each (He et al., SIGIR 2020, section 4.1)
  kRandom8020,  // one query per test event, its history what the training files hold before it; nothing is excluded
};
inline bool is_of_papers(Protocol protocol) { return protocol >= Protocol::kLeaveLastOut; }
// kDrop: what the customer had before the query, by a target action, is neither ranked nor a target.
enum class Repeats { kKeep, kDrop };

std::string_view to_text(Protocol protocol);
std::string_view to_text(Repeats repeats);
Result<Protocol> parse_protocol(std::string_view text);  // kBadConfig lists the names
Result<Repeats> parse_repeats(std::string_view text);

struct PlannedQuery {
  UserIndex user;
  ActionIndex action;  // kPerEvent: the event's; otherwise the first target action
  float weight;
  TimePoint at;  // history_before(at)
  std::uint32_t block;  // index into QueryPlan::blocks
  std::uint32_t targets_begin, targets_end;  // into QueryPlan::targets; distinct, sorted
  std::uint32_t excluded_begin, excluded_end;  // into QueryPlan::excluded; distinct, sorted; empty unless Repeats::kDrop
};

// Queries that share the state of the counters: models are advanced to `now` before they are asked.
struct QueryBlock {
  TimePoint now;
  std::size_t num_known_events;  // events [0, this) are known
  std::uint32_t queries_begin, queries_end;
};

struct QueryPlan {
  Protocol protocol;
  Repeats repeats;
  TimePoint cut;
  std::vector<QueryBlock> blocks;  // in time order
  std::vector<PlannedQuery> queries;  // by block, then customer
  std::vector<ItemIndex> targets;
  std::vector<ItemIndex> excluded;
  // Honest counts: nothing falls out unseen.
  std::size_t customers_without_targets = 0;  // customers in the period whose targets all fell out (repeats, frozen_trial)
  std::size_t dropped_targets = 0;
};

// What queries about events [begin, end) may remember: all events before `end`, or of a paper's split the training files alone.
Histories histories_for(const Dataset& dataset, Protocol protocol, std::size_t begin, std::size_t end);

// Asks about target events in [begin, end) of the Dataset after the cut that `begin` stands for. kRollingWeek: weeks of 7 days from
// `from`; the last one may be shorter. kPerEvent: a block is a day; where there are no days, the whole period is one.
// kLeaveLastOut and kLightgcnSplit drop repeats, kRandom8020 keeps them, whatever `repeats` says: their figures are made so.
// Errors (kBadConfig): no target event in the period, or none that does not fall out; the protocol needs times or file splits that the
// Dataset lacks.
Result<QueryPlan> make_query_plan(const Dataset& dataset, const Histories& all_events, Protocol protocol, Repeats repeats,
                                  std::size_t begin, std::size_t end, TimePoint from);

// 1 for the items that can be recommended once [0, num_known_events) are known: the catalogue, and what has been sold by then.
// kFrozenTrial: only what has been sold. -> [num_items]
std::vector<std::uint8_t> eligible_items(const Dataset& dataset, Protocol protocol, std::size_t num_known_events);

}  // namespace gemel
