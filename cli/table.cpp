#include "cli/table.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <numeric>

#include "gemel/base/check.h"

namespace gemel::cli {
namespace {

bool is_continuation(char byte) { return (static_cast<unsigned char>(byte) & 0xc0) == 0x80; }

std::size_t width_of(const std::string& text) {
  return static_cast<std::size_t>(std::ranges::count_if(text, [](char byte) { return !is_continuation(byte); }));
}

// The first `width` characters, with "..." in place of the last three when something was cut. A cell stays in one line.
std::string fitted(std::string text, std::size_t width) {
  std::ranges::replace_if(text, [](unsigned char byte) { return byte < 0x20; }, ' ');
  if (width_of(text) <= width) return text;
  std::size_t end = 0;
  for (std::size_t characters = 0; characters + 3 < width; ++characters) {
    do ++end;
    while (end < text.size() && is_continuation(text[end]));
  }
  return text.substr(0, end) + "...";
}

// Takes from the widest column, one character at a time, until the columns and what parts them fit; none gets narrower than kNarrowest.
void shrink(std::vector<std::size_t>& widths, std::size_t total) {
  constexpr std::size_t kNarrowest = 8, kGap = 2;
  while (std::accumulate(widths.begin(), widths.end(), kGap * (widths.size() - 1)) > total) {
    const auto widest = std::ranges::max_element(widths);
    if (*widest <= kNarrowest) return;
    --*widest;
  }
}

bool is_number(const std::string& text) {
  return !text.empty() && std::ranges::all_of(text, [](unsigned char c) { return std::isdigit(c) || c == '.' || c == '-' || c == '+'; });
}

}  // namespace

std::string Table::text() const {
  std::vector<std::vector<std::string>> cells{header_};
  cells.insert(cells.end(), rows_.begin(), rows_.end());
  std::vector<std::size_t> widths(header_.size(), 0);
  std::vector<bool> to_the_right(header_.size(), !rows_.empty());
  for (std::size_t row = 0; row < cells.size(); ++row) {
    GEMEL_CHECK(cells[row].size() == header_.size(), "Table: one cell for each column");
    for (std::size_t column = 0; column < widths.size(); ++column) {
      cells[row][column] = fitted(std::move(cells[row][column]), max_width_);
      widths[column] = std::max(widths[column], width_of(cells[row][column]));
      if (row > 0 && !is_number(cells[row][column])) to_the_right[column] = false;
    }
  }
  shrink(widths, total_width_);
  for (auto& row : cells)
    for (std::size_t column = 0; column < widths.size(); ++column) row[column] = fitted(std::move(row[column]), widths[column]);
  std::string out;
  for (const auto& row : cells) {
    std::string line;
    for (std::size_t column = 0; column < row.size(); ++column) {
      const std::string padding(widths[column] - width_of(row[column]), ' ');
      line += to_the_right[column] ? padding + row[column] : row[column] + padding;
      line += "  ";
    }
    line.erase(line.find_last_not_of(' ') + 1);
    out += line + '\n';
  }
  return out;
}

std::size_t terminal_width() {
  constexpr std::size_t kUsual = 120;
  winsize size{};
  return ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : kUsual;
}

}  // namespace gemel::cli
