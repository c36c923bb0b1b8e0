#include "gemel/data/infer/shop_toml.h"

#include <fmt/format.h>

#include <algorithm>

#include "gemel/base/toml_text.h"

namespace gemel {
namespace {

constexpr std::size_t kMaxWidth = 140, kMaxCommentColumn = 58, kMaxListWidth = 110;

// A list, in as many lines as it takes.
std::string list_in_lines(const std::vector<std::string>& texts) {
  std::string out = "[";
  std::size_t line_begin = 0;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    const std::string text = toml_text(texts[i]);
    if (i > 0) out += ",";
    if (out.size() + text.size() + 2 > line_begin + kMaxListWidth) {
      line_begin = out.size();
      out += "\n           ";
    } else if (i > 0) {
      out += " ";
    }
    out += text;
  }
  return out + "]";
}

std::string joined(const std::vector<std::string>& texts, std::string_view between = ", ") {
  std::string out;
  for (const std::string& text : texts) out += concat(out.empty() ? "" : between, text);
  return out;
}

// Comments are one line each, whatever the shop's values hold.
std::string one_line(std::string text) {
  for (char& letter : text)
    if (static_cast<unsigned char>(letter) < 0x20) letter = ' ';
  return text;
}

// Lines of one section, whose comments begin in one column.
class Page {
 public:
  void line(std::string code, std::string comment) { lines_.push_back({std::move(code), one_line(std::move(comment))}); }
  void section(std::string header, std::string comment = "") {
    flush();
    if (!text_.empty()) text_ += "\n";
    header_ = concat(header, comment.empty() ? "" : concat("  # ", one_line(std::move(comment))), "\n");
  }
  // A comment of its own, in as many lines as it takes.
  void remark(std::string text) { lines_.push_back({"", one_line(std::move(text))}); }
  std::string text() {
    flush();
    return std::move(text_);
  }

 private:
  struct Line {
    std::string code, comment;
  };

  void flush() {
    std::size_t column = 0;
    for (const Line& line : lines_)
      if (line.code.size() <= kMaxCommentColumn) column = std::max(column, line.code.size());
    text_ += std::exchange(header_, "");
    for (const Line& line : lines_) {
      const std::size_t begin = std::max(column, line.code.size()) + 2;
      const bool is_beside = !line.code.empty() && begin + 2 + line.comment.size() <= kMaxWidth;
      if (!line.comment.empty() && !is_beside) wrap(line.comment);
      if (line.code.empty()) continue;
      text_ += line.code;
      if (is_beside && !line.comment.empty()) text_ += concat(std::string(begin - line.code.size(), ' '), "# ", line.comment);
      text_ += "\n";
    }
    lines_.clear();
  }

  void wrap(std::string_view comment) {
    while (!comment.empty()) {
      std::size_t end = comment.size();
      if (end > kMaxWidth - 2) {
        end = comment.rfind(' ', kMaxWidth - 2);
        if (end == std::string_view::npos) end = std::min(comment.find(' '), comment.size());
      }
      text_ += concat("# ", comment.substr(0, end), "\n");
      comment.remove_prefix(std::min(end + 1, comment.size()));
    }
  }

