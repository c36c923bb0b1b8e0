// gemel synth: a year of a made-up beauty shop, as files that `gemel ingest` takes.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "cli/command.h"
#include "gemel/base/file.h"
#include "gemel/synth/write_shop.h"

namespace gemel::cli {
namespace {

struct SynthOptions {
  std::string out;
  synth::WorldOptions world;
  bool json = false;
};

void print_answer(const SynthOptions& options, const synth::World& world, const synth::ShopCounts& counts) {
  const auto [views, carts, purchases] = counts.num_by_action;
  if (options.json) {
    const nlohmann::ordered_json json = {{"shop", options.out},
                                         {"scale", options.world.scale},
                                         {"seed", options.world.seed},
                                         {"num_customers", world.num_customers()},
                                         {"num_products", world.num_products()},
                                         {"num_events", counts.num_events},
                                         {"views", views},
                                         {"carts", carts},
                                         {"purchases", purchases},
                                         {"repeat_purchases", counts.num_repeats}};
    fmt::print("{}\n", json.dump(1));
    return;
  }
  const double repeats = purchases == 0 ? 0 : 100.0 * static_cast<double>(counts.num_repeats) / static_cast<double>(purchases);
  fmt::print("customers  {:>11}\nproducts   {:>11}\nevents     {:>11} = {} views + {} carts + {} purchases ({:.1f} % of them repeats)\n",
             world.num_customers(), world.num_products(), counts.num_events, views, carts, purchases, repeats);
  fmt::print("\n{0}: shop.toml, catalogue.csv, {1} files of customers and of events; next: gemel ingest {0}/shop.toml --out DATASET\n",
             options.out, counts.num_event_files);
}

Result<void> run_synth(const SynthOptions& options, CommandContext& run) {
  GEMEL_RETURN_IF_ERROR(AtomicDirectory::check(options.out, synth::kWorldFile));
  GEMEL_ASSIGN_OR_RETURN(const synth::World world, synth::World::make(options.world, run.pool()));
  GEMEL_ASSIGN_OR_RETURN(const synth::ShopCounts counts, write_shop(world, options.out, run.pool(), run.progress()));
  print_answer(options, world, counts);
  return {};
}

}  // namespace

void add_synth(CLI::App& app, CommandContext& context) {
  auto options = std::make_shared<SynthOptions>();
  CLI::App& command =
      add_command(app, context,
                  {.name = "synth",
                   .summary = "Write a year of a made-up beauty shop, whose best possible recommendations are known",
                   .example = "gemel synth --out out/made_up --scale 0.1\n  gemel ingest out/made_up/shop.toml --out out/dataset\n"
                              "  gemel evaluate out/dataset --oracle out/made_up"},
                  [options](CommandContext& run) { return run_synth(*options, run); });
  command.add_option("--out", options->out, "Folder to write; an older synthetic shop there is replaced")->required();
  command
      .add_option("--scale", options->world.scale,
                  "1: 250,000 customers, 6,700 products, about 2,000,000 events; customers and events grow with it, products with its root")
      ->capture_default_str();
  command.add_option("--seed", options->world.seed, "Same seed, same bytes")->capture_default_str()->check(seed_range());
  command.add_flag("--json", options->json, "The answer as JSON");
}

}  // namespace gemel::cli
