#include "gemel/models/registry.h"

#include <algorithm>

#include "gemel/models/blend/blend.h"
#include "gemel/models/bpr/bpr.h"
#include "gemel/models/content/content.h"
#include "gemel/models/ease/ease.h"
#include "gemel/models/ials/ials.h"
#include "gemel/models/item_knn/item_knn.h"
#include "gemel/models/mf/mf.h"
#include "gemel/models/popularity/popularity.h"
#include "gemel/models/repurchase/repurchase.h"
#include "gemel/models/two_tower/two_tower.h"
#include "gemel/models/user_knn/user_knn.h"

namespace gemel {
namespace {

constexpr ModelEntry kModels[] = {
    {"popularity", "best sellers of late, the same for everybody", Popularity::make, Popularity::search_space, true,
     Popularity::tuning_space},
    {"repurchase", "what the customer buys again and again, then best sellers", Repurchase::make, Repurchase::search_space, true,
     Repurchase::tuning_space},
    {"content", "products whose features resemble those of what the customer had", Content::make, Content::search_space, true,
     Content::tuning_space},
    {"item_knn", "products bought by the customers who bought what the customer had", ItemKnn::make, ItemKnn::search_space, true,
     ItemKnn::tuning_space},
    {"user_knn", "what the customers with the most similar histories bought of late", UserKnn::make, UserKnn::search_space, true,
     UserKnn::tuning_space},
    {"ials", "customers and products as factors of all that was and was not taken, by alternating least squares", Ials::make,
     Ials::search_space, false, Ials::tuning_space},
    {"mf", "factors and biases of given scores, such as ratings, by gradient steps", Mf::make, Mf::search_space, false, Mf::tuning_space},
    {"bpr", "customers and products as factors that put what was taken above what was not, by gradient steps", Bpr::make, Bpr::search_space,
     false, Bpr::tuning_space},
    {"ease", "what goes with what the customer had, all products weighed against each other in closed form", Ease::make, Ease::search_space,
     false, Ease::tuning_space},
    {"two_tower", "a query tower and a candidate tower, beside the popularity of the last days", TwoTower::make, TwoTower::search_space,
     false, TwoTower::tuning_space},
    {"blend", "several models in one ranking, weighted on validation", Blend::make, Blend::search_space, false},
};

}  // namespace

std::span<const ModelEntry> registered_models() { return kModels; }

const ModelEntry* find_model(std::string_view name) {
  const auto found = std::find_if(std::begin(kModels), std::end(kModels), [name](const ModelEntry& entry) { return entry.name == name; });
  return found == std::end(kModels) ? nullptr : found;
}

Result<void> check_models(const ConfigFile& config) {
  ConfigTable root = config.root(), models = root.table("models");
  for (const char* section : {"events", "items", "users", "split"}) {  // of a whole shop.toml, which ShopConfig reads
    if (root.has(section)) root.table(section);
  }
  for (const ModelEntry& entry : kModels) {
    ConfigTable knobs = models.table(entry.name);
    GEMEL_RETURN_IF_ERROR(knobs.status());
    GEMEL_RETURN_IF_ERROR(entry.make(std::move(knobs)));
  }
  GEMEL_RETURN_IF_ERROR(models.finish());
  return root.finish();
}

std::string fixed_knobs(const ConfigFile& config, std::string_view model) {
  ConfigTable models = config.root().table("models"), table = models.table(model);
  std::string text, parts;
  const auto add = [](std::string& list, std::string_view key, std::string_view value) {
    list += concat(list.empty() ? "" : ", ", key, " = ", value);
  };
  for (const std::string& key : table.keys())
    if (model != "blend" || key != "knobs") add(text, key, table.as_toml(key));
  if (model != "blend") return text;
  ConfigTable own = table.table("knobs");
  for (const std::string& part : own.keys()) add(parts, part, own.as_toml(part));
  for (const std::string& part : table.texts("parts", Blend::Knobs{}.parts))
    if (!own.has(part) && models.has(part)) add(parts, part, models.as_toml(part));
  if (!parts.empty()) add(text, "knobs", concat("{", parts, "}"));
  return text;
}

Result<std::unique_ptr<Recommender>> make_model(std::string_view name, std::string_view toml_text) {
  const ModelEntry* entry = find_model(name);
  if (entry == nullptr) {
    std::string known;
    for (const ModelEntry& each : kModels) known += concat(known.empty() ? "" : ", ", each.name);
    return fail(ErrorCode::kBadConfig, "unknown model '", name, "'; known: ", known);
  }
  // One line is what knobs() prints, `a = 1, b = 2`: the inside of an inline table. Several lines are a document.
  if (toml_text.find('\n') != std::string_view::npos) {
    GEMEL_ASSIGN_OR_RETURN(const ConfigFile file, ConfigFile::parse(toml_text, name));
    return entry->make(file.root());
  }
  GEMEL_ASSIGN_OR_RETURN(const ConfigFile file, ConfigFile::parse(concat("knobs = {", toml_text, "}"), name));
  return entry->make(file.root().table("knobs"));
}

}  // namespace gemel