  std::string text_, header_;
  std::vector<Line> lines_;
};

std::string with_alternatives(const Guess& guess) {
  if (guess.alternatives.empty()) return guess.reason;
  const std::size_t num_shown = std::min<std::size_t>(guess.alternatives.size(), 4);
  return concat(guess.reason, "; else perhaps ",
                joined({guess.alternatives.begin(), guess.alternatives.begin() + static_cast<std::ptrdiff_t>(num_shown)}, " or "));
}

void write_guess(Page& page, std::string_view key, const Guess& guess) {
  if (!guess.value.empty()) page.line(concat(key, " = ", toml_text(guess.value)), with_alternatives(guess));
}

void write_source(Page& page, const TableGuess& table) {
  for (const std::string& note : table.notes) page.remark(concat("Note: ", note, "."));
  page.line(concat("path = ", toml_text(table.paths)),
            concat(table.rows, table.layout.empty() ? "" : concat("; known layout: ", table.layout)));
  const SourceFormat& format = table.source.format;
  if (format.format) page.line(concat("format = ", toml_text(to_text(*format.format))), "the name of the file does not tell");
  if (!format.delimiter.empty()) page.line(concat("delimiter = ", toml_text(format.delimiter)), table.source.reason);
  if (!format.header) page.line("header = false", "the first row holds values");
  if (!format.columns.empty())
    page.line(concat("columns = ", list_in_lines(format.columns)),
              table.layout.empty() ? "names made up here, in the order of the file" : concat("as ", table.layout, " documents them"));
  if (format.encoding == Encoding::kLatin1) page.line("encoding = \"latin-1\"", "some bytes are no UTF-8");
  if (!format.each.empty()) page.line(concat("each = ", toml_text(format.each)), "one row for each element of this list");
}

// A column, and those that count where it is missing.
void write_columns(Page& page, std::string_view key, const Guess& guess, const std::vector<std::string>& others) {
  if (others.empty()) return write_guess(page, key, guess);
  std::vector<std::string> columns = others;
  columns.insert(columns.begin(), guess.value);
  page.line(concat(key, " = ", toml_text(columns)), concat(with_alternatives(guess), "; the first that is filled counts"));
}

void write_events(Page& page, const EventsGuess& events) {
  page.section("[events]");
  write_source(page, events);
  write_guess(page, "time", events.time);
  write_guess(page, "time_format", events.time_format);
  if (events.has_order) page.line("order = true", events.time.reason);
  write_columns(page, "user", events.user, events.user_else);
  write_columns(page, "item", events.item, events.item_else);
  write_guess(page, "action", events.action);
  write_guess(page, "weight", events.weight);
  if (events.weight.value.empty() && !events.weight.reason.empty()) page.remark(events.weight.reason);
  write_guess(page, "id", events.id);
  if (!events.unused.empty()) page.remark(concat("Not used: ", joined(events.unused), "."));
}

void write_actions(Page& page, const EventsGuess& events) {
  page.section("[events.actions]", "what recommendations aim at and are judged by has `target = true`; weights are beside 1 for a target");
  if (events.action.value.empty())
    page.line("interaction = { target = true }", "no column tells actions apart: every event is one of these");
  for (const ActionGuess& action : events.actions)
    page.line(fmt::format("{} = {{ {} }}", toml_key(action.name),
                          action.is_target ? "target = true" : fmt::format("weight = {:g}", action.weight)),
              concat(action.reason, "; ", action.count, " of the rows looked at"));
}

std::string type_text(FeatureType type) {
  switch (type) {
    case FeatureType::kCategory: return "category";
    case FeatureType::kTags: return "tags";
    case FeatureType::kNumber: return "number";
    case FeatureType::kTime: return "time";
    case FeatureType::kText: return "text";
    case FeatureType::kShown: return "shown";
  }
  return "";
}

std::string feature_value(const FeatureConfig& feature) {
  std::vector<std::string> keys;
  if (feature.column != feature.name) keys.push_back(concat("column = ", toml_text(feature.column)));
  if (!feature.separator.empty() && feature.separator != "|") keys.push_back(concat("separator = ", toml_text(feature.separator)));
  if (!feature.unit.empty()) keys.push_back(concat("unit = ", toml_text(feature.unit)));
  if (feature.transform != "none") keys.push_back(concat("transform = ", toml_text(feature.transform)));
  if (feature.buckets > 0) keys.push_back(concat("buckets = ", feature.buckets));
  if (feature.min_count > 1) keys.push_back(concat("min_count = ", feature.min_count));
  if (!feature.time_format.empty()) keys.push_back(concat("time_format = ", toml_text(feature.time_format)));
  const std::string type = toml_text(type_text(feature.type));
  return keys.empty() ? type : concat("{ type = ", type, ", ", joined(keys), " }");
}

void write_features(Page& page, std::string_view section, const EntitiesGuess& table) {
  page.section(concat("[", section, ".features]"));
  for (const FeatureGuess& feature : table.features)
    if (!feature.is_left_out) page.line(concat(toml_key(feature.config.name), " = ", feature_value(feature.config)), feature.reason);
  std::size_t num_left_out = 0;
  for (const FeatureGuess& feature : table.features) {
    if (!feature.is_left_out) continue;
    if (num_left_out++ == 0) page.remark("Left out:");
    page.remark(concat("  ", feature.config.column, ": ", feature.reason));
  }
}

void write_entities(Page& page, std::string_view section, const EntitiesGuess& table) {
  if (table.paths.empty()) return;
  page.section(concat("[", section, "]"));
  write_source(page, table);
  write_guess(page, "id", table.id);
  write_guess(page, "name", table.name);
  if (table.merge_twins) page.line("twins = { merge = true }", table.twins_reason);
  else if (!table.twins_reason.empty()) page.remark(concat("twins = { merge = true }  # not set: ", table.twins_reason));
  write_features(page, section, table);
}

void write_knobs(Page& page, const std::vector<KnobGuess>& knobs) {
  if (knobs.empty()) return;
  page.section("[models.two_tower]", "by rule from what the data is; nothing was tried. All knobs: docs/formats/two_tower.md");
  for (const KnobGuess& knob : knobs) page.line(concat(knob.key, " = ", knob.value), knob.reason);
}

}  // namespace

std::string to_toml(const ShopGuess& shop) {
  Page page;
  page.remark(
      "Written by `gemel init` from the files named below: every line is a guess, its reason beside it. Change what is wrong, look for "
      "CHECK, "
      "then run `gemel ingest`. All keys: docs/formats/shop.md");
  write_events(page, shop.events);
  write_actions(page, shop.events);
  write_entities(page, "items", shop.items);
  write_entities(page, "users", shop.users);
  page.section("[split]");
  page.remark(shop.split_reason);
  page.line(fmt::format("validation = {:g}", SplitConfig{}.validation), "of the events: models are chosen on them");
  page.line(fmt::format("test = {:g}", SplitConfig{}.test), "the last ones: read once, to judge");
  write_knobs(page, shop.knobs);
  return page.text();
}

}  // namespace gemel
