// [events] exclude: which events shop.toml leaves out. Borrows the rules. Not thread-safe.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "gemel/data/shop_config.h"

namespace gemel {

class Exclusions {
 public:
  explicit Exclusions(const std::vector<ExcludeConfig>& rules) : rules_(rules), num_excluded_(rules.size()) {}

  struct Event {
    std::string_view user, item, action;
    Day day;
  };
  // The first rule that the event is left out by, counted; all that a rule names has to fit.
  std::optional<std::size_t> match(const Event& event);
  // Rules that no event fitted, from 0: a misspelt id.
  std::vector<std::size_t> unused() const;

 private:
  const std::vector<ExcludeConfig>& rules_;
  std::vector<std::uint64_t> num_excluded_;
};

}  // namespace gemel
