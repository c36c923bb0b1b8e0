#include "cli/model_list.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>

#include "gemel/models/registry.h"

namespace gemel::cli {

Result<std::vector<std::string>> parse_model_list(std::string_view flag, std::span<const std::string> typed) {
  const std::string text = fmt::format("{}", fmt::join(typed, ","));
  std::vector<std::string> names;
  if (CLI::detail::trim_copy(text).empty()) return names;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    const std::string name = CLI::detail::trim_copy(text.substr(begin, end - begin));
    if (name.empty()) return fail(ErrorCode::kBadConfig, flag, ": expected names of models, found an empty one in '", text, "'");
    if (find_model(name) == nullptr) return with_context(make_model(name, "").error(), flag);  // its message lists the names there are
    if (std::ranges::find(names, name) != names.end()) return fail(ErrorCode::kBadConfig, flag, ": ", name, " is named twice");
    names.push_back(name);
    begin = end + 1;
  }
  return names;
}

}  // namespace gemel::cli
