#include "gemel/report/page.h"

#include "gemel/base/check.h"

// Files that the build embeds (cmake/embed.cmake).
extern "C" {
extern const char gemel_page_html[], gemel_page_html_end[];
extern const char gemel_page_css[], gemel_page_css_end[];
extern const char gemel_page_js[], gemel_page_js_end[];
extern const char gemel_report_js[], gemel_report_js_end[];
extern const char gemel_tuning_js[], gemel_tuning_js_end[];
extern const char gemel_charts_js[], gemel_charts_js_end[];
}

namespace gemel::report {
namespace {

std::string escaped_for_html(std::string_view text) {
  std::string out;
  for (const char letter : text) {
    switch (letter) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '"': out += "&quot;"; break;
      default: out += letter;
    }
  }
  return out;
}

// JSON inside a script element: no text in it may close the element, and < can only stand inside JSON's texts.
std::string escaped_for_script(std::string_view json) {
  std::string out;
  out.reserve(json.size());
  for (const char letter : json) {
    if (letter == '<') out += "\\u003c";
    else out += letter;
  }
  return out;
}

std::string_view between(const char* begin, const char* end) { return {begin, static_cast<std::size_t>(end - begin)}; }

}  // namespace

std::string html_page(PageKind kind, std::string_view title, std::string_view json) {
  const std::string title_text = escaped_for_html(title), data = escaped_for_script(json);
  const std::string_view content =
      kind == PageKind::kReport ? between(gemel_report_js, gemel_report_js_end) : between(gemel_tuning_js, gemel_tuning_js_end);
  std::string_view rest = between(gemel_page_html, gemel_page_html_end);
  std::string page;
  const auto fill = [&](std::string_view mark, std::string_view with) {  // marks stand in the template in this order
    const auto at = rest.find(mark);
    GEMEL_CHECK(at != std::string_view::npos, mark);
    page.append(rest.substr(0, at)).append(with);
    rest.remove_prefix(at + mark.size());
  };
  fill("{{title}}", title_text);
  fill("{{style}}", between(gemel_page_css, gemel_page_css_end));
  fill("{{data}}", data);
  fill("{{charts}}", between(gemel_charts_js, gemel_charts_js_end));
  fill("{{script}}", between(gemel_page_js, gemel_page_js_end));
  fill("{{content}}", content);
  return page.append(rest);
}

}  // namespace gemel::report
