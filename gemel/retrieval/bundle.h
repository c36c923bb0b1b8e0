// A bundle: all that training hands to serving, a directory that anyone's tools can open.
//
//   manifest.json                what it is, sizes and checksums of every file (manifest.h)
//   model/                       whatever the model saves
//   items.jsonl                  one product a line, in the order of ItemIndex: {"id": ..., "name": ..., "attributes": {...}}
//   users.jsonl                  one customer a line, in the order of UserIndex: {"id": ...}
//   state/histories.safetensors  the last events of each customer, as of the cut: offsets, at_us, item, weight, action
//   state/seen.safetensors       the distinct products of each customer, sorted (offsets, item); eligible [num_items], 0 = no
//   shop.toml                    the configuration of the data
//
// Thread safety: const after open, but for model() while it is advanced.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "gemel/models/recommender.h"
#include "gemel/retrieval/customer_state.h"
#include "gemel/retrieval/entity_lines.h"
#include "gemel/retrieval/manifest.h"

namespace gemel {

// What a bundle is made from. `model` is fitted and stands at `cut`: events [0, num_events) of the Dataset are known to it.
struct BundleSource {
  const Recommender& model;
  const Dataset& dataset;
  std::size_t num_events = 0;
  TimePoint trained_until{};
  TimePoint cut{};
  std::string metrics_json = "null";
  // The last so many events of each customer are kept; 0: all, so that models which look far back answer as they were evaluated.
  std::size_t history_limit = 0;
};

// Written beside `target` and renamed into place. Errors: kIo, kBadInput (`target` is somebody else's folder), kInterrupted.
Result<void> save_bundle(const std::filesystem::path& target, const BundleSource& source);

struct Product {
  std::string id;
  std::string name;             // the id where the shop names nothing
  std::string attributes_json;  // {"brand": "...", "price": 12.5, "tags": [...]}; missing ones are left out
};

class Bundle {
 public:
  // Everything is checked before it is believed. Errors: kNotFound, kIo, kCorrupt.
  static Result<Bundle> open(const std::filesystem::path& directory);

  const Manifest& manifest() const { return manifest_; }
  const Recommender& model() const { return *model_; }
  Recommender& model() { return *model_; }
  const CustomerState& customers() const { return customers_; }

  std::optional<UserIndex> find_user(std::string_view id) const;
  std::optional<ItemIndex> find_item(std::string_view id) const;
  std::optional<ActionIndex> find_action(std::string_view name) const;
  Product product(ItemIndex item) const;

 private:
  friend class Retriever;  // puts a later state in place of the saved one
  Result<void> load(const std::filesystem::path& directory, ThreadPool& pool);
  Result<void> load_model(const std::filesystem::path& directory);

  Manifest manifest_;
  std::unique_ptr<Recommender> model_;
  EntityLines items_, users_;
  CustomerState customers_;
};

}  // namespace gemel
