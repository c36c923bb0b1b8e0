#include "gemel/tune/document.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "gemel/base/version.h"

namespace gemel::tune {
namespace {

using Json = nlohmann::ordered_json;

std::string_view to_text(TuningDimension::Kind kind) {
  switch (kind) {
    case TuningDimension::Kind::kUniform: return "uniform";
    case TuningDimension::Kind::kLogUniform: return "log_uniform";
    case TuningDimension::Kind::kInteger: return "integer";
    case TuningDimension::Kind::kLogInteger: return "log_integer";
    case TuningDimension::Kind::kChoice: return "choice";
  }
  return "";
}

Json space_json(const TuningSpace& space) {
  Json list = Json::array();
  for (const TuningDimension& dimension : space) {
    Json json = {{"key", dimension.key}, {"kind", to_text(dimension.kind)}};
    if (dimension.kind == TuningDimension::Kind::kChoice) {
      json["choices"] = dimension.choices;
    } else {
      json["low"] = dimension.low;
      json["high"] = dimension.high;
    }
    if (!dimension.where_key.empty()) json["where"] = {{dimension.where_key, dimension.where_values}};
    list.push_back(std::move(json));
  }
  return list;
}

// A number where the TOML text is one, so that it can be drawn; the text otherwise.
Json knob_json(const std::string& toml) {
  Json number = Json::parse(toml, nullptr, /*allow_exceptions=*/false);
  return number.is_number() ? number : Json(toml);
}

Json attempt_json(const Tuning& tuning, std::size_t index) {
  const Attempt& attempt = tuning.attempts[index];
  Json knobs = Json::object();
  for (const auto& [path, value] : tuning.knobs[index]) knobs[path] = knob_json(value);
  const bool failed = !attempt.error.empty();
  return {{"trial", attempt.trial},
          {"budget_share", kRungs[attempt.rung]},
          {"knobs", knobs},
          {"ndcg_at_20", failed ? Json() : Json(attempt.ndcg_at_20)},
          {"recall_at_20", failed ? Json() : Json(attempt.recall_at_20)},
          {"seconds", attempt.seconds},
          {"error", failed ? Json(attempt.error) : Json()}};
}

}  // namespace

std::string best_toml(const Tuning& tuning, std::string_view command) {
  const Attempt &best = tuning.attempts[tuning.best], &own = tuning.attempts.front();
  return fmt::format("# {}\n# NDCG@20 {:.4f}, recall@20 {:.4f} on validation; before the search {:.4f} and {:.4f}\n[models.{}]\n{}",
                     command, best.ndcg_at_20, best.recall_at_20, own.ndcg_at_20, own.recall_at_20, tuning.model,
                     in_lines(tuning.knobs[tuning.best]));
}

std::string tuning_json(const TuningSource& source) {
  Json models = Json::array();
  for (const Tuning& tuning : source.tunings) {
    Json attempts = Json::array();
    for (std::size_t index = 0; index < tuning.attempts.size(); ++index) attempts.push_back(attempt_json(tuning, index));
    models.push_back({{"model", tuning.model},
                      {"is_baseline", find_model(tuning.model)->is_baseline},
                      {"share_is_of", tuning.by_epochs ? "epochs" : "customers asked"},
                      {"seconds", tuning.seconds},
                      {"out_of_time", tuning.out_of_time},
                      {"best", tuning.best},
                      {"space", space_json(tuning.space)},
                      {"attempts", attempts}});
  }
  const Json json = {{"title", source.title},
                     {"program", concat("gemel ", program_version())},
                     {"command", source.command},
                     {"fingerprint", source.dataset.fingerprint()},
                     {"protocol", gemel::to_text(source.options.protocol)},
                     {"repeats", gemel::to_text(source.options.repeats)},
                     {"num_trials", source.options.num_trials},
                     {"minutes", source.options.minutes > 0 ? Json(source.options.minutes) : Json()},
                     {"models", models}};
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace gemel::tune
