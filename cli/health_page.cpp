#include "cli/health_page.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <sstream>
#include <utility>
#include <vector>

#include "cli/table.h"
#include "gemel/base/concat.h"
#include "gemel/data/health/wording.h"

namespace gemel::cli {
namespace {

using health::Cell;
using health::Severity;

constexpr std::size_t kIndent = 2;

std::size_t characters_in(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(text, [](char byte) { return (static_cast<unsigned char>(byte) & 0xc0) != 0x80; }));
}

// Words of at most `width` characters: longer ones are cut into several, and control characters of ids and names are blanks.
std::vector<std::string> words_of(std::string text, std::size_t width) {
  std::ranges::replace_if(text, [](unsigned char byte) { return byte < 0x20 || byte == 0x7f; }, ' ');
  std::vector<std::string> words;
  std::istringstream stream(text);
  for (std::string word; stream >> word;) {
    std::string piece;
    for (const char byte : word) {
      const bool begins_character = (static_cast<unsigned char>(byte) & 0xc0) != 0x80;
      if (begins_character && characters_in(piece) == width) words.push_back(std::exchange(piece, {}));
      piece += byte;
    }
    words.push_back(std::move(piece));
  }
  return words;
}

// Words of `text` in lines of the page's width, the first after `label`, the others below its end.
std::string wrapped(std::string_view label, const std::string& text) {
  const std::size_t indent = characters_in(label);
  std::string out(label);
  std::size_t used = indent;
  for (const std::string& word : words_of(text, kHealthPageWidth - indent)) {
    const std::size_t width = characters_in(word);
    if (used > indent && used + 1 + width > kHealthPageWidth) {
      out += '\n' + std::string(indent, ' ');
      used = indent;
    }
    if (used > indent) {
      out += ' ';
      ++used;
    }
    out += word;
    used += width;
  }
  return out + '\n';
}

std::string cell_text(const Cell& cell) {
  if (std::isnan(cell.value)) return "";
  switch (cell.kind) {
    case Cell::Kind::kText: return cell.text;
    case Cell::Kind::kCount: return fmt::format("{:.0f}", cell.value);
    case Cell::Kind::kShare: return health::percent(cell.value);
    case Cell::Kind::kNumber: return health::short_number(cell.value);
  }
  return "";
}

std::string indented(const std::string& text) {
  std::istringstream lines(text);
  std::string out;
  for (std::string line; std::getline(lines, line);) out += std::string(kIndent, ' ') + line + '\n';
  return out;
}

std::string table_text(const health::Table& table) {
  if (table.shown_rows == 0 || table.rows.empty()) return "";
  std::vector<std::string> header = table.columns;
  for (std::string& column : header) std::ranges::replace(column, '_', ' ');
  Table page(std::move(header));
  page.set_total_width(kHealthPageWidth - kIndent);
  const std::size_t shown = std::min(table.rows.size(), table.shown_rows);
  for (std::size_t row = 0; row < shown; ++row) {
    std::vector<std::string> cells;
    for (const Cell& cell : table.rows[row]) cells.push_back(cell_text(cell));
    page.add_row(std::move(cells));
  }
  std::string out = indented(page.text());
  if (shown < table.rows.size()) out += concat("  ... and ", table.rows.size() - shown, " more: --json has all\n");
  return out;
}

std::string findings_text(const health::Report& report) {
  const auto findings = report.worst_first();
  if (findings.empty()) return "No findings: nothing here that would spoil recommendations or their evaluation.\n";
  const auto count = [&](Severity severity) {
    return std::ranges::count_if(findings, [&](const auto& located) { return located.finding->severity == severity; });
  };
  std::string out = concat("FINDINGS: ", count(Severity::kSerious), " serious, ",
                           health::counted(static_cast<std::uint64_t>(count(Severity::kWarning)), "warning"), ", ",
                           health::counted(static_cast<std::uint64_t>(count(Severity::kNote)), "note"), "\n");
  for (const auto& [section, finding] : findings) {
    out += '\n' + wrapped(fmt::format("{:<9}", to_text(finding->severity)), concat(section->name, ": ", finding->what, "."));
    out += wrapped("         so       ", concat(finding->means, "."));
    out += wrapped("         do       ", concat(finding->todo, finding->key.empty() ? "" : concat(" [", finding->key, "]"), "."));
  }
  return out;
}

}  // namespace

std::string health_page(const health::Report& report) {
  std::string out = findings_text(report);
  for (const health::Section& section : report.sections) {
    std::string title = section.title;
    std::ranges::transform(title, title.begin(), [](unsigned char letter) { return static_cast<char>(std::toupper(letter)); });
    out += concat("\n", title, "\n");
    if (!section.skipped.empty()) out += wrapped("  ", concat("Not looked at: ", section.skipped, "."));
    for (const std::string& line : section.lines) out += wrapped("  ", line);
    std::string gap;  // between two tables
    for (const health::Table& table : section.tables) {
      const std::string text = table_text(table);
      if (text.empty()) continue;
      out += gap + text;
      gap = "\n";
    }
  }
  return out;
}

}  // namespace gemel::cli
