// manifest.json: what a bundle says of itself. Written last; it lists size and checksum of every other file and ends with a checksum of
// its own preceding bytes, so that nothing is believed before it is known to be whole. docs/formats/bundle.md describes the keys.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gemel/base/result.h"
#include "gemel/base/sealed_json.h"
#include "gemel/data/dataset.h"
#include "gemel/index/index_report.h"
#include "gemel/numerics/thread_pool.h"

namespace gemel {

inline constexpr int kBundleVersion = 1;
inline constexpr std::string_view kManifestFile = "manifest.json";

struct BundleAction {
  std::string name;
  bool target = false;
};

struct Manifest {
  std::string model_name;
  std::string model_knobs;         // one line of TOML
  std::string data_fingerprint;    // of the Dataset it was made from
  TimeKind time_kind = TimeKind::kSeconds;
  TimePoint trained_until{};       // parameters saw events before this
  TimePoint cut{};                 // state (histories, counters) holds the events before this
  std::uint64_t num_events = 0;    // events [0, this) of the Dataset are known
  std::uint64_t num_users = 0;
  std::uint64_t num_items = 0;
  std::vector<BundleAction> actions;  // ActionIndex is the place in this list
  std::optional<IndexReport> index;   // of the model's products
  std::string metrics_json = "null";  // any JSON value
  std::vector<ListedFile> files;
};

Result<void> write_manifest(const std::filesystem::path& directory, const Manifest& manifest);

// Checks the manifest's own checksum, then size and checksum of every file. Errors: kNotFound (nothing there), kCorrupt (foreign, torn,
// newer, or damaged).
Result<Manifest> read_manifest(const std::filesystem::path& directory, ThreadPool& pool);

// "exact", or "approximate, 632 partitions, index_recall_at_100 0.9912 on 1000 queries".
std::string index_label(const IndexReport& index);

// "2017-12-01 08:30:00"; for Datasets that only know an order, "row 1200".
std::string time_label(TimePoint at, TimeKind kind);

}  // namespace gemel
