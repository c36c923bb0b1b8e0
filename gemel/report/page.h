// A page that needs nothing but a browser: template, style, script, the chart library (Vega-Lite) and the data in one HTML file.
#pragma once

#include <string>
#include <string_view>

namespace gemel::report {

enum class PageKind { kReport, kTuning };

// `json`: what the page shows, one JSON object. What it says is shown as text, never read as markup.
std::string html_page(PageKind kind, std::string_view title, std::string_view json);

}  // namespace gemel::report
