#include "gemel/retrieval/bundle.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "gemel/models/registry.h"
#include "gemel/numerics/safetensors.h"

namespace gemel {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

// The text of the first key of `{"id":"..."`, unescaped; empty when the line begins otherwise.
std::optional<std::string> leading_id(std::string_view line) {
  constexpr std::string_view kBegin = "{\"id\":";
  if (!line.starts_with(kBegin) || line.size() <= kBegin.size() || line[kBegin.size()] != '"') return std::nullopt;
  std::size_t end = kBegin.size() + 1;
  while (end < line.size() && line[end] != '"') end += line[end] == '\\' ? 2 : 1;
  if (end >= line.size()) return std::nullopt;
  const Json id = Json::parse(line.substr(kBegin.size(), end + 1 - kBegin.size()), nullptr, /*allow_exceptions=*/false);
  return id.is_string() ? std::optional(id.get<std::string>()) : std::nullopt;
}

// Offsets of rows in a list of `size` values: from 0 to size, never falling.
Result<std::vector<std::size_t>> checked_offsets(const SafetensorsFile& file, std::size_t num_rows, std::size_t size,
                                                 const fs::path& path) {
  GEMEL_ASSIGN_OR_RETURN(const auto offsets, file.values<std::int64_t>("offsets", {num_rows + 1}));
  if (offsets.front() != 0 || offsets.back() != static_cast<std::int64_t>(size) || !std::ranges::is_sorted(offsets))
    return fail(ErrorCode::kCorrupt, path.string(), ": offsets must rise from 0 to ", size);
  return std::vector<std::size_t>(offsets.begin(), offsets.end());
}

Result<void> check_below(std::span<const std::uint32_t> items, std::size_t num_items, const fs::path& path) {
  for (const std::uint32_t item : items)
    if (item >= num_items) return fail(ErrorCode::kCorrupt, path.string(), ": product ", item, " of ", num_items);
  return {};
}

Result<Histories> load_histories(const fs::path& path, const Manifest& manifest) {
  GEMEL_ASSIGN_OR_RETURN(const SafetensorsFile file, SafetensorsFile::open(path));
  GEMEL_ASSIGN_OR_RETURN(const auto items, file.values<std::uint32_t>("item"));
  GEMEL_ASSIGN_OR_RETURN(const auto at_us, file.values<std::int64_t>("at_us", {items.size()}));
  GEMEL_ASSIGN_OR_RETURN(const auto weights, file.values<float>("weight", {items.size()}));
  GEMEL_ASSIGN_OR_RETURN(const auto actions, file.values<std::uint8_t>("action", {items.size()}));
  GEMEL_ASSIGN_OR_RETURN(auto offsets, checked_offsets(file, manifest.num_users, items.size(), path));
  GEMEL_RETURN_IF_ERROR(check_below(items, manifest.num_items, path));
  std::vector<HistoryItem> events(items.size());
  for (std::size_t i = 0; i < events.size(); ++i) {
    if (actions[i] >= manifest.actions.size())
      return fail(ErrorCode::kCorrupt, path.string(), ": action ", actions[i], " of ", manifest.actions.size());
    if (!std::isfinite(weights[i])) return fail(ErrorCode::kCorrupt, path.string(), ": weight of event ", i, " is not a number");
    events[i] = {TimePoint(std::chrono::microseconds(at_us[i])), ItemIndex{items[i]}, weights[i], ActionIndex{actions[i]}};
  }
  for (std::size_t user = 0; user < manifest.num_users; ++user)
    if (!std::ranges::is_sorted(std::span(events).subspan(offsets[user], offsets[user + 1] - offsets[user]), {}, &HistoryItem::at))
      return fail(ErrorCode::kCorrupt, path.string(), ": events of customer ", user, " are not in the order of time");
  return Histories(std::move(offsets), std::move(events));
}

std::string known_models() {
  std::string names;
  for (const ModelEntry& entry : registered_models()) names += concat(names.empty() ? "" : ", ", entry.name);
  return names;
}

}  // namespace

std::span<const ItemIndex> SeenItems::of(UserIndex user) const {
  if (to_size(user) + 1 >= offsets.size()) return {};
  return std::span(items).subspan(offsets[to_size(user)], offsets[to_size(user) + 1] - offsets[to_size(user)]);
}

