"""A made-up shop of the size that training is measured on, as files that `gemel ingest` reads and as arrays for the peers.

    python bench/generate_shop.py FOLDER [--scale 1]

Scale 1: 250,000 customers, 6,700 products, 2,000,000 events of a year. Customers and products are drawn from power laws, so that a batch of
4,096 holds about 1,800 products; two thirds of the events stay within the few categories that a customer likes, so that there is something to
learn. Events are sorted by time: row numbers of events.npz and of the Dataset agree.
"""
import argparse
import pathlib

import numpy
import pyarrow
import pyarrow.parquet

CUSTOMERS, PRODUCTS, EVENTS, DAYS = 250_000, 6_700, 2_000_000, 365
CATEGORIES = {"brand": 200, "series": 600, "category": 40, "type": 120, "gender": 4}
ATTRIBUTES = 300
ACTIONS = 5
SHOP = """[events]
path = "events.parquet"
time = "time"
user = "user"
item = "item"
action = "action"
weight = "weight"
actions = { a0 = { target = true }, a1 = { target = true }, a2 = { target = true }, a3 = { target = true }, a4 = { target = true } }

[items]
path = "items.parquet"
id = "id"

[items.features]
brand = "category"
series = "category"
category = "category"
type = "category"
gender = "category"
attributes = "tags"
price = "number"
volume = "number"

[split]
validation = 0.003
test = 0.003
"""


def power_law(count, exponent, flat, rng):
    """Chances that fall with the rank, in random order."""
    chances = (numpy.arange(count) + flat) ** -exponent
    return rng.permutation(chances / chances.sum())


def draw_products(customers, category, rng):
    """A product for each event: two in three from the two categories that the customer likes."""
    popularity = power_law(len(category), 1.0, 12.0, rng)
    liked = rng.integers(0, CATEGORIES["category"], (customers.max() + 1, 2), dtype=numpy.int32)
    item = rng.choice(len(category), len(customers), p=popularity).astype(numpy.int32)
    wanted = numpy.where(rng.random(len(customers)) < 2 / 3, liked[customers, rng.integers(0, 2, len(customers))], -1)
    for value in range(CATEGORIES["category"]):
        events, products = numpy.flatnonzero(wanted == value), numpy.flatnonzero(category == value)
        if len(products) > 0:
            item[events] = rng.choice(products, len(events), p=popularity[products] / popularity[products].sum())
    return item


def make(scale):
    rng = numpy.random.default_rng(20)
    num_products = PRODUCTS if scale == 1 else round(PRODUCTS * 1.5 * scale)  # 100,500 at ten times the events
    num_customers, num_events = CUSTOMERS * (4 if scale == 10 else scale), EVENTS * scale
    shop = {name: rng.choice(count, num_products, p=power_law(count, 0.85, 8.0, rng)).astype(numpy.int32) for name, count in CATEGORIES.items()}
    shop["price"] = rng.lognormal(2.5, 0.6, num_products).astype(numpy.float32)
    shop["volume"] = rng.lognormal(3.5, 0.8, num_products).astype(numpy.float32)
    num_attributes = rng.integers(4, 13, num_products)
    shop["attribute_offsets"] = numpy.concatenate([[0], numpy.cumsum(num_attributes)])
    shop["attributes"] = rng.integers(0, ATTRIBUTES, num_attributes.sum()).astype(numpy.int32)
    shop["user"] = rng.choice(num_customers, num_events, p=power_law(num_customers, 0.6, 10.0, rng)).astype(numpy.int32)
    shop["item"] = draw_products(shop["user"], shop["category"], rng)
    shop["action"] = rng.choice(ACTIONS, num_events, p=[0.6, 0.15, 0.1, 0.1, 0.05]).astype(numpy.int32)
    shop["weight"] = 1 - rng.random(num_events, dtype=numpy.float32)  # above 0
    shop["day_time"] = numpy.sort(rng.random(num_events)) * DAYS  # days since the year began
    return shop


def write(shop, folder):
    named = lambda prefix, values: pyarrow.array(numpy.char.add(prefix, values.astype(str)))
    moments = numpy.datetime64("2023-01-01", "us") + (shop["day_time"] * 86_400e6).astype("timedelta64[us]")
    pyarrow.parquet.write_table(pyarrow.table({"time": moments, "user": named("u", shop["user"]), "item": named("p", shop["item"]),
                                               "action": named("a", shop["action"]), "weight": shop["weight"]}), folder / "events.parquet")
    offsets, attributes = shop["attribute_offsets"], shop["attributes"]
    columns = {"id": named("p", numpy.arange(len(offsets) - 1)), "price": shop["price"], "volume": shop["volume"],
               "attributes": ["|".join(map(str, attributes[begin:end])) for begin, end in zip(offsets, offsets[1:])]}
    columns |= {name: named(name, shop[name]) for name in CATEGORIES}
    pyarrow.parquet.write_table(pyarrow.table(columns), folder / "items.parquet")
    (folder / "shop.toml").write_text(SHOP)
    numpy.savez(folder / "shop.npz", **shop)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--scale", type=int, default=1, choices=(1, 10))
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    write(make(options.scale), options.folder)


if __name__ == "__main__":
    main()
