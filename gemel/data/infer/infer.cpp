#include "gemel/data/infer/infer.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "gemel/data/day.h"
#include "gemel/data/infer/event_columns.h"
#include "gemel/data/infer/event_counts.h"
#include "gemel/data/infer/features.h"
#include "gemel/data/infer/knobs.h"
#include "gemel/data/infer/layouts.h"

namespace gemel {
namespace {

namespace fs = std::filesystem;

// A file as read so far.
struct Inferred {
  std::string pattern;
  TableSample sample = {};
  std::vector<ColumnProfile> profiles = {};
  const Layout* layout = nullptr;
  const ColumnProfile* find(std::string_view column) const {
    const auto found = std::ranges::find(profiles, column, &ColumnProfile::name);
    return found == profiles.end() ? nullptr : &*found;
  }
};

// As a shop.toml in the folder of `out` must name it: what was typed, where that is absolute or the folder is this one.
std::string path_from(const fs::path& out, const std::string& typed) {
  const fs::path path(typed), folder = out.parent_path();
  if (path.is_absolute() || folder.empty()) return typed;
  return fs::absolute(path).lexically_normal().lexically_relative(fs::absolute(folder).lexically_normal()).string();
}

std::string rows_text(const TableSample& sample) {
  return concat(sample.is_whole ? "" : "more than ", sample.num_rows, " rows",
                sample.num_broken > 0 ? concat(", ", sample.num_broken, " of them broken") : "");
}

// Words of two names in common, over all of them.
double similarity(const std::string& a, const std::string& b) {
  const auto words = [](const std::string& text) {
    std::set<std::string> set;
    std::string word;
    for (const char letter : text + " ") {
      if (letter != ' ') word.push_back(letter);
      else if (!word.empty()) set.insert(std::exchange(word, {}));
    }
    return set;
  };
  const auto left = words(a), right = words(b);
  const auto common = static_cast<double>(std::ranges::count_if(left, [&](const std::string& word) { return right.contains(word); }));
  const double all = static_cast<double>(left.size() + right.size()) - common;
  return all > 0 ? common / all : 0;
}

class Inference {
 public:
  Inference(const InferOptions& options, ProgressSink& progress) : options_(options), progress_(progress) {}

  Result<ShopGuess> run() {
    GEMEL_ASSIGN_OR_RETURN(events_, look_at(TableRole::kEvents, options_.events, shop_.events));
    if (!options_.items.empty()) {
      GEMEL_ASSIGN_OR_RETURN(items_, look_at(TableRole::kItems, options_.items, shop_.items));
      GEMEL_ASSIGN_OR_RETURN(shop_.items.id,
                             guess_id_column(TableRole::kItems, items_.sample, items_.profiles, items_.layout, events_.profiles));
    }
    if (!options_.users.empty()) {
      GEMEL_ASSIGN_OR_RETURN(users_, look_at(TableRole::kUsers, options_.users, shop_.users));
      GEMEL_ASSIGN_OR_RETURN(shop_.users.id,
                             guess_id_column(TableRole::kUsers, users_.sample, users_.profiles, users_.layout, events_.profiles));
    }
    const KnownIds ids{items_.find(shop_.items.id.value), users_.find(shop_.users.id.value)};
    GEMEL_RETURN_IF_ERROR(guess_event_columns(events_.sample, events_.profiles, events_.layout, ids, shop_.events));
    GEMEL_ASSIGN_OR_RETURN(counts_, count_events(options_.events, shop_.events, !options_.items.empty(), progress_));
    if (!options_.items.empty()) guess_features(TableRole::kItems, items_.sample, items_.profiles, items_.layout, &counts_, shop_.items);
    if (!options_.users.empty()) guess_features(TableRole::kUsers, users_.sample, users_.profiles, users_.layout, nullptr, shop_.users);
    check_weight();
    guess_twins();
    explain_split();
    shop_.events.rows = concat(counts_.num_rows, " rows");
    shop_.knobs = guess_knobs(counts_, !shop_.events.has_order, std::max(items_.sample.num_rows, counts_.item_ids.size()));
    return std::move(shop_);
  }

