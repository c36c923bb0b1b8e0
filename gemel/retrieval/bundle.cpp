#include "gemel/retrieval/bundle.h"

#include <simdjson.h>

#include <algorithm>
#include <functional>

#include "gemel/models/registry.h"

namespace gemel {
namespace {

namespace fs = std::filesystem;

std::string known_models() {
  std::string names;
  for (const ModelEntry& entry : registered_models()) names += concat(names.empty() ? "" : ", ", entry.name);
  return names;
}

}  // namespace

Result<Bundle> Bundle::open(const fs::path& directory) {
  Bundle bundle;
  ThreadPool pool;
  GEMEL_ASSIGN_OR_RETURN(bundle.manifest_, read_manifest(directory, pool));
  const auto loaded = bundle.load(directory, pool);
  if (loaded) return bundle;
  // A file that the manifest should have listed, or that went away since it was checked, is damage too.
  if (loaded.error().code == ErrorCode::kNotFound) return Failure{{ErrorCode::kCorrupt, loaded.error().message}};
  return Failure{loaded.error()};
}

// The parts do not know each other: all threads at once, the longest first. The error is that of the first that has one.
Result<void> Bundle::load(const fs::path& directory, ThreadPool& pool) {
  const std::function<Result<void>()> parts[] = {
      [&] { return load_model(directory); },
      [&] { return customers_.open_events(directory / "state" / "histories.safetensors", manifest_); },
      [&]() -> Result<void> {
        GEMEL_ASSIGN_OR_RETURN(users_, EntityLines::open(directory / "users.jsonl", manifest_.num_users));
        return {};
      },
      [&] { return customers_.open_seen(directory / "state" / "seen.safetensors", manifest_); },
      [&]() -> Result<void> {
        GEMEL_ASSIGN_OR_RETURN(items_, EntityLines::open(directory / "items.jsonl", manifest_.num_items));
        return {};
      },
  };
  std::vector<Result<void>> outcomes(std::size(parts));
  pool.run(outcomes.size(), [&](std::size_t part) { outcomes[part] = parts[part](); });
  for (const Result<void>& outcome : outcomes) GEMEL_RETURN_IF_ERROR(outcome);
  return {};
}

Result<void> Bundle::load_model(const fs::path& directory) {
  if (find_model(manifest_.model_name) == nullptr)
    return fail(ErrorCode::kCorrupt, directory.string(), ": holds the model '", manifest_.model_name, "', this program knows ",
                known_models());
  auto model = make_model(manifest_.model_name, manifest_.model_knobs);
  if (!model) return fail(ErrorCode::kCorrupt, directory.string(), ": knobs of ", manifest_.model_name, ": ", model.error().message);
  model_ = *std::move(model);
  return model_->load(directory / "model");
}

std::optional<UserIndex> Bundle::find_user(std::string_view id) const {
  const auto row = users_.find(id);
  return row ? std::optional(UserIndex{*row}) : std::nullopt;
}

std::optional<ItemIndex> Bundle::find_item(std::string_view id) const {
  const auto row = items_.find(id);
  return row ? std::optional(ItemIndex{*row}) : std::nullopt;
}

std::optional<ActionIndex> Bundle::find_action(std::string_view name) const {
  const auto found = std::ranges::find(manifest_.actions, name, &BundleAction::name);
  if (found == manifest_.actions.end()) return std::nullopt;
  return ActionIndex{static_cast<std::uint8_t>(found - manifest_.actions.begin())};
}

Product Bundle::product(ItemIndex item) const {
  namespace dom = simdjson::dom;
  dom::parser parser;
  dom::object line;
  Product product{"", "", "{}"};
  if (parser.parse(simdjson::padded_string(items_.line(to_size(item)))).get(line) != simdjson::SUCCESS) return product;
  for (const dom::key_value_pair& field : line) {
    std::string_view text;
    const bool is_text = field.value.get(text) == simdjson::SUCCESS;
    if (field.key == "id" && is_text) product.id = text;
    if (field.key == "name" && is_text) product.name = text;
    if (field.key == "attributes") product.attributes_json = simdjson::minify(field.value);
  }
  return product;
}

}  // namespace gemel
