#include "cli/health_page.h"

#include <fmt/format.h>

#include <algorithm>
#include <sstream>

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

// Words of `text` in lines of the page's width, the first after `label`, the others below its end.
std::string wrapped(std::string_view label, const std::string& text) {
  const std::size_t indent = characters_in(label);
  std::string out(label);
  std::size_t used = indent;
  std::istringstream words(text);
  for (std::string word; words >> word;) {
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
  std::string out = concat("FINDINGS: ", count(Severity::kSerious), " serious, ", count(Severity::kWarning), " warnings, ",
                           count(Severity::kNote), " notes\n");
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
    for (const health::Table& table : section.tables) out += table_text(table);
  }
  return out;
}

}  // namespace gemel::cli
