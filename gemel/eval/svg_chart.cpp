#include "gemel/eval/svg_chart.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace gemel {
namespace {

constexpr double kWidth = 860, kTop = 58, kBottom = 46, kCharacter = 6.6;  // pixels; kCharacter: of the 12 pixel font, about
constexpr const char* kColours[] = {"#1f5fa8", "#d1622b", "#2f8f4e", "#8a4fa3", "#b58900",
                                    "#0f8f9c", "#b02a5b", "#6b6b6b", "#8fa81f", "#3c3c9e"};
constexpr const char* kDashes[] = {"none", "6 3", "2 3"};

std::string escaped(std::string_view text) {
  std::string out;
  for (const char letter : text) {
    if (letter == '<') out += "&lt;";
    else if (letter == '>') out += "&gt;";
    else if (letter == '&') out += "&amp;";
    else out.push_back(letter);
  }
  return out;
}

std::string label(double x, double y, std::string_view anchor, std::string_view text, std::string_view more = "") {
  return fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"{}\"{}>{}</text>\n", x, y, anchor, more, escaped(text));
}

std::string stroke(double x1, double y1, double x2, double y2, std::string_view colour, double width) {
  return fmt::format("<line x1=\"{:.1f}\" y1=\"{:.1f}\" x2=\"{:.1f}\" y2=\"{:.1f}\" stroke=\"{}\" stroke-width=\"{}\"/>\n", x1, y1, x2, y2,
                     colour, width);
}

// Round numbers that cover [low, high]: 0, 0.05, 0.1, ...
struct Axis {
  double first, step, last;

  Axis(double low, double high) {
    if (!(high > low)) high = low + std::max(1e-3, std::abs(low) / 10);
    step = std::pow(10, std::floor(std::log10((high - low) / 4)));
    while ((high - low) / step > 6) step *= (high - low) / step > 12 ? 5 : 2;
    first = std::floor(low / step) * step;
    last = std::ceil(high / step) * step;
  }
  double place(double value, double from, double to) const { return from + (value - first) / (last - first) * (to - from); }
  int num_steps() const { return static_cast<int>(std::lround((last - first) / step)); }
  std::string text(int tick) const {
    const int decimals = std::max(0, static_cast<int>(std::ceil(-std::log10(step) - 1e-9)));
    return fmt::format("{:.{}f}", first + tick * step, decimals);
  }
};

std::string page(const ChartText& text, double height, const std::string& body) {
  return fmt::format(
             "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {0:.0f} {1:.0f}\" width=\"{0:.0f}\" height=\"{1:.0f}\" "
             "font-family=\"system-ui, sans-serif\" font-size=\"12\" fill=\"#222\">\n<rect width=\"100%\" height=\"100%\" "
             "fill=\"#fff\"/>\n",
             kWidth, height) +
         label(16, 24, "start", text.title, " font-size=\"15\" font-weight=\"600\"") + body + "</svg>\n";
}

std::size_t longest(const auto& named) {
  std::size_t length = 0;
  for (const auto& each : named) length = std::max(length, each.name.size());
  return length;
}

std::string path_of(const ChartLine& line, double left, double step, const auto& place) {
  std::string path;
  bool is_open = false;
  for (std::size_t i = 0; i < line.values.size(); ++i) {
    const bool is_number = std::isfinite(line.values[i]);
    if (is_number)
      path += fmt::format("{}{:.1f} {:.1f}", is_open ? " L" : " M", left + step * static_cast<double>(i), place(line.values[i]));
    is_open = is_number;
  }
  return path;
}

}  // namespace

std::string line_chart(const ChartText& text, std::span<const ChartLine> lines) {
  double low = std::numeric_limits<double>::infinity(), high = -low;
  std::size_t num_points = 1;
  for (const ChartLine& line : lines) {
    num_points = std::max(num_points, line.values.size());
    for (const double value : line.values) {
      if (!std::isfinite(value)) continue;
      low = std::min(low, value);
      high = std::max(high, value);
    }
  }
  if (!(low <= high)) low = high = 0;
  const Axis axis(low, high);
  const double legend = 46 + kCharacter * static_cast<double>(longest(lines));
  const double height = std::max(360.0, kTop + kBottom + 20 * static_cast<double>(lines.size()));
  const double left = 64, right = kWidth - legend, bottom = height - kBottom;
  const double step = num_points > 1 ? (right - left - 24) / static_cast<double>(num_points - 1) : 0;
  std::string body = label(16, 44, "start", text.y);
  for (int tick = 0; tick <= axis.num_steps(); ++tick) {
    const double y = axis.place(axis.first + tick * axis.step, bottom, kTop);
    body += stroke(left, y, right, y, "#e4e4e4", 1) + label(left - 8, y + 4, "end", axis.text(tick));
  }
  for (std::size_t i = 0; i < num_points; ++i)
    body += label(left + 12 + step * static_cast<double>(i), bottom + 18, "middle", fmt::format("{}", i + 1));
  body += label((left + right) / 2, height - 10, "middle", text.x);
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const char* colour = kColours[i % std::size(kColours)];
    const char* dash = kDashes[i % std::size(kDashes)];
    const std::string path = path_of(lines[i], left + 12, step, [&](double value) { return axis.place(value, bottom, kTop); });
    body += fmt::format("<path d=\"{}\" fill=\"none\" stroke=\"{}\" stroke-width=\"2\" stroke-dasharray=\"{}\"/>\n", path, colour, dash);
    const double y = kTop + 4 + 20 * static_cast<double>(i);
    body += fmt::format("<path d=\"M{:.1f} {:.1f} h22\" stroke=\"{}\" stroke-width=\"2\" stroke-dasharray=\"{}\"/>\n", right + 10, y - 4,
                        colour, dash);
    body += label(right + 38, y, "start", lines[i].name);
  }
  return page(text, height, body);
}

std::string interval_chart(const ChartText& text, std::span<const ChartRow> rows) {
  double low = 0, high = 0;  // lengths are compared from 0
  for (const ChartRow& row : rows) {
    low = std::min(low, row.value.low);
    high = std::max(high, row.value.high);
  }
  const Axis axis(low, high);
  const double left = 24 + kCharacter * static_cast<double>(longest(rows)), right = kWidth - 70;
  const double height = kTop + kBottom + 26 * static_cast<double>(rows.size()), bottom = height - kBottom;
  std::string body;
  for (int tick = 0; tick <= axis.num_steps(); ++tick) {
    const double x = axis.place(axis.first + tick * axis.step, left, right);
    body += stroke(x, kTop - 14, x, bottom, "#e4e4e4", 1) + label(x, bottom + 18, "middle", axis.text(tick));
  }
  body += label((left + right) / 2, height - 10, "middle", text.x);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const Interval& value = rows[i].value;
    const double y = kTop + 26 * static_cast<double>(i), zero = axis.place(0, left, right), at = axis.place(value.value, left, right);
    body += label(left - 10, y + 4, "end", rows[i].name);
    body += fmt::format("<rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"14\" fill=\"#b9cfe8\"/>\n", std::min(zero, at), y - 7,
                        std::abs(at - zero));
    body += stroke(axis.place(value.low, left, right), y, axis.place(value.high, left, right), y, "#1f5fa8", 2);
    body += fmt::format("<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"3.5\" fill=\"#1f5fa8\"/>\n", at, y);
    body += label(kWidth - 12, y + 4, "end", fmt::format("{:.4f}", value.value));
  }
  return page(text, height, body);
}

}  // namespace gemel
