"""Writes types.parquet: two row groups, every type of column that shops' exports hold, with a null in each. arrow_api_test.cpp knows the values."""
import datetime as dt
import decimal
import pathlib

import pyarrow as pa
import pyarrow.parquet as pq

utc = dt.timezone.utc
at = dt.datetime(2024, 2, 29, 12, 30, 15, 250000)
table = pa.table({
    "int64": pa.array([1, None, -3], pa.int64()),
    "uint64": pa.array([1, None, 2**64 - 1], pa.uint64()),
    "int8": pa.array([-128, None, 127], pa.int8()),
    "flag": pa.array([True, None, False]),
    "double": pa.array([0.1, None, float("nan")]),
    "float": pa.array([0.5, None, -2.0], pa.float32()),
    "decimal": pa.array([decimal.Decimal("12.50"), None, decimal.Decimal("-0.01")], pa.decimal128(9, 2)),
    "text": pa.array(["tea", None, "Käse \"x\""]),
    "large_text": pa.array(["tea", None, ""], pa.large_string()),
    "category": pa.array(["red", None, "red"]).dictionary_encode(),
    "time_ns": pa.array([at, None, dt.datetime(1969, 12, 31, 23, 59, 59)], pa.timestamp("ns")),
    "time_ms_utc": pa.array([at.replace(tzinfo=utc), None, at.replace(tzinfo=utc)], pa.timestamp("ms", tz="UTC")),
    "time_s_paris": pa.array([dt.datetime(2024, 7, 1, 10, 0, tzinfo=utc), None, None], pa.timestamp("s", tz="Europe/Paris")),
    "date": pa.array([dt.date(2024, 2, 29), None, dt.date(1969, 12, 31)]),
    "tags": pa.array([["a", "b\"c", None], None, []], pa.list_(pa.string())),
    "sizes": pa.array([[1, 2], None, [3]], pa.list_(pa.int32())),
    "box": pa.array([{"w": 1, "h": 2}, None, {"w": 3, "h": 4}]),
    "nothing": pa.nulls(3),
})
pq.write_table(table, pathlib.Path(__file__).with_name("types.parquet"), row_group_size=2, compression="snappy")
