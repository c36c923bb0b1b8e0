// gemel inspect: the health of a Dataset, and what a Dataset or a bundle holds.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "cli/command.h"
#include "cli/health_page.h"
#include "cli/table.h"
#include "gemel/data/dataset_format.h"
#include "gemel/data/health/health.h"
#include "gemel/retrieval/manifest.h"

namespace gemel::cli {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

std::string to_cell(const Json& value) { return value.is_string() ? value.get<std::string>() : value.dump(); }

// Nested objects become rows "outer.inner"; lists of objects are left to --json.
void add_rows(Table& table, const std::string& prefix, const Json& json) {
  for (const auto& [key, value] : json.items()) {
    if (value.is_object()) add_rows(table, prefix + key + ".", value);
    else if (!value.is_array() || value.empty() || !value.front().is_structured()) table.add_row({prefix + key, to_cell(value)});
    else table.add_row({prefix + key, concat(value.size(), " entries")});
  }
}

void print(const std::string& title, const Json& json, bool as_json, std::size_t total_width = SIZE_MAX) {
  if (as_json) return fmt::print("{}\n", json.dump(2, ' ', false, Json::error_handler_t::replace));
  Table table({title, ""});
  table.set_max_width(400);  // knobs of a model stand in one line
  table.set_total_width(total_width);
  add_rows(table, "", json);
  fmt::print("{}", table.text());
}

Json describe(const Dataset& dataset) {
  Json json = {{"kind", "dataset"},
               {"fingerprint", dataset.fingerprint()},
               {"time_kind", to_text(dataset.time_kind())},
               {"num_events", dataset.num_events()},
               {"num_users", dataset.num_users()},
               {"num_items", dataset.num_items()},
               {"num_catalogue_items", dataset.num_catalogue_items()}};
  if (dataset.num_events() > 0) {
    const auto [first, last] = std::ranges::minmax(dataset.times());
    json["first_event"] = time_label(first, dataset.time_kind());
    json["last_event"] = time_label(last, dataset.time_kind());
  }
  json["actions"] = dataset.action_names();
  return json;
}

Result<void> inspect_dataset(const fs::path& directory, bool as_json, CommandContext& context) {
  GEMEL_ASSIGN_OR_RETURN(const Dataset dataset, Dataset::open(directory));
  GEMEL_ASSIGN_OR_RETURN(const health::Report report, health::examine(dataset, context.progress()));
  Json json = describe(dataset);
  if (as_json) {
    json["summary"] = Json::parse(dataset.summary_json(), nullptr, /*allow_exceptions=*/false);
    json.update(Json::parse(health::to_json(report)));
  }
  print(directory.string(), json, as_json, kHealthPageWidth);
  if (!as_json) fmt::print("\n{}", health_page(report));
  return {};
}

Result<Json> describe_bundle(const fs::path& directory, ThreadPool& pool) {
  GEMEL_ASSIGN_OR_RETURN(const Manifest manifest, read_manifest(directory, pool));
  Json json = {{"kind", "bundle"},
               {"model", manifest.model_name},
               {"knobs", manifest.model_knobs},
               {"trained_until", time_label(manifest.trained_until, manifest.time_kind)},
               {"state_as_of", time_label(manifest.cut, manifest.time_kind)},
               {"data_fingerprint", manifest.data_fingerprint},
               {"num_events", manifest.num_events},
               {"num_users", manifest.num_users},
               {"num_items", manifest.num_items}};
  Json& actions = json["actions"] = Json::array();
  for (const BundleAction& action : manifest.actions) actions.push_back(action.name);
  if (manifest.index) json["index"] = index_label(*manifest.index);
  json["metrics"] = Json::parse(manifest.metrics_json);
  for (const ListedFile& file : manifest.files) json["files"][file.path] = concat(file.size_bytes, " bytes");
  return json;
}

Result<void> inspect(const fs::path& directory, bool as_json, CommandContext& context) {
  std::error_code code;
  const bool is_bundle = fs::exists(directory / kManifestFile, code);
  if (!is_bundle && !fs::exists(directory / kDatasetMarker, code))
    return fail(ErrorCode::kNotFound, directory.string(), ": neither a Dataset (", kDatasetMarker, ") nor a bundle (", kManifestFile,
                ") is here");
  if (!is_bundle) return inspect_dataset(directory, as_json, context);
  GEMEL_ASSIGN_OR_RETURN(const Json json, describe_bundle(directory, context.pool()));
  print(directory.string(), json, as_json);
  return {};
}

}  // namespace

void add_inspect(CLI::App& app, CommandContext& context) {
  struct Options {
    std::string directory;
    bool json = false;
  };
  const auto options = std::make_shared<Options>();
  CLI::App& command = add_command(
      app, context,
      {.name = "inspect", .summary = "Examine the health of a Dataset, or say what a bundle holds", .example = "gemel inspect out/dataset"},
      [options](CommandContext& run) { return inspect(options->directory, options->json, run); });
  command.add_option("path", options->directory, "Folder of a Dataset or a bundle")->required();
  command.add_flag("--json", options->json, "Print JSON, with every row of every table");
}

}  // namespace gemel::cli
