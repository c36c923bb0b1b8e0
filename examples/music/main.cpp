// Four listeners and four artists, through every approach: prints a table for each and draws the map of both towers' space.
//   music [examples/music] [towers.svg]
#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <iostream>

#include "examples/music/score_table.h"
#include "examples/music/tower_map.h"
#include "gemel/base/file.h"
#include "gemel/data/ingest/ingest.h"
#include "gemel/models/registry.h"

namespace gemel::music {
namespace {

void print_table(std::string_view title, const std::array<std::string, 4>& rows,
                 const std::function<std::string(std::size_t row, std::size_t artist)>& cell) {
  std::cout << "\n" << title << "\n" << fmt::format("  {:<13}", "");
  for (const std::string& artist : kArtists) std::cout << fmt::format("{:>14}", artist);
  std::cout << "\n";
  for (std::size_t row = 0; row < rows.size(); ++row) {
    std::cout << fmt::format("  {:<13}", rows[row]);
    for (std::size_t artist = 0; artist < kNumArtists; ++artist) std::cout << fmt::format("{:>14}", cell(row, artist));
    std::cout << "\n";
  }
}

std::string number(double value) { return fmt::format("{:.2f}", value); }

// What a model says of every artist to somebody with this history; artists that it has nothing to say about are left blank.
std::array<std::string, kNumArtists> scores_for(const Recommender& model, const Dataset& dataset, const Query& query, ThreadPool& pool) {
  std::array<std::string, kNumArtists> cells;
  std::vector<std::vector<ScoredItem>> answers;
  model.recommend({&query, 1}, kNumArtists, {}, pool, answers);
  for (const ScoredItem& scored : answers[0]) {
    if (scored.score <= 0) continue;  // only popular
    for (std::size_t artist = 0; artist < kNumArtists; ++artist)
      if (dataset.item_table().ids[to_size(scored.item)] == kArtists[artist]) cells[artist] = number(scored.score);
  }
  for (const HistoryItem& past : query.history)
    for (std::size_t artist = 0; artist < kNumArtists; ++artist)
      if (dataset.item_table().ids[to_size(past.item)] == kArtists[artist]) cells[artist] += " *";
  return cells;
}

Result<void> print_model(std::string_view title, std::string_view model_name, std::string_view knobs, const Dataset& dataset,
                         ThreadPool& pool) {
  const Histories histories(dataset, dataset.num_events());
  const TimePoint now{std::chrono::microseconds(dataset.num_events())};
  GEMEL_ASSIGN_OR_RETURN(const auto model, make_model(model_name, knobs));
  GEMEL_RETURN_IF_ERROR(model->fit({&dataset, dataset.num_events(), now}, {.pool = pool, .curves_path = {}}));
  std::array<std::array<std::string, kNumArtists>, kNumListeners> cells;
  for (std::size_t listener = 0; listener < kNumListeners; ++listener) {
    const auto user = dataset.user_table().find(kListeners[listener]);
    if (!user) return fail(ErrorCode::kNotFound, "listens.csv: no listener '", kListeners[listener], "'");
    const Query query{.user = UserIndex{*user}, .action = {}, .at = now, .history = histories.of(UserIndex{*user}), .excluded = {}};
    cells[listener] = scores_for(*model, dataset, query, pool);
  }
  print_table(title, kListeners, [&](std::size_t row, std::size_t artist) { return cells[row][artist]; });
  return {};
}

Result<void> print_approaches(const std::filesystem::path& folder, ThreadPool& pool) {
  GEMEL_ASSIGN_OR_RETURN(const ShopConfig shop, ShopConfig::open(folder / "shop.toml"));
  const std::filesystem::path ingested = std::filesystem::temp_directory_path() / "gemel-music";
  GEMEL_RETURN_IF_ERROR(ingest(shop, ingested, {.strict = true}, no_progress()));
  GEMEL_ASSIGN_OR_RETURN(const Dataset dataset, Dataset::open(ingested));
  GEMEL_RETURN_IF_ERROR(print_model("Content-based: how much an artist resembles what the listener took (* is what they took)", "content",
                                    "history_half_life_days = \"none\"", dataset, pool));
  GEMEL_RETURN_IF_ERROR(print_model("Collaborative, by listeners: what those with similar tastes took", "user_knn",
                                    "shrinkage = 0, history_half_life_days = \"none\", recency_half_life_days = \"none\"", dataset, pool));
  return print_model("Collaborative, by artists: what was taken by the same listeners", "item_knn",
                     "shrinkage = 0, history_half_life_days = \"none\"", dataset, pool);
}

Result<void> run(const std::filesystem::path& folder, const std::filesystem::path& picture) {
  ThreadPool pool(1);
  print_table("The scores", kListeners, [](std::size_t l, std::size_t a) { return number(kScores[l][a]); });
  GEMEL_RETURN_IF_ERROR(print_approaches(folder, pool));
  const Factors slides{kListenerFactors, kArtistFactors};
  const Table by_slides = products(slides);
  print_table("Matrix factorization: listener factors times artist factors, as on the slides", kListeners,
              [&](std::size_t l, std::size_t a) { return number(by_slides[l][a]); });
  const std::vector<Cell> hidden{{0, 3}, {2, 1}, {3, 2}};
  GEMEL_ASSIGN_OR_RETURN(const Factors learned, learn_factors(kScores, hidden, pool));
  const Table by_learned = products(learned);
  print_table("Matrix factorization: two factors learned with three scores hidden (in brackets)", kListeners,
              [&](std::size_t l, std::size_t a) {
                const bool is_hidden = std::ranges::find(hidden, Cell{l, a}) != hidden.end();
                return is_hidden ? fmt::format("[{}]", number(by_learned[l][a])) : number(by_learned[l][a]);
              });
  const Factors turned = turned_onto(kArtistFactors, learned);
  const auto point = [](const Point& at) { return fmt::format("({:5.2f}, {:5.2f})", at[0], at[1]); };
  std::cout << "\nThe learned factors, turned onto the axes (energetic, emotional lyrics)\n";
  for (std::size_t i = 0; i < 4; ++i)
    std::cout << fmt::format("  {:<7}{}   {:<13}{}\n", kListeners[i], point(turned.listeners[i]), kArtists[i], point(turned.artists[i]));
  return picture.empty() ? Result<void>() : replace_file(picture, tower_map(turned, slides));
}

}  // namespace
}  // namespace gemel::music

int main(int argc, char** argv) {
  const auto outcome = gemel::music::run(argc > 1 ? argv[1] : "examples/music", argc > 2 ? argv[2] : "");
  if (outcome) return 0;
  std::cerr << outcome.error().message << "\n";
  return 1;
}
