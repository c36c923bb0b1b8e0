"""The data of experiments/, cut down so that three seeds of a dozen configurations take minutes: Sephora's reviews since 2021 with the stars
as the weight of an event; of the Complete Journey a quarter of the households since August with the pieces bought, at most 5. usage: experiments_data.py FOLDER, which receives sephora.toml, complete_journey.toml and files."""
import os
import pathlib
import sys

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq


def with_weight(example, item_line, weight):
    """The example's shop.toml with a weight column after the item's line."""
    text = pathlib.Path("examples", example).read_text()
    assert item_line in text, example
    return text.replace(item_line, f'{item_line}\nweight = "{weight}"', 1)


def main():
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    reviews = pyarrow.csv.read_csv(pathlib.Path(os.environ["GEMEL_DATA"]) / "sephora" / "events.csv")
    reviews = reviews.filter(pc.greater_equal(pc.cast(reviews["date"], pa.string()), "2021-01-01"))
    pq.write_table(reviews, folder / "reviews.parquet")
    shop = with_weight("sephora.toml", 'item = "item_id"', "rating")
    (folder / "sephora.toml").write_text(shop.replace("${GEMEL_DATA}/sephora/events.csv", "reviews.parquet"))

    source = pathlib.Path(os.environ["GEMEL_COMPLETE_JOURNEY"])
    events = pq.read_table(source / "transactions.parquet")
    household = pc.cast(events["household_id"], pa.int64())
    quarter = pc.equal(pc.subtract(household, pc.multiply(pc.divide(household, 4), 4)), 0)
    since = pc.greater_equal(pc.strftime(events["transaction_timestamp"], "%Y-%m-%d"), "2017-08-01")
    events = events.filter(pc.and_(quarter, since))
    pieces = pc.min_element_wise(pc.max_element_wise(events["quantity"], 1), 5)
    events = events.append_column("pieces", pieces)
    pq.write_table(events, folder / "transactions.parquet")
    shop = with_weight("complete_journey.toml", 'item = "product_id"', "pieces")
    shop = shop.replace("${GEMEL_COMPLETE_JOURNEY}/transactions.parquet", "transactions.parquet")
    (folder / "complete_journey.toml").write_text(shop)


main()
