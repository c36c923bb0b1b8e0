#include "gemel/tune/trial_log.h"

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "gemel/base/file.h"

namespace gemel::tune {
namespace {

using Json = nlohmann::ordered_json;

Json to_json(const Attempt& attempt) {
  Json json = {{"trial", attempt.trial}, {"rung", attempt.rung}, {"knobs", attempt.knobs}};
  const bool failed = !attempt.error.empty();
  json["ndcg_at_20"] = failed ? Json() : Json(attempt.ndcg_at_20);
  json["recall_at_20"] = failed ? Json() : Json(attempt.recall_at_20);
  json["seconds"] = attempt.seconds;
  json["error"] = failed ? Json(attempt.error) : Json();
  return json;
}

Attempt from_json(const Json& json) {  // throws what nlohmann throws
  Attempt attempt{.trial = json.at("trial"), .rung = json.at("rung"), .knobs = json.at("knobs"), .seconds = json.at("seconds")};
  if (json.at("error").is_null()) {
    attempt.ndcg_at_20 = json.at("ndcg_at_20");
    attempt.recall_at_20 = json.at("recall_at_20");
  } else {
    attempt.error = json.at("error");
  }
  return attempt;
}

Json header(const TrialLog::Facts& facts) {
  Json search;
  for (const auto& [name, value] : facts) search[name] = value;
  return {{"search", search}};
}

Result<void> check_header(const std::string& place, const Json& found, const TrialLog::Facts& facts) {
  for (const auto& [name, value] : facts) {
    const Json& other = found.value("search", Json::object());
    const std::string text = other.is_object() ? other.value(name, "nothing") : "nothing";
    if (text != value)
      return fail(ErrorCode::kBadConfig, place, ": is of another search: its ", name, " is ", text, ", not ", value,
                  "; name another --out, or remove the file to begin anew");
  }
  return {};
}

}  // namespace

Result<TrialLog> TrialLog::open(const std::filesystem::path& path, const Facts& facts) {
  TrialLog log;
  log.path_ = path;
  const std::string first = header(facts).dump() + "\n";
  std::error_code code;
  if (!std::filesystem::exists(path, code)) {
    log.text_ = first;
    GEMEL_RETURN_IF_ERROR(replace_file(path, first));
    return log;
  }
  GEMEL_ASSIGN_OR_RETURN(std::string text, read_file(path));
  text.resize(text.rfind('\n') == std::string::npos ? 0 : text.rfind('\n') + 1);  // a line without its end was never finished
  if (text.empty()) text = first;
  std::size_t line = 0;
  for (std::size_t begin = 0; begin < text.size(); begin = text.find('\n', begin) + 1) {
    const std::string place = concat(path.string(), ":", ++line);
    const Json json = Json::parse(text.substr(begin, text.find('\n', begin) - begin), nullptr, /*allow_exceptions=*/false);
    if (!json.is_object()) return fail(ErrorCode::kCorrupt, place, ": expected a JSON object");
    try {  // nlohmann reports a wrong shape by exception; it ends here
      if (line == 1) GEMEL_RETURN_IF_ERROR(check_header(place, json, facts));
      else log.remember(from_json(json));
    } catch (const nlohmann::json::exception& error) {
      return fail(ErrorCode::kCorrupt, place, ": ", error.what());
    }
  }
  log.text_ = std::move(text);
  return log;
}

Result<std::optional<Attempt>> TrialLog::find(std::size_t trial, std::size_t rung, const std::string& knobs) const {
  const auto found = earlier_.find({trial, rung});
  if (found == earlier_.end()) return std::optional<Attempt>{};
  if (found->second.knobs != knobs)
    return fail(ErrorCode::kCorrupt, path_.string(), ": trial ", trial, ", rung ", rung, " is of ", found->second.knobs,
                ", where this search tries ", knobs);
  return std::optional(found->second);
}

std::vector<Attempt> TrialLog::on_rung(std::size_t rung) const {
  std::vector<Attempt> found;
  for (const auto& [place, attempt] : earlier_)
    if (place.second == rung) found.push_back(attempt);
  return found;
}

// The file is small and each attempt costs seconds, so it is replaced whole: a kill at any moment leaves the lines that were there.
Result<void> TrialLog::append(const Attempt& attempt) {
  remember(attempt);
  text_ += to_json(attempt).dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
  return replace_file(path_, text_);
}

}  // namespace gemel::tune
