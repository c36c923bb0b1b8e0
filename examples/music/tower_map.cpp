#include "examples/music/tower_map.h"

#include <fmt/format.h>

namespace gemel::music {
namespace {

constexpr double kMiddle = 320, kUnit = 230;  // pixels
constexpr const char* kListenerColour = "#b4531f";
constexpr const char* kArtistColour = "#1f5fb4";

double x_of(const Point& point) { return kMiddle + kUnit * point[0]; }
double y_of(const Point& point) { return kMiddle - kUnit * point[1]; }

std::string text(double x, double y, std::string_view anchor, std::string_view colour, std::string_view words) {
  return fmt::format("  <text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"{}\" fill=\"{}\">{}</text>\n", x, y, anchor, colour, words);
}

std::string ring(const Point& at, std::string_view colour) {
  return fmt::format("  <circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"9\" fill=\"none\" stroke=\"{}\" stroke-dasharray=\"3 2\"/>\n", x_of(at),
                     y_of(at), colour);
}

std::string axes() {
  const double end = 1.25 * kUnit;
  return fmt::format("  <path d=\"M{0} {1}H{2}M{1} {0}V{2}\" stroke=\"#999\"/>\n", kMiddle - end, kMiddle, kMiddle + end) +
         text(kMiddle + end, kMiddle + 18, "end", "#555", "energetic") + text(kMiddle - end, kMiddle + 18, "start", "#555", "calm") +
         text(kMiddle, kMiddle - end - 8, "middle", "#555", "emotional lyrics") +
         text(kMiddle, kMiddle + end + 20, "middle", "#555", "instrumental");
}

std::string legend() {
  std::string out;
  const double x = 20, y = 24;
  out += fmt::format("  <circle cx=\"{}\" cy=\"{}\" r=\"5\" fill=\"{}\"/>\n", x, y - 4, kListenerColour) +
         text(x + 12, y, "start", "#333", "listener, query tower");
  out += fmt::format("  <rect x=\"{}\" y=\"{}\" width=\"10\" height=\"10\" fill=\"{}\"/>\n", x - 5, y + 13, kArtistColour) +
         text(x + 12, y + 22, "start", "#333", "artist, candidate tower");
  out += fmt::format("  <circle cx=\"{}\" cy=\"{}\" r=\"7\" fill=\"none\" stroke=\"#555\" stroke-dasharray=\"3 2\"/>\n", x, y + 40) +
         text(x + 14, y + 44, "start", "#333", "as on the slides");
  return out;
}

}  // namespace

std::string tower_map(const Factors& learned, const Factors& slides) {
  std::string out =
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 640 660\" width=\"640\" height=\"660\" font-family=\"sans-serif\" "
      "font-size=\"14\">\n  <title>Listeners and artists in one space</title>\n  <rect width=\"640\" height=\"660\" fill=\"white\"/>\n";
  out += axes() + legend();
  for (std::size_t l = 0; l < kNumListeners; ++l) {
    const Point& at = learned.listeners[l];
    out += ring(slides.listeners[l], kListenerColour);
    out += fmt::format("  <circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"5\" fill=\"{}\"/>\n", x_of(at), y_of(at), kListenerColour);
    const bool is_far_right = at[0] > .5;  // beside the artists there, not among their names
    out += text(x_of(at) + (is_far_right ? 18 : 0), y_of(at) + (is_far_right ? 6 : -13), is_far_right ? "start" : "middle", kListenerColour,
                kListeners[l]);
  }
  for (std::size_t a = 0; a < kNumArtists; ++a) {
    const Point& at = learned.artists[a];
    out += ring(slides.artists[a], kArtistColour);
    out += fmt::format("  <rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"10\" height=\"10\" fill=\"{}\"/>\n", x_of(at) - 5, y_of(at) - 5,
                       kArtistColour);
    out += text(x_of(at), y_of(at) + 24, "middle", kArtistColour, kArtists[a]);
  }
  return out + "</svg>\n";
}

}  // namespace gemel::music
