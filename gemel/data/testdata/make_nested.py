"""Writes nested.{parquet,arrow,arrows}: structs, a list of structs and a list of plain values, as GA4's export to Parquet has them.
arrow_api_test.cpp knows the values."""
import pathlib

import pyarrow as pa
import pyarrow.ipc
import pyarrow.parquet as pq

table = pa.table({
    "user": pa.array([{"id": "ann", "geo": {"city": "Ulm"}}, None, {"id": "cat", "geo": None}, {"id": "dan", "geo": {"city": "Rom"}}]),
    "items": pa.array([[{"id": "tea", "n": 1}, {"id": "jam", "n": None}], [{"id": "tea", "n": 2}], [], None],
                      pa.list_(pa.struct([("id", pa.string()), ("n", pa.int32())]))),
    "codes": pa.array([["a", "b"], None, [], ["c"]], pa.large_list(pa.string())),
})
here = pathlib.Path(__file__).parent
pq.write_table(table, here / "nested.parquet", row_group_size=3)
with pa.ipc.new_file(here / "nested.arrow", table.schema, options=pa.ipc.IpcWriteOptions(compression="zstd")) as file:
    file.write_table(table, max_chunksize=3)
with pa.ipc.new_stream(here / "nested.arrows", table.schema) as stream:
    stream.write_table(table, max_chunksize=3)