 private:
  Result<Inferred> look_at(TableRole role, const std::string& pattern, TableGuess& guess) {
    GEMEL_ASSIGN_OR_RETURN(const SourceFiles files, find_files(pattern, {}));
    const auto& paths = files.paths;
    GEMEL_ASSIGN_OR_RETURN(SourceGuess source, guess_source(paths[0].string()));
    Inferred table{.pattern = pattern};
    GEMEL_ASSIGN_OR_RETURN(table.sample, read_sample(pattern, source, options_.limits, progress_));
    table.profiles = profile(table.sample);
    table.layout = find_layout(role, table.sample, table.profiles);
    if (table.layout != nullptr && !table.layout->refusal.empty())
      return fail(ErrorCode::kBadInput, paths[0].string(), ": this is ", table.layout->name, ": ", table.layout->refusal);
    GEMEL_RETURN_IF_ERROR(read_as_layout(table));
    if (table.sample.num_rows == 0) return fail(ErrorCode::kBadInput, paths[0].string(), ": expected rows, found none");
    guess.paths = {path_from(options_.out, pattern)};
    guess.source = table.sample.source;
    guess.rows = rows_text(table.sample);
    if (table.layout != nullptr) {
      guess.layout = table.layout->name;
      if (!table.layout->note.empty()) guess.notes.emplace_back(table.layout->note);
    }
    return table;
  }

  // What the layout tells about the rows themselves: names where there is no header, and the list whose elements are the rows.
  Result<void> read_as_layout(Inferred& table) {
    if (table.layout == nullptr) return {};
    if (!table.layout->names.empty()) {
      table.sample.source.format.columns = split_names(table.layout->names);
      for (std::size_t i = 0; i < table.profiles.size(); ++i)
        table.profiles[i].name = table.sample.columns[i].name = table.sample.source.format.columns[i];
    }
    if (table.layout->each.empty()) return {};
    SourceGuess source = table.sample.source;
    source.format.each = table.layout->each;
    GEMEL_ASSIGN_OR_RETURN(table.sample, read_sample(table.pattern, source, options_.limits, progress_));
    table.profiles = profile(table.sample);
    return {};
  }

  // The head had weights above 0 only; perhaps the rest has others.
  void check_weight() {
    if (shop_.events.weight.value.empty() || counts_.num_weightless == 0) return;
    shop_.events.weight.reason = concat("weight = \"", shop_.events.weight.value, "\"  # left out: not above 0 in ", counts_.num_weightless,
                                        " of ", counts_.num_usable, " rows, which would be rejected");
    shop_.events.weight.value.clear();
  }

  // Products that share their customers and days, and whose names are alike, are one product under two ids.
  void guess_twins() {
    const ColumnSample* const names = items_.sample.find(shop_.items.name.value);
    if (counts_.twins.empty() || shop_.events.has_order) return;
    std::size_t num_alike = 0;
    if (names != nullptr) {
      const ColumnSample& ids = *items_.sample.find(shop_.items.id.value);
      std::unordered_map<std::string_view, std::string_view> name_of;
      for (std::size_t row = 0; row < ids.values.size(); ++row) name_of.emplace(ids.values[row], names->values[row]);
      for (const auto& [one, other] : counts_.twins) num_alike += similarity(std::string(name_of[one]), std::string(name_of[other])) >= 0.5;
    }
    shop_.items.merge_twins = 2 * num_alike > counts_.twins.size();
    const std::string found = concat(counts_.twins.size(), counts_.twins.size() == 1 ? " pair" : " pairs",
                                     " of products share at least 90 % of their (customer, day) rows");
    shop_.items.twins_reason = shop_.items.merge_twins
                                   ? concat(found, ", ", num_alike, " of them with like names: one product under two ids")
                                   : concat(found, "; their names do not say that they are the same, so they stay apart");
  }

  void explain_split() {
    if (shop_.events.has_order) shop_.split_reason = "The last rows: there is no time to cut at.";
    else
      shop_.split_reason = concat("Validation begins about ", to_text(counts_.validation_from), ", test about ", to_text(counts_.test_from),
                                  ", the last event is of ", to_text(day_of(counts_.last)), ".");
    if (!shop_.events.has_order && counts_.last - counts_.first < std::chrono::days(70))
      shop_.split_reason +=
          concat(" The events span ", (counts_.last - counts_.first) / std::chrono::days(1), " days: few weeks to judge by.");
  }

  const InferOptions& options_;
  ProgressSink& progress_;
  Inferred events_, items_, users_;
  EventCounts counts_;
  ShopGuess shop_;
};

}  // namespace

Result<ShopGuess> infer_shop(const InferOptions& options, ProgressSink& progress) { return Inference(options, progress).run(); }

}  // namespace gemel
