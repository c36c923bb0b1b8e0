// gemel init: writes a shop.toml from what a shop's files look like.
#include <fmt/core.h>

#include <filesystem>

#include "cli/command.h"
#include "gemel/base/file.h"
#include "gemel/data/infer/infer.h"
#include "gemel/data/infer/shop_toml.h"
#include "gemel/data/shop_config.h"

namespace gemel::cli {
namespace {

namespace fs = std::filesystem;

struct Options {
  InferOptions infer;
  std::string out = "shop.toml";
  bool force = false, json = false;
};

Result<void> run_init(Options& options, CommandContext& context) {
  const fs::path out = options.out;
  std::error_code unknown;
  if (fs::exists(out, unknown) && !options.force)
    return fail(ErrorCode::kBadInput, out.string(), ": exists; expected another --out, or --force to write over it");
  if (!out.parent_path().empty() && !fs::is_directory(out.parent_path(), unknown))
    return fail(ErrorCode::kBadInput, "--out: expected a path in a folder that exists, got '", out.string(), "'");
  options.infer.out = out;
  GEMEL_ASSIGN_OR_RETURN(const ShopGuess shop, infer_shop(options.infer, context.progress()));
  const std::string text = to_toml(shop);
  // What is written must be what ingest reads; a path that is not UTF-8 is none that TOML can hold.
  if (const auto config = ShopConfig::parse(text, out); !config)
    return with_context(config.error(), "what init would write cannot be read again");
  GEMEL_RETURN_IF_ERROR(replace_file(out, text));
  if (options.json) fmt::print("{}\n", to_json(shop));
  else fmt::print("{}\n# Written to {}. Next: gemel ingest {} --out out/dataset\n", text, out.string(), out.string());
  return {};
}

}  // namespace

void add_init(CLI::App& app, CommandContext& context) {
  auto options = std::make_shared<Options>();
  CLI::App& command = add_command(app, context,
                                  {.name = "init",
                                   .summary = "Write a commented shop.toml from what the files of a shop look like",
                                   .example = "gemel init events.csv --items catalogue.csv --users customers.csv --out shop.toml"},
                                  [options](CommandContext& run) { return run_init(*options, run); });
  command.add_option("events", options->infer.events, "Path of the events, or a glob in quotes")->required();
  command.add_option("--items", options->infer.items, "Path of the catalogue: one row a product");
  command.add_option("--users", options->infer.users, "Path of the customer file: one row a customer");
  command.add_option("--out", options->out, "Path of the shop.toml to write")->capture_default_str();
  command.add_flag("--force", options->force, "Write over a file that is there");
  command.add_flag("--json", options->json, "Print the guesses with reasons and alternatives as JSON");
}

}  // namespace gemel::cli
