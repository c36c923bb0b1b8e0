#include "gemel/data/ingest/duplicates.h"

#include <algorithm>
#include <numeric>

namespace gemel {
namespace {

// Marks all but the first of each run of alike events among `places` (into order.rows), which are sorted here by hash, then place.
template <class Alike>
void mark_alike(const Events& events, const EventOrder& order, std::span<std::uint32_t> places, Alike alike, AlikeEvents& found) {
  const auto row = [&](std::uint32_t place) { return order.rows[place]; };
  std::sort(places.begin(), places.end(), [&](std::uint32_t a, std::uint32_t b) {
    const auto hash_a = events.hashes[row(a)], hash_b = events.hashes[row(b)];
    return hash_a != hash_b ? hash_a < hash_b : a < b;
  });
  for (std::size_t i = 1; i < places.size(); ++i) {
    if (!alike(row(places[i - 1]), row(places[i]))) continue;
    found.drop[places[i]] = 1;
    ++found.count;
  }
}

}  // namespace

std::uint64_t drop_rows(EventOrder& order, const std::vector<std::uint8_t>& drop) {
  std::size_t kept = 0, place = 0;
  for (std::size_t& part_size : order.part_sizes) {
    const std::size_t part_begin = kept, part_end = place + part_size;
    for (; place < part_end; ++place)
      if (!drop[place]) order.rows[kept++] = order.rows[place];
    part_size = kept - part_begin;
  }
  const std::size_t dropped = order.rows.size() - kept;
  order.rows.resize(kept);
  return dropped;
}

AlikeEvents find_alike(const Events& events, const EventOrder& order, bool has_event_id) {
  AlikeEvents found{std::vector<std::uint8_t>(order.rows.size()), 0};
  std::vector<std::uint32_t> places(order.rows.size());
  std::iota(places.begin(), places.end(), 0u);
  if (has_event_id) {
    mark_alike(events, order, places, [&](std::uint32_t a, std::uint32_t b) { return events.hashes[a] == events.hashes[b]; }, found);
    return found;
  }
  const auto alike = [&](std::uint32_t a, std::uint32_t b) {
    return events.hashes[a] == events.hashes[b] && events.users[a] == events.users[b] && events.items[a] == events.items[b] &&
           events.actions[a] == events.actions[b] && events.weights[a] == events.weights[b];
  };
  std::size_t begin = 0, part_end = 0;
  for (const std::size_t part_size : order.part_sizes) {
    for (part_end += part_size; begin < part_end;) {
      const auto time = events.times[order.rows[begin]];
      std::size_t end = begin + 1;
      while (end < part_end && events.times[order.rows[end]] == time) ++end;
      mark_alike(events, order, std::span(places).subspan(begin, end - begin), alike, found);
      begin = end;
    }
  }
  return found;
}

}  // namespace gemel