Result<void> Bundle::EntityLines::open(const fs::path& path, std::size_t expected_rows) {
  GEMEL_ASSIGN_OR_RETURN(file, MappedFile::open(path));
  std::string_view rest = file.bytes();
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('\n'), rest.size() - 1);
    const std::string_view line = rest.substr(0, end);
    auto id = leading_id(line);
    if (!id) return fail(ErrorCode::kCorrupt, path.string(), ":", lines.size() + 1, ": expected a line that begins with {\"id\":\"...\"");
    rows.emplace(*std::move(id), static_cast<std::uint32_t>(lines.size()));
    lines.push_back(line);
    rest.remove_prefix(end + 1);
  }
  if (lines.size() != expected_rows)
    return fail(ErrorCode::kCorrupt, path.string(), ": expected ", expected_rows, " lines, found ", lines.size());
  return {};
}

Result<Bundle> Bundle::open(const fs::path& directory) {
  Bundle bundle;
  GEMEL_ASSIGN_OR_RETURN(bundle.manifest_, read_manifest(directory));
  const auto loaded = bundle.load(directory);
  if (loaded) return bundle;
  // A file that the manifest should have listed, or that went away since it was checked, is damage too.
  if (loaded.error().code == ErrorCode::kNotFound) return Failure{{ErrorCode::kCorrupt, loaded.error().message}};
  return Failure{loaded.error()};
}

Result<void> Bundle::load(const fs::path& directory) {
  GEMEL_RETURN_IF_ERROR(items_.open(directory / "items.jsonl", manifest_.num_items));
  GEMEL_RETURN_IF_ERROR(users_.open(directory / "users.jsonl", manifest_.num_users));
  GEMEL_RETURN_IF_ERROR(load_state(directory / "state"));
  if (find_model(manifest_.model_name) == nullptr)
    return fail(ErrorCode::kCorrupt, directory.string(), ": holds the model '", manifest_.model_name, "', this program knows ",
                known_models());
  auto model = make_model(manifest_.model_name, manifest_.model_knobs);
  if (!model) return fail(ErrorCode::kCorrupt, directory.string(), ": knobs of ", manifest_.model_name, ": ", model.error().message);
  model_ = *std::move(model);
  return model_->load(directory / "model");
}

Result<void> Bundle::load_state(const fs::path& directory) {
  GEMEL_ASSIGN_OR_RETURN(histories_, load_histories(directory / "histories.safetensors", manifest_));
  const fs::path path = directory / "seen.safetensors";
  GEMEL_ASSIGN_OR_RETURN(const SafetensorsFile file, SafetensorsFile::open(path));
  GEMEL_ASSIGN_OR_RETURN(const auto items, file.values<std::uint32_t>("item"));
  GEMEL_ASSIGN_OR_RETURN(seen_.offsets, checked_offsets(file, manifest_.num_users, items.size(), path));
  GEMEL_RETURN_IF_ERROR(check_below(items, manifest_.num_items, path));
  for (const std::uint32_t item : items) seen_.items.push_back(ItemIndex{item});
  for (std::size_t user = 0; user < manifest_.num_users; ++user)
    if (!std::ranges::is_sorted(seen_.of(UserIndex{static_cast<std::uint32_t>(user)})))
      return fail(ErrorCode::kCorrupt, path.string(), ": products of customer ", user, " are not sorted");
  GEMEL_ASSIGN_OR_RETURN(const auto eligible, file.values<std::uint8_t>("eligible", {manifest_.num_items}));
  eligible_.assign(eligible.begin(), eligible.end());
  return {};
}

std::optional<UserIndex> Bundle::find_user(std::string_view id) const {
  const auto found = users_.rows.find(std::string(id));
  return found == users_.rows.end() ? std::nullopt : std::optional(UserIndex{found->second});
}

std::optional<ItemIndex> Bundle::find_item(std::string_view id) const {
  const auto found = items_.rows.find(std::string(id));
  return found == items_.rows.end() ? std::nullopt : std::optional(ItemIndex{found->second});
}

std::optional<ActionIndex> Bundle::find_action(std::string_view name) const {
  const auto found = std::ranges::find(manifest_.actions, name, &BundleAction::name);
  if (found == manifest_.actions.end()) return std::nullopt;
  return ActionIndex{static_cast<std::uint8_t>(found - manifest_.actions.begin())};
}

Product Bundle::product(ItemIndex item) const {
  const Json line = Json::parse(items_.lines[to_size(item)], nullptr, /*allow_exceptions=*/false);
  const auto text = [&](const char* key) {
    return line.contains(key) && line[key].is_string() ? line[key].get<std::string>() : std::string();
  };
  if (!line.is_object()) return {};
  return {text("id"), text("name"), line.contains("attributes") ? line["attributes"].dump() : "{}"};
}

}  // namespace gemel
