#include "gemel/data/ingest/ingest.h"

#include <fmt/core.h>

#include "cli/command.h"
#include "gemel/data/dataset_format.h"
#include "gemel/data/ingest/cell_text.h"
#include "gemel/models/registry.h"

namespace gemel::cli {
namespace {

struct Options {
  std::string shop_toml, out;
  bool strict = false, json = false;
  std::uint64_t memory_bytes = IngestOptions::kDefaultMemoryBytes;
};

void print_rows(std::string_view table, const RowAccount& rows) {
  fmt::print("{:<10} {:>11} read = {} kept + {} rejected + {} dropped as duplicate", table, rows.read, rows.kept, rows.rejected,
             rows.duplicates);
  fmt::print("{}\n", rows.excluded > 0 ? fmt::format(" + {} excluded", rows.excluded) : "");
  for (const auto& [reason, count] : rows.reasons) fmt::print("{:<10} {:>11} rejected: {}\n", "", count, reason);
  for (const auto& [reason, count] : rows.excluded_by) fmt::print("{:<10} {:>11} {} of events.exclude\n", "", count, reason);
}

void print_features(std::string_view table, const TableSummary& summary) {
  for (const auto& feature : summary.features) {
    const double share = summary.rows.kept > 0 ? 100.0 * static_cast<double>(feature.filled) / static_cast<double>(summary.rows.kept) : 0;
    fmt::print("  {:<32} {:>6.1f} % filled", concat(table, '.', feature.name), share);
    if (feature.unreadable > 0) fmt::print(", {} without the unit", feature.unreadable);
    fmt::print("\n");
  }
}

void print_table(const IngestSummary& summary) {
  print_rows("events", summary.events);
  if (summary.merged_copies > 0)
    fmt::print("{:<10} {:>11} of the duplicates are copies made by merging twins\n", "", summary.merged_copies);
  if (summary.alike_kept > 0)
    fmt::print("{:<10} {:>11} alike, kept: nothing proves that they are the same event\n", "", summary.alike_kept);
  if (summary.items.is_given) print_rows("products", summary.items.rows);
  if (summary.users.is_given) print_rows("customers", summary.users.rows);
  fmt::print("\ncustomers  {:>11} with events", summary.customers);
  if (summary.users.is_given)
    fmt::print(" ({} of them without a row in the customer file), {} without", summary.customers_without_row,
               summary.customers_without_event);
  fmt::print("\nproducts   {:>11} in the catalogue ({} cold: never in an event), {} only in events, {} with events\n",
             summary.catalogue_products, summary.cold_products, summary.event_only_products, summary.sold_products());
  if (summary.items.is_given) fmt::print("           {:>11} events of products outside the catalogue\n", summary.events_outside_catalogue);
  if (summary.twin_pairs > 0) fmt::print("           {:>11} merged into a twin ({} pairs)\n", summary.merged_products, summary.twin_pairs);
  for (const auto& action : summary.actions)
    fmt::print("action     {:>11} {}{}\n", action.count, action.name, action.is_target ? " (target)" : "");
  const bool has_time = has_days(summary.time_kind);
  if (has_time)
    fmt::print("time       {} to {} ({})\n", time_text(summary.first_time), time_text(summary.last_time), to_text(summary.time_kind));
  else fmt::print("time       none ({})\n", summary.time_kind == TimeKind::kOrder ? "rows are in order" : "parts are given as files");
  fmt::print("density    {:.4f} % of customers x products, repeats {:.1f} % of events\n", 100 * summary.density(),
             100 * summary.repeat_share());
  if (!summary.items.features.empty() || !summary.users.features.empty()) fmt::print("fields\n");
  print_features("items", summary.items);
  print_features("users", summary.users);
  fmt::print("\n{} (fingerprint {})\n", summary.directory, summary.fingerprint);
  if (summary.rejected_rows() > 0)
    fmt::print("{} rejected rows with file, line, field and reason: {}/rejected.jsonl\n", summary.rejected_rows(), summary.directory);
}

Result<void> run_ingest(const Options& options, CommandContext& context) {
  GEMEL_ASSIGN_OR_RETURN(const ShopConfig config, ShopConfig::open(options.shop_toml));
  GEMEL_ASSIGN_OR_RETURN(const ConfigFile models, open_model_config(config));
  GEMEL_RETURN_IF_ERROR(check_models(models));
  const IngestOptions ingest_options{.strict = options.strict, .memory_bytes = options.memory_bytes};
  GEMEL_ASSIGN_OR_RETURN(const IngestSummary summary, ingest(config, options.out, ingest_options, context.progress()));
  if (options.json) fmt::print("{}\n", to_json(summary));
  else print_table(summary);
  return {};
}

}  // namespace

void add_ingest(CLI::App& app, CommandContext& context) {
  auto options = std::make_shared<Options>();
  CLI::App& command = add_command(app, context,
                                  {.name = "ingest",
                                   .summary = "Read a shop's events, catalogue and customers into a Dataset",
                                   .example = "gemel ingest examples/complete_journey.toml --out out/complete_journey"},
                                  [options](CommandContext& run) { return run_ingest(*options, run); });
  command.add_option("shop", options->shop_toml, "Path of shop.toml, which says where the files are and what they hold")->required();
  command.add_option("--out", options->out, "Folder of the Dataset; one that is there already is replaced")->required();
  command.add_flag("--strict", options->strict, "A row that cannot be used is an error, and nothing is written");
  command.add_option("--memory", options->memory_bytes, "What sorting may take of memory, such as 512MiB or 4GiB; more is sorted on disk")
      ->default_str("1GiB")
      ->transform(CLI::AsSizeValue(/*kb_is_1000=*/false))
      ->type_name("SIZE");
  command.add_flag("--json", options->json, "Print the summary as JSON");
}

}  // namespace gemel::cli
