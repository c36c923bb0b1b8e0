// Names for the shop's things. A UserIndex or ItemIndex is a dense row number inside one Dataset; UserId and ItemId are the shop's own
// keys, which files and people use. Passing a UserIndex where an ItemIndex belongs does not compile.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>

namespace gemel {

enum class UserIndex : std::uint32_t {};
enum class ItemIndex : std::uint32_t {};
enum class ActionIndex : std::uint8_t {};

constexpr std::size_t to_size(UserIndex user) { return static_cast<std::size_t>(user); }
constexpr std::size_t to_size(ItemIndex item) { return static_cast<std::size_t>(item); }
constexpr std::size_t to_size(ActionIndex action) { return static_cast<std::size_t>(action); }

// The same numbers for code that knows rows and no products.
inline std::span<const std::uint32_t> as_rows(std::span<const ItemIndex> items) {
  static_assert(sizeof(ItemIndex) == sizeof(std::uint32_t));
  return {reinterpret_cast<const std::uint32_t*>(items.data()), items.size()};  // an enum class and its underlying type share their form
}

// UTC. A Dataset whose events have only an order counts rows in place of microseconds (Dataset::time_kind).
using TimePoint = std::chrono::sys_time<std::chrono::microseconds>;
using Day = std::chrono::sys_days;

inline Day day_of(TimePoint at) { return std::chrono::floor<std::chrono::days>(at); }

// One event of a customer's past, as models see it.
struct HistoryItem {
  TimePoint at;
  ItemIndex item;
  float weight;
  ActionIndex action;
};

}  // namespace gemel
