"""What `gemel ingest` does on the Complete Journey, in pandas: read, factorize both ids, join the catalogue, drop duplicates, sort by
time, write Parquet. The yardstick of ingest's speed; bench/README.md has the last figures.

    python bench/ingest_pandas.py FOLDER_WITH_PARQUET_FILES OUT_FOLDER
"""
import pathlib
import resource
import sys
import time

import pandas


def main(source: pathlib.Path, out: pathlib.Path) -> None:
    out.mkdir(parents=True, exist_ok=True)
    start = time.perf_counter()
    events = pandas.read_parquet(source / "transactions.parquet").drop_duplicates()
    events = events[["household_id", "product_id", "quantity", "transaction_timestamp"]]
    products = pandas.read_parquet(source / "products.parquet").drop_duplicates("product_id")
    events["user"], users = pandas.factorize(events["household_id"])
    events["item"], items = pandas.factorize(events["product_id"])
    catalogue = pandas.DataFrame({"product_id": items}).merge(products, on="product_id", how="outer")
    events = events[["transaction_timestamp", "user", "item", "quantity"]].sort_values("transaction_timestamp", kind="stable")
    events.to_parquet(out / "events.parquet", index=False)
    catalogue.to_parquet(out / "items.parquet", index=False)
    pandas.DataFrame({"household_id": users}).to_parquet(out / "users.parquet", index=False)
    seconds = time.perf_counter() - start
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{len(events)} events, {len(users)} customers, {len(catalogue)} products: {seconds:.2f} s, peak {peak_mb:.0f} MB")


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]))
