#include "gemel/report/document.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <sstream>

#include "gemel/base/version.h"
#include "gemel/eval/report.h"
#include "gemel/report/product_words.h"
#include "gemel/report/summary.h"
#include "gemel/retrieval/manifest.h"

namespace gemel::report {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kShownProducts = 10;  // of each list of an example customer
constexpr std::size_t kShownHistory = 8;

Json data_json(const ReportSource& source) {
  const Dataset& dataset = source.dataset;
  const auto label = [&](TimePoint at) { return time_label(at, dataset.time_kind()); };
  return {
      {"dataset", dataset.directory().filename().empty() ? dataset.directory().parent_path().filename().string()
                                                         : dataset.directory().filename().string()},
      {"fingerprint", dataset.fingerprint()},
      {"num_events", dataset.num_events()},
      {"num_customers", dataset.num_users()},
      {"num_products", dataset.num_items()},
      {"first_event", label(dataset.times().front())},
      {"validation_from", source.split.validation_begin == source.split.test_begin ? Json() : Json(label(source.split.validation_from))},
      {"test_from", label(source.split.test_from)},
      {"last_event", label(dataset.times().back())}};
}

// Lines of a curves file that are objects; others are left out: a run that was killed may leave half a line.
Json curves_json(const std::string& lines) {
  Json curves = Json::array();
  std::istringstream stream(lines);
  for (std::string line; std::getline(stream, line);) {
    Json point = Json::parse(line, nullptr, /*allow_exceptions=*/false);
    if (point.is_object()) curves.push_back(std::move(point));
  }
  return curves;
}

Json fit_json(const FitStory& story, const std::string& label) {
  Json trials = Json::array();
  for (const Trial& trial : story.trials) {
    trials.push_back({{"knobs", trial.knobs},
                      {"validation_ndcg_at_20", trial.ndcg_at_20},
                      {"validation_recall_at_20", trial.recall_at_20},
                      {"seconds", story.source.empty() ? Json(trial.seconds) : Json()}});
  }
  return {{"label", label},
          {"source", story.source.empty() ? Json() : Json(story.source)},
          {"fit_seconds", story.fit_seconds ? Json(*story.fit_seconds) : Json()},
          {"fit_peak_bytes", story.fit_peak_bytes ? Json(*story.fit_peak_bytes) : Json()},
          {"warnings", story.warnings},
          {"trials", trials},
          {"curves", curves_json(story.curves)}};
}

class ExampleWriter {
 public:
  ExampleWriter(const ReportSource& source, const ProductWords& words) : source_(source), words_(words) {}

  Json example(std::size_t number) const {
    const PlannedQuery& query = source_.plan.queries[source_.examples[number]];
    const auto history = history_before(source_.histories.of(query.user), query.at);
    const auto targets = std::span(source_.plan.targets).subspan(query.targets_begin, query.targets_end - query.targets_begin);
    Json past = Json::array(), taken = Json::array(), models = Json::array();
    for (auto event = history.rbegin(); event != history.rend() && past.size() < kShownHistory; ++event) {
      Json product = product_json(event->item);
      product["at"] = label(event->at);
      product["action"] = source_.dataset.action_names()[to_size(event->action)];
      past.push_back(std::move(product));
    }
    for (const ItemIndex item : targets) {
      Json product = product_json(item);
      product["had_before"] = std::ranges::any_of(history, [item](const HistoryItem& event) { return event.item == item; });
      taken.push_back(std::move(product));
    }
    for (const ComparedModel& model : source_.comparison.models)
      models.push_back({{"label", model.label}, {"products", list_json(model.evaluation.watched[number], targets)}});
    return {{"customer", source_.dataset.user_table().ids[to_size(query.user)]},
            {"at", label(query.at)},
            {"num_history", history.size()},
            {"history", past},
            {"taken", taken},
            {"models", models}};
  }

  Json product_json(ItemIndex item) const { return {{"id", words_.id(item)}, {"name", words_.name(item)}, {"kind", words_.kind(item)}}; }

 private:
  std::string label(TimePoint at) const { return time_label(at, source_.dataset.time_kind()); }

  Json list_json(std::span<const ScoredItem> answer, std::span<const ItemIndex> targets) const {
    Json list = Json::array();
    for (const ScoredItem& scored : answer.first(std::min(kShownProducts, answer.size()))) {
      Json product = product_json(scored.item);
      product["hit"] = std::ranges::binary_search(targets, scored.item);
      list.push_back(std::move(product));
    }
    return list;
  }

  const ReportSource& source_;
  const ProductWords& words_;
};

// Four digits are plenty for a drawing.
double rounded(double value) {
  std::ostringstream digits;
  digits.precision(4);
  digits << value;
  return std::stod(digits.str());
}

Json map_json(const ReportSource& source, const ProductWords& words, const ExampleWriter& writer) {
  Json items = Json::array(), models = Json::array();
  for (std::size_t i = 0; i < source.map.items.size(); ++i) {
    Json product = writer.product_json(source.map.items[i]);
    product["events"] = source.map.sales[i];
    items.push_back(std::move(product));
  }
  for (const ProductMap::OfModel& model : source.map.models) {
    Json x = Json::array(), y = Json::array();
    for (const Point& point : model.points) {
      x.push_back(rounded(point[0]));
      y.push_back(rounded(point[1]));
    }
    models.push_back({{"label", source.comparison.models[model.model].label}, {"x", x}, {"y", y}});
  }
  if (models.empty()) items = Json::array();
  return {{"kind_feature", words.kind_feature()}, {"products", items}, {"models", models}};
}

}  // namespace

std::string report_json(const ReportSource& source) {
  const ProductWords words(source.dataset);
  const ExampleWriter writer(source, words);
  Json json = {{"title", source.title},
               {"program", concat("gemel ", program_version())},
               {"command", source.command},
               {"data", data_json(source)},
               {"summary", summary(source.comparison, source.promotion)}};
  json.update(Json::parse(json_report(source.comparison, source.promotion)));
  Json fits = Json::array(), examples = Json::array();
  for (std::size_t m = 0; m < source.stories.size(); ++m) fits.push_back(fit_json(source.stories[m], source.comparison.models[m].label));
  for (std::size_t number = 0; number < source.examples.size(); ++number) examples.push_back(writer.example(number));
  json["fits"] = std::move(fits);
  json["examples"] = std::move(examples);
  json["map"] = map_json(source, words, writer);
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace gemel::report
