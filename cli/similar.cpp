// gemel similar: the products nearest to a product.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "cli/command.h"
#include "cli/product_text.h"
#include "cli/table.h"

namespace gemel::cli {
namespace {

using Json = nlohmann::ordered_json;

struct SimilarOptions {
  std::string bundle, product;
  std::size_t k = 10;
  bool json = false;
};

Json to_json(const Product& product) {
  return {{"id", product.id}, {"name", product.name}, {"attributes", Json::parse(product.attributes_json)}};
}

void print_json(const SimilarAnswer& answer, std::string_view model) {
  Json json = {{"model", model}, {"product", to_json(answer.product)}, {"products", Json::array()}};
  for (const SimilarProduct& similar : answer.products) {
    json["products"].push_back(to_json(similar.product));
    json["products"].back()["similarity"] = similar.similarity;
  }
  fmt::print("{}\n", json.dump(2, ' ', false, Json::error_handler_t::replace));
}

void print_table(const SimilarAnswer& answer) {
  fmt::print("Most similar to {} ({}): {}\n\n", answer.product.name, answer.product.id, main_attributes(answer.product));
  Table table({"", "product", "id", "attributes", "similarity"});
  table.set_total_width(terminal_width());
  for (std::size_t i = 0; i < answer.products.size(); ++i) {
    const SimilarProduct& similar = answer.products[i];
    table.add_row({concat(i + 1), similar.product.name, similar.product.id, main_attributes(similar.product),
                   fmt::format("{:.3f}", similar.similarity)});
  }
  fmt::print("{}", table.text());
}

Result<void> similar(const SimilarOptions& options, CommandContext& context) {
  GEMEL_ASSIGN_OR_RETURN(const Retriever retriever, Retriever::open(options.bundle));
  GEMEL_ASSIGN_OR_RETURN(const SimilarAnswer answer, retriever.similar(options.product, options.k, context.pool()));
  if (options.json) print_json(answer, retriever.name());
  else print_table(answer);
  return {};
}

}  // namespace

void add_similar(CLI::App& app, CommandContext& context) {
  const auto options = std::make_shared<SimilarOptions>();
  CLI::App& command = add_command(app, context,
                                  {.name = "similar",
                                   .summary = "Products nearest to a product, by a bundle's embeddings",
                                   .example = "gemel similar out/bundle 1082185 -k 10"},
                                  [options](CommandContext& run) { return similar(*options, run); });
  command.add_option("bundle", options->bundle, "Folder that `gemel train` wrote, of a model with embeddings")->required();
  command.add_option("product", options->product, "The product's id, or its name")->required();
  command.add_option("-k", options->k, "How many products")->capture_default_str()->check(CLI::Range(1, 10'000));
  command.add_flag("--json", options->json, "Print JSON");
}

}  // namespace gemel::cli
