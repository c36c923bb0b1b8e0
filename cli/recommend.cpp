// gemel recommend: products for one customer, with names and reasons, from a bundle.
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>

#include "cli/command.h"
#include "cli/product_text.h"
#include "cli/table.h"
#include "gemel/data/day.h"
#include "gemel/data/ingest/parse_time.h"
#include "gemel/retrieval/retriever.h"

namespace gemel::cli {
namespace {

using Json = nlohmann::ordered_json;

struct RecommendOptions {
  std::string bundle, dataset, at;
  Request request;
  bool json = false;
};

constexpr std::size_t kMaxCellWidth = 44;

// Days are enough for people; JSON has the second.
std::string day_label(TimePoint at, TimeKind time_kind) {
  return time_label(time_kind == TimeKind::kSeconds ? TimePoint(day_of(at)) : at, time_kind);
}

std::string reason_text(const Reason& reason, TimeKind time_kind) {
  if (reason.times_had == 1) return concat("had once, ", day_label(*reason.last_had, time_kind));
  if (reason.times_had > 1) return concat("had ", reason.times_had, " times, last ", day_label(*reason.last_had, time_kind));
  if (reason.is_recent) return "among the recent";
  if (reason.nearest) return fmt::format("like {} ({:.2f})", reason.nearest->name, reason.similarity);
  return "";
}

Json to_json(const ExplainedScore& explained) {
  Json json = {{"parts", Json::array()}, {"features", Json::array()}, {"history", Json::array()}, {"nearest", Json::array()}};
  for (const ScorePart& part : explained.parts)
    json["parts"].push_back({{"name", part.name}, {"value", part.value}, {"above_average", part.above_average}});
  for (const FeatureEffect& feature : explained.features) json["features"].push_back({{"name", feature.name}, {"effect", feature.effect}});
  for (const ExplainedScore::Past& past : explained.history)
    json["history"].push_back({{"id", past.product.id}, {"name", past.product.name}, {"events", past.num_events}, {"effect", past.effect}});
  for (const SimilarProduct& similar : explained.nearest)
    json["nearest"].push_back({{"id", similar.product.id}, {"name", similar.product.name}, {"similarity", similar.similarity}});
  return json;
}

Json to_json(const RecommendedProduct& recommended, TimeKind time_kind) {
  Json json = {{"id", recommended.product.id},
               {"name", recommended.product.name},
               {"score", recommended.score},
               {"attributes", Json::parse(recommended.product.attributes_json)}};
  Json& reason = json["reason"] = {{"times_had", recommended.reason.times_had}, {"is_recent", recommended.reason.is_recent}};
  if (recommended.reason.last_had) reason["last_had"] = time_label(*recommended.reason.last_had, time_kind);
  if (const auto& nearest = recommended.reason.nearest)
    reason["nearest"] = {{"id", nearest->id}, {"name", nearest->name}, {"similarity", recommended.reason.similarity}};
  if (recommended.explained) json["explained"] = to_json(*recommended.explained);
  return json;
}

void print_json(const Answer& answer, const Manifest& manifest) {
  Json json = {{"model", manifest.model_name},
               {"served", to_text(answer.served)},
               {"action", answer.action},
               {"at", time_label(answer.at, manifest.time_kind)},
               {"state_as_of", time_label(answer.state_as_of, manifest.time_kind)},
               {"history_size", answer.history_size},
               {"notes", answer.notes},
               {"products", Json::array()}};
  for (const RecommendedProduct& product : answer.products) json["products"].push_back(to_json(product, manifest.time_kind));
  fmt::print("{}\n", json.dump(2, ' ', false, Json::error_handler_t::replace));
}

std::string served_text(const Answer& answer, const Request& request) {
  switch (answer.served) {
    case Served::kKnown:
      return concat("known customer ", request.user, ", ", answer.history_size, answer.history_size == 1 ? " event" : " events",
                    " of history");
    case Served::kUnknown:
      return concat("unknown customer, ", answer.history_size, " recent ", answer.history_size == 1 ? "product" : "products");
    case Served::kFallback: return "nothing known: the fallback for everybody";
  }
  return "";
}

void print_explanations(const Answer& answer) {
  if (answer.products.empty() || !answer.products.front().explained) return;  // a note tells why
  for (std::size_t i = 0; i < answer.products.size(); ++i)
    fmt::print("\n{:>4}  {}\n{}", i + 1, answer.products[i].product.name, explanation_text(answer.products[i]));
  fmt::print(
      "\nThe parts, in full with --json, add up to the score. A feature or a product of the history stands with what the score would lose\n"
      "without it, all else as it is: these effects overlap and do not add up.\n");
}

void print_table(const Answer& answer, const Request& request, const Manifest& manifest) {
  fmt::print("{} for {} at {}: {}\n\n", manifest.model_name, answer.action, time_label(answer.at, manifest.time_kind),
             served_text(answer, request));
  Table table({"", "product", "id", "attributes", "score", "why"});
  table.set_max_width(kMaxCellWidth);
  table.set_total_width(terminal_width());
  for (std::size_t i = 0; i < answer.products.size(); ++i) {
    const RecommendedProduct& recommended = answer.products[i];
    const Product& product = recommended.product;
    table.add_row({concat(i + 1), product.name, product.id, main_attributes(product), fmt::format("{:.3f}", recommended.score),
                   reason_text(recommended.reason, manifest.time_kind)});
  }
  fmt::print("{}", table.text());
  if (request.explain) print_explanations(answer);
  for (const std::string& note : answer.notes) fmt::print("\nNote: {}.\n", note);
}

// A typing error is no customer's wish: the Retriever would only leave unknown products out, as a server should.
Result<void> check_request(const Request& request, const Bundle& bundle) {
  if (!request.action.empty() && !bundle.find_action(request.action)) {
    std::string known;
    for (const BundleAction& action : bundle.manifest().actions) known += concat(known.empty() ? "" : ", ", action.name);
    return fail(ErrorCode::kBadConfig, "--action: expected one of ", known, ", found '", request.action, "'");
  }
  const bool knows_one = std::ranges::any_of(request.recent, [&](const std::string& id) { return bundle.find_item(id).has_value(); });
  if (!request.recent.empty() && !knows_one)
    return fail(ErrorCode::kBadConfig, "--recent: expected ids of products of this shop, found none in '",
                fmt::format("{}", fmt::join(request.recent, ",")), "'");
  return {};
}

Result<TimePoint> parse_at(const std::string& text, TimeKind kind) {
  if (kind == TimeKind::kNone || kind == TimeKind::kOrder)
    return fail(ErrorCode::kBadConfig, "--at: the events of this shop have no time, so no moment can be chosen");
  if (const auto at = parse_iso_time(text)) return *at;
  return fail(ErrorCode::kBadConfig, "--at: expected a date or time such as 2017-12-01 or 2017-12-01T08:30, got '", text, "'");
}

Result<void> recommend(RecommendOptions options, CommandContext& context) {
  GEMEL_ASSIGN_OR_RETURN(Retriever retriever, Retriever::open(options.bundle));
  const Manifest& manifest = retriever.bundle().manifest();
  GEMEL_RETURN_IF_ERROR(check_request(options.request, retriever.bundle()));
  if (!options.at.empty()) {
    GEMEL_ASSIGN_OR_RETURN(options.request.at, parse_at(options.at, manifest.time_kind));
  }
  if (!options.dataset.empty()) {
    GEMEL_ASSIGN_OR_RETURN(const Dataset dataset, Dataset::open(options.dataset));
    GEMEL_RETURN_IF_ERROR(retriever.catch_up(dataset, options.request.at.value_or(manifest.cut)));
  }
  GEMEL_ASSIGN_OR_RETURN(const Answer answer, retriever.answer(options.request, context.pool()));
  if (options.json) print_json(answer, manifest);
  else print_table(answer, options.request, manifest);
  return {};
}

}  // namespace

void add_recommend(CLI::App& app, CommandContext& context) {
  const auto options = std::make_shared<RecommendOptions>();
  CLI::App& command =
      add_command(app, context,
                  {.name = "recommend",
                   .summary = "Recommend products to a customer from a bundle",
                   .example = "gemel recommend out/bundle --user 1228 --action purchase --at 2017-12-01 -k 10 --dataset out/dataset\n"
                              "  gemel recommend out/bundle --recent 1082185,1029743\n"
                              "  gemel recommend out/bundle --user 1228 --explain"},
                  [options](CommandContext& run) { return recommend(*options, run); });
  Request& request = options->request;
  command.add_option("bundle", options->bundle, "Folder that `gemel train` wrote")->required();
  command.add_option("--user", request.user, "The customer's id; leave out for somebody unknown");
  command.add_option("--recent", request.recent, "Ids of products that they took or looked at just now, oldest first, between commas")
      ->delimiter(',')
      ->allow_extra_args(false);
  command.add_option("--action", request.action, "What they are about to do (default: the shop's first target action)");
  command.add_option("--at", options->at, "Date or time of the request (default: the moment that the bundle stands at)");
  command.add_option("-k", request.k, "How many products")->capture_default_str()->check(CLI::Range(1, 10'000));
  command.add_option("--dataset", options->dataset, "Dataset the bundle was made from: brings histories and counters up to --at");
  command.add_flag("--exclude-seen", request.exclude_seen, "Leave out what the customer had before");
  command.add_flag("--explain", request.explain, "Tell what moved each score: popularity, features, history");
  command.add_flag("--json", options->json, "Print JSON");
}

}  // namespace gemel::cli
