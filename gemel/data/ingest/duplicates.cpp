#include "gemel/data/ingest/duplicates.h"

namespace gemel {
namespace {

struct __attribute__((packed)) Candidate {
  std::uint64_t hash;
  std::uint32_t place;  // in SortedEvents
  std::uint32_t user, item;
  float weight;
  std::uint8_t action;
};

struct ByHash {
  bool operator()(const Candidate& a, const Candidate& b) const { return a.hash != b.hash ? a.hash < b.hash : a.place < b.place; }
};

bool is_same_id(const Candidate& a, const Candidate& b) { return a.hash == b.hash; }

bool is_same_row(const Candidate& a, const Candidate& b) {
  return a.hash == b.hash && a.user == b.user && a.item == b.item && a.action == b.action && a.weight == b.weight;
}

Candidate candidate_of(const EventRecord& event, std::uint32_t place) {
  return {event.hash, place, event.user, event.item, event.weight, event.action};
}

class AlikeFinder {
 public:
  AlikeFinder(std::uint64_t num_events, const SortSpace& space) : candidates_(space), found_{EventMarks(num_events), 0} {}

  Result<AlikeEvents> by_id(const SortedEvents& events) {
    std::uint32_t place = 0;
    GEMEL_RETURN_IF_ERROR(events.for_each([&](const EventRecord& event) { return candidates_.add(candidate_of(event, place++)); }));
    GEMEL_RETURN_IF_ERROR(mark_group(is_same_id));
    return std::move(found_);
  }

  // Alike events lie next to each other in time. Most are alone at theirs, so the first of a time waits outside until a second comes.
  Result<AlikeEvents> by_row(const SortedEvents& events) {
    std::uint32_t place = 0;
    EventRecord first{};
    const auto take = [&](const EventRecord& event) -> Result<void> {
      if (place > 0 && event.part == first.part && event.time == first.time) {
        if (candidates_.size() == 0) GEMEL_RETURN_IF_ERROR(candidates_.add(candidate_of(first, place - 1)));
        return candidates_.add(candidate_of(event, place++));
      }
      if (candidates_.size() > 0) GEMEL_RETURN_IF_ERROR(mark_group(is_same_row));
      first = event;
      ++place;
      return {};
    };
    GEMEL_RETURN_IF_ERROR(events.for_each(take));
    GEMEL_RETURN_IF_ERROR(mark_group(is_same_row));
    return std::move(found_);
  }

 private:
  // Marks all but the first of each run of alike candidates, and forgets them.
  template <class IsAlike>
  Result<void> mark_group(IsAlike is_alike) {
    GEMEL_RETURN_IF_ERROR(candidates_.finish());
    std::optional<Candidate> last;
    GEMEL_RETURN_IF_ERROR(candidates_.for_each([&](const Candidate& candidate) -> Result<void> {
      if (last && is_alike(*last, candidate)) {
        found_.copies[candidate.place] = true;
        ++found_.count;
      }
      last = candidate;
      return {};
    }));
    candidates_.clear();
    return {};
  }

  ExternalSort<Candidate, ByHash> candidates_;
  AlikeEvents found_;
};

}  // namespace

Result<AlikeEvents> find_alike(const SortedEvents& events, bool has_event_id, const SortSpace& space) {
  AlikeFinder finder(events.size(), space);
  return has_event_id ? finder.by_id(events) : finder.by_row(events);
}

}  // namespace gemel
