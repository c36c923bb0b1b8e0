#include "gemel/synth/write_shop.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "gemel/base/file.h"
#include "gemel/data/day.h"
#include "gemel/synth/year.h"

namespace gemel::synth {
namespace {

constexpr std::size_t kCustomersAFile = 25'000;
constexpr std::size_t kCustomersABlock = 250;

constexpr std::string_view kShopToml = R"(# A made-up beauty shop, written by `gemel synth`: docs/synthetic_shop.md.

[events]
path = "events-*.csv"
time = "time"
user = "customer"
item = "product"
action = "action"

[events.actions.purchase]
target = true

[events.actions.cart]
weight = 0.5

[events.actions.view]
weight = 0.2

[items]
path = "catalogue.csv"
id = "product"
name = "name"

[items.features]
brand = "category"
series = "category"
category = "category"
type = "category"
gender = "category"
price_eur = { type = "number", transform = "log1p", buckets = 20 }
volume_ml = { type = "number", transform = "log1p", buckets = 20 }  # none: sold by the piece
ingredients = "tags"
effects = "tags"
scent = "category"
hair_type = "category"
finish = "category"
skin_type = "category"
launched = "shown"             # a day; products that are launched later stand in the catalogue from the beginning

[users]
path = "customers-*.csv"
id = "customer"

[users.features]               # told by most customers, not by all
gender = "category"
age_group = "category"
skin_type = "category"
hair_type = "category"
region = "category"

[split]
validation = 0.1
test = 0.1
)";

// Text of a CSV field; nothing here needs quotes.
std::string joined(const std::vector<std::string_view>& words) { return fmt::format("{}", fmt::join(words, "|")); }

std::string catalogue_csv(const Catalogue& catalogue) {
  std::string text =
      "product,name,brand,series,category,type,gender,price_eur,volume_ml,ingredients,effects,scent,hair_type,finish,skin_type,launched\n";
  for (std::size_t number = 0; number < catalogue.products.size(); ++number) {
    const Product& product = catalogue.products[number];
    const Brand& brand = catalogue.brands[product.brand];
    const ProductType& type = product_types()[product.type];
    const std::string volume = product.volume_ml > 0 ? concat(product.volume_ml) : "";
    text += fmt::format("{},{},{},{},{},{},{},{:.2f},{},{},{},{},{},{},{},{}\n", product_id(number), product.name, brand.name,
                        concat(brand.name, " ", brand.series[product.series]), categories()[type.category].name, type.name,
                        to_text(product.gender), product.price_eur, volume, joined(product.ingredients), joined(product.effects),
                        product.scent, product.hair_type, product.finish, product.skin_type,
                        gemel::to_text(kFirstDay + std::chrono::days(product.launch_day)));
  }
  return text;
}

void append_customer(const World& world, std::size_t number, std::string& text) {
  const Customer customer = world.customer(number);
  fmt::format_to(std::back_inserter(text), "{},{},{},{},{},{}\n", customer_id(number), customer.declared_gender,
                 customer.declared_age_group, customer.declared_skin_type, customer.declared_hair_type, customer.declared_region);
}

// "2025-03-05T12:34:56Z"; the day's text is given.
void append_event(std::string_view customer, const Event& event, const std::vector<std::string>& days, std::string& text) {
  const auto second = static_cast<int>(event.at % kSecondsADay);
  fmt::format_to(std::back_inserter(text), "{}T{:02}:{:02}:{:02}Z,{},{},{}\n", days[day_of_second(event.at)], second / 3600,
                 second / 60 % 60, second % 60, customer, product_id(event.product), kActionNames[static_cast<std::size_t>(event.action)]);
}

// What one block of customers did, as lines.
struct Block {
  std::string customers, events;
  ShopCounts counts;
};

class ShopWriter {
 public:
  ShopWriter(const World& world, const std::filesystem::path& folder, ThreadPool& pool, ProgressSink& progress)
      : world_(world), folder_(folder), pool_(pool), progress_(progress) {
    for (std::size_t day = 0; day < kNumDays; ++day) days_.push_back(gemel::to_text(kFirstDay + std::chrono::days(day)));
  }

  Result<ShopCounts> run() {
    GEMEL_RETURN_IF_ERROR(world_.save(folder_));
    GEMEL_RETURN_IF_ERROR(write_file(folder_ / "shop.toml", kShopToml));
    GEMEL_RETURN_IF_ERROR(write_file(folder_ / "catalogue.csv", catalogue_csv(world_.catalogue())));
    progress_.begin("synth", world_.num_customers(), "customers");
    for (std::size_t begin = 0; begin < world_.num_customers(); begin += kCustomersAFile)
      GEMEL_RETURN_IF_ERROR(write_customers(begin, std::min(world_.num_customers(), begin + kCustomersAFile)));
    progress_.end();
    return counts_;
  }

 private:
  // A file of customers and one of their events.
  Result<void> write_customers(std::size_t begin, std::size_t end) {
    std::vector<Block> blocks((end - begin + kCustomersABlock - 1) / kCustomersABlock);
    pool_.run(blocks.size(), [&](std::size_t block) {
      const std::size_t first = begin + block * kCustomersABlock;
      if (!interrupted()) simulate(first, std::min(end, first + kCustomersABlock), blocks[block]);
    });
    if (interrupted()) return fail(ErrorCode::kInterrupted, "synth interrupted; nothing was written");
    std::string events = "time,customer,product,action\n", customers = "customer,gender,age_group,skin_type,hair_type,region\n";
    for (const Block& block : blocks) {
      events += block.events;
      customers += block.customers;
      counts_.num_events += block.counts.num_events;
      counts_.num_repeats += block.counts.num_repeats;
      for (std::size_t action = 0; action < 3; ++action) counts_.num_by_action[action] += block.counts.num_by_action[action];
    }
    const std::size_t file = counts_.num_event_files++;
    GEMEL_RETURN_IF_ERROR(write_file(folder_ / fmt::format("events-{:04}.csv", file), events));
    GEMEL_RETURN_IF_ERROR(write_file(folder_ / fmt::format("customers-{:04}.csv", file), customers));
    progress_.advance(end);
    return {};
  }

  void simulate(std::size_t first, std::size_t last, Block& block) const {
    YearOfCustomer year(world_);
    std::vector<Event> events;
    std::set<std::uint32_t> bought;
    for (std::size_t number = first; number < last; ++number) {
      year.run(number, events);
      bought.clear();
      const std::string customer = customer_id(number);
      append_customer(world_, number, block.customers);
      for (const Event& event : events) {
        append_event(customer, event, days_, block.events);
        ++block.counts.num_by_action[static_cast<std::size_t>(event.action)];
        if (event.action == Action::kPurchase && !bought.insert(event.product).second) ++block.counts.num_repeats;
      }
      block.counts.num_events += events.size();
    }
  }

  const World& world_;
  const std::filesystem::path& folder_;
  ThreadPool& pool_;
  ProgressSink& progress_;
  std::vector<std::string> days_;
  ShopCounts counts_;
};

}  // namespace

Result<ShopCounts> write_shop(const World& world, const std::filesystem::path& target, ThreadPool& pool, ProgressSink& progress) {
  GEMEL_ASSIGN_OR_RETURN(AtomicDirectory directory, AtomicDirectory::create(target, kWorldFile));
  GEMEL_ASSIGN_OR_RETURN(const ShopCounts counts, ShopWriter(world, directory.path(), pool, progress).run());
  GEMEL_RETURN_IF_ERROR(directory.commit());
  return counts;
}

}  // namespace gemel::synth
