"""What `gemel ingest` does, in pandas, on the Complete Journey or on the shop of generate_shop.py: read, factorize both ids, join the
catalogue, drop duplicates, sort by time, write Parquet. The yardstick of ingest's speed; bench/README.md has the last figures.

    python bench/ingest_pandas.py FOLDER_WITH_PARQUET_FILES OUT_FOLDER
"""
import pathlib
import resource
import sys
import time

import pandas


# File of events, of products; columns: time, customer, product, weight; id of a product.
JOURNEY = ("transactions.parquet", "products.parquet", "transaction_timestamp", "household_id", "product_id", "quantity", "product_id")
MADE_UP = ("events.parquet", "items.parquet", "time", "user", "item", "weight", "id")


def main(source: pathlib.Path, out: pathlib.Path) -> None:
    out.mkdir(parents=True, exist_ok=True)
    start = time.perf_counter()
    events_file, items_file, at, customer, product, weight, item_id = JOURNEY if (source / JOURNEY[0]).exists() else MADE_UP
    events = pandas.read_parquet(source / events_file).drop_duplicates()
    events = events[[customer, product, weight, at]]
    products = pandas.read_parquet(source / items_file).drop_duplicates(item_id)
    events["user_row"], users = pandas.factorize(events[customer])
    events["item_row"], items = pandas.factorize(events[product])
    catalogue = pandas.DataFrame({item_id: items}).merge(products, on=item_id, how="outer")
    events = events[[at, "user_row", "item_row", weight]].sort_values(at, kind="stable")
    events.to_parquet(out / "events.parquet", index=False)
    catalogue.to_parquet(out / "items.parquet", index=False)
    pandas.DataFrame({"id": users}).to_parquet(out / "users.parquet", index=False)
    seconds = time.perf_counter() - start
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{len(events)} events, {len(users)} customers, {len(catalogue)} products: {seconds:.2f} s, peak {peak_mb:.0f} MB")


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]))
