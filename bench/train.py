"""Training speed of the two-tower beside a peer's script on the same synthetic shop: both read DATA/shop.npz, 250,000 customers, 6,700
products and 2,000,000 events, and train on STEPS batches of 4,096 of them: every categorical feature embedded at 64, towers of 64 relu,
32 relu, 32 linear, in-batch softmax with logQ, Adagrad 0.1. bench/README.md has the last figures.

    python bench/train.py DATA --gemel build/release/bin/gemel --threads 2 --pairs 3 \\
        --peer "python tt_torch.py DATA 1 THREADS tuned 4"        # DATA and THREADS are replaced; it prints ... ex/s=NUMBER loss/row=[...]

Prepares DATA/shop (Parquet and shop.toml) and DATA/dataset; needs numpy and pyarrow. The two take turns, since other work on the
machine slows both; the ratio is the median of the pairs' ratios. A run that did not learn stops the benchmark.
"""
import argparse
import json
import os
import pathlib
import re
import statistics
import subprocess

import numpy
import pyarrow
import pyarrow.parquet

BATCH = 4096
FEATURES = ("brand", "series", "category", "type", "gender")
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
MODEL = """[models.two_tower]
embedding_dim = 64
query_layers = ["64 relu", "32 relu", "32 linear"]
candidate_layers = ["64 relu", "32 relu", "32 linear"]
user_id = true
action = true
weight = true
time = ["day", "trend"]
history = { length = 0 }
popularity_half_life_days = []
normalize = false
loss = "in_batch"
mask_accidental_hits = false
dropout = 0
id_dropout = 0
optimizer = "adagrad"
learning_rate = 0.1
batch_size = 4096
block_size = 1
example_half_life_days = 0
calibrate = false
epochs = 1
"""


def write_shop(data: pathlib.Path, num_events: int) -> None:
    """A random part of shop.npz as a shop's files."""
    shop = data / "shop"
    shop.mkdir(exist_ok=True)
    arrays = dict(numpy.load(data / "shop.npz"))
    part = numpy.random.default_rng(1).permutation(len(arrays["cust"]))[:num_events]
    arrays |= {name: arrays[name][part] for name in ("cust", "item", "action", "weight", "ts")}
    named = lambda prefix, values: pyarrow.array([f"{prefix}{value}" for value in values.tolist()])
    year = numpy.datetime64("2023-01-01", "us")
    moments = year + (arrays["ts"].astype(numpy.float64) * 365 * 86400e6).astype("timedelta64[us]")
    pyarrow.parquet.write_table(pyarrow.table({
        "time": moments, "user": named("u", arrays["cust"]), "item": named("p", arrays["item"]),
        "action": named("a", arrays["action"]), "weight": arrays["weight"]}), shop / "events.parquet")
    offsets, attributes = arrays["attr_off"], arrays["attr"]
    tags = ["|".join(map(str, attributes[begin:end])) for begin, end in zip(offsets, offsets[1:])]
    columns = {"id": named("p", numpy.arange(len(tags))), "attributes": tags, "price": arrays["p_price"], "volume": arrays["p_volume"]}
    columns |= {name: named(name, arrays[f"p_{name}"]) for name in FEATURES}
    pyarrow.parquet.write_table(pyarrow.table(columns), shop / "items.parquet")
    (shop / "shop.toml").write_text(SHOP)


def run(command: list[str], **environment: str) -> str:
    done = subprocess.run(command, env=os.environ | environment, capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(command)} failed:\n{done.stdout}{done.stderr}")
    return done.stdout


def train_ours(options: argparse.Namespace) -> float:
    """Examples a second; the curves have the clock of the training alone."""
    curves = options.data / "curves.jsonl"
    run([options.gemel, "train", str(options.data / "dataset"), "--config", str(options.data / "two_tower.toml"),
         "--out", str(options.data / "bundle"), "--curves", str(curves), "--protocol", "per_event", "--threads", str(options.threads)])
    epoch = json.loads(curves.read_text().splitlines()[-1])
    if not epoch["loss"] < numpy.log(BATCH):
        raise SystemExit(f"gemel learned nothing: {epoch}")
    return epoch["examples_per_second"]


def train_peer(options: argparse.Namespace) -> float:
    words = [{"DATA": str(options.data), "THREADS": str(options.threads)}.get(word, word) for word in options.peer.split()]
    printed = run(words, STEPS=str(options.steps))
    losses = [float(loss) for loss in re.search(r"loss/row=\[(.*?)\]", printed)[1].split(",")]
    if not losses[-1] < losses[0]:
        raise SystemExit(f"the peer learned nothing: {printed}")
    return float(re.search(r"ex/s=(\d+)", printed)[1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=pathlib.Path, help="folder with shop.npz")
    parser.add_argument("--gemel", default="build/release/bin/gemel")
    parser.add_argument("--peer", required=True, help="command of the peer")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--pairs", type=int, default=3)
    parser.add_argument("--steps", type=int, default=120, help="batches an epoch")
    options = parser.parse_args()
    write_shop(options.data, options.steps * BATCH)
    run([options.gemel, "ingest", str(options.data / "shop" / "shop.toml"), "--out", str(options.data / "dataset")])
    (options.data / "two_tower.toml").write_text(MODEL)
    ours, peers = [], []
    for pair in range(options.pairs):
        ours.append(train_ours(options))
        peers.append(train_peer(options))
        print(f"pair {pair + 1}: gemel {ours[-1]:,.0f}, peer {peers[-1]:,.0f} examples a second, ratio {ours[-1] / peers[-1]:.2f}", flush=True)
    ratio = statistics.median(a / b for a, b in zip(ours, peers))
    print(f"{options.threads} threads: gemel {statistics.median(ours):,.0f}, peer {statistics.median(peers):,.0f}, median ratio {ratio:.2f}")


if __name__ == "__main__":
    main()
