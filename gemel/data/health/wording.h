// How numbers stand in the sentences of findings: "12.3 %", "1,234 events", "a, b and 3 more".
// Thread safety: pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace gemel::health {

std::string percent(double share);                                      // "12.3 %", "0.04 %"; never "0 %" for what is above it
std::string grouped(std::uint64_t number);                              // "1,234,567"
std::string counted(std::uint64_t number, std::string_view one);        // "1 event", "1,234 events", "2 categories"
std::string listed(const std::vector<std::string>& parts, std::size_t at_most = 4);
std::string short_number(double number);                                // about three digits: "0.123", "12.3", "45600"
// The line of shop.toml that leaves events out: exclude = [{ user = ["a", "b"] }] for key "user".
std::string exclude_line(std::string_view key, const std::vector<std::string>& ids, std::size_t at_most = 20);
double ratio(std::uint64_t part, std::uint64_t whole);                  // 0 of nothing

}  // namespace gemel::health
