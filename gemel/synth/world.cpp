#include "gemel/synth/world.h"

#include <cmath>
#include <nlohmann/json.hpp>

#include "gemel/base/file.h"

namespace gemel::synth {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view kFormat = "gemel synthetic shop";
constexpr std::size_t kFingerprintCustomers = 100;

// For people who work with the files elsewhere; the program reads none of them.
Json rules_json() {
  return {{"sharpness", kTasteSharpness},
          {"novelty", kNovelty},
          {"need", kNeed},
          {"need_spread", kNeedSpread},
          {"habit_step", kHabitStep},
          {"max_habit", kMaxHabit},
          {"view_interest", kViewInterest},
          {"cart_interest", kCartInterest},
          {"interest_half_life_days", kInterestHalfLifeDays},
          {"cart_of_need", kCartOfNeed},
          {"cart_of_interest", kCartOfInterest},
          {"cart_of_novelty", kCartOfNovelty},
          {"buy_intercept", kBuyIntercept}};
}

void append_bytes(std::string& bytes, const void* data, std::size_t size) { bytes.append(static_cast<const char*>(data), size); }

}  // namespace

Result<World> World::make(const WorldOptions& options, ThreadPool& pool) {
  if (!(options.scale >= kMinScale && options.scale <= kMaxScale))
    return fail(ErrorCode::kBadConfig, "scale: expected a number from ", kMinScale, " to ", kMaxScale, ", found ", options.scale);
  World world;
  world.options_ = options;
  world.num_customers_ = static_cast<std::size_t>(std::llround(kCustomersAtScaleOne * options.scale));
  world.catalogue_ = make_catalogue(options.seed, static_cast<std::size_t>(std::llround(kProductsAtScaleOne * std::sqrt(options.scale))));
  world.demand_ = Demand::make(options.seed, world.catalogue_, pool);
  return world;
}

Result<void> World::save(const std::filesystem::path& folder) const {
  const Json json = {{"format", kFormat},     {"version", kWorldVersion},         {"scale", options_.scale},
                     {"seed", options_.seed}, {"num_customers", num_customers()}, {"num_products", num_products()},
                     {"rules", rules_json()}, {"fingerprint", fingerprint()}};
  return write_file(folder / kWorldFile, json.dump(2) + "\n");
}

Result<World> World::open(const std::filesystem::path& folder, ThreadPool& pool) {
  const std::string path = (folder / kWorldFile).string();
  GEMEL_ASSIGN_OR_RETURN(const std::string text, read_file(path));
  const Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  const auto is = [&json](const char* key, auto test) { return json.is_object() && json.contains(key) && test(json[key]); };
  const bool is_world = is("format", [](const Json& value) { return value == kFormat; });
  const bool is_complete = is("version", [](const Json& value) { return value.is_number_integer(); }) &&
                           is("scale", [](const Json& value) { return value.is_number(); }) &&
                           is("seed", [](const Json& value) { return value.is_number_unsigned(); }) &&
                           is("fingerprint", [](const Json& value) { return value.is_string(); });
  if (!is_world || !is_complete) return fail(ErrorCode::kCorrupt, path, ": expected the world of a shop that `gemel synth` wrote");
  if (json["version"] != kWorldVersion)
    return fail(ErrorCode::kCorrupt, path, ": version ", json["version"].get<std::int64_t>(), ", this gemel makes version ", kWorldVersion,
                ": write the shop anew");
  GEMEL_ASSIGN_OR_RETURN(World world, make({json["scale"].get<double>(), json["seed"].get<std::uint64_t>()}, pool));
  if (json["fingerprint"] != world.fingerprint())
    return fail(ErrorCode::kCorrupt, path, ": the world made from its scale and seed is not the one that was written");
  return world;
}

// Of what decides about choices: tastes, demand, and the first customers.
std::string World::fingerprint() const {
  std::string bytes;
  for (const Product& product : catalogue_.products) {
    bytes += product.name;
    append_bytes(bytes, &product.taste, sizeof product.taste);
    append_bytes(bytes, &product.duration_days, sizeof product.duration_days);
    append_bytes(bytes, &product.price_z, sizeof product.price_z);
  }
  for (std::size_t day = 0; day < kNumDays; day += 7) append_bytes(bytes, demand_.of_day(day).data(), demand_.of_day(day).size_bytes());
  for (std::size_t number = 0; number < std::min(kFingerprintCustomers, num_customers()); ++number) {
    const Customer customer = this->customer(number);
    append_bytes(bytes, &customer.taste, sizeof customer.taste);
    append_bytes(bytes, &customer.loyalty, sizeof customer.loyalty);
  }
  return checksum_hex(bytes);
}

}  // namespace gemel::synth
