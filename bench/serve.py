"""At start and at rest: a cold `gemel recommend`, requests to a warm Retriever, ingest, opening, feature fitting, evaluation.

    ./x bench serve [--folder out/bench_serve] [--runs 3] [--steps 25] [--only recommend,request,rest,evaluate] [--guard]

On the shop of generate_shop.py (250,000 customers, 6,700 products, 2,000,000 events) and two-tower bundles of one epoch: configurations 1 (with
an embedding for each customer) and 3 of train.py; where GEMEL_DATA is set also on Sephora. A cold recommendation is timed by the wall from
starting the process to its end, files in the page cache, p50; then once more with the bundle's files dropped from the cache. Ingest, opening
and fitting are held against a third of an epoch of configuration 1, measured in the same run; ingest also against pandas. Evaluation asks once
for each of the 115,000 customers who buy in the last tenth (frozen protocol) and makes every metric of every slice, with its interval.
Every answer that is timed is checked. There is no server yet; its rows will stand here.
"""
import json
import os
import re
import statistics
import subprocess
import sys
import time

import report
import train

GEMEL = train.BINARIES / "gemel"
COLD_RUNS, NUM_CUSTOMERS, SECONDS = 40, 2000, 2
ANSWER_MS, REQUEST_US, EVALUATION_S = 50, 1000, 2


def gemel(*words):
    subprocess.run(list(map(str, (GEMEL, *words, "--quiet"))), check=True, stdout=subprocess.DEVNULL)


def bundle_of(folder, name, dataset, config, *, protocol="rolling_week"):
    """A bundle of one epoch; kept from one run to the next."""
    out = folder / f"bundle_{name}"
    if not out.exists():
        knobs = folder / f"{out.name}.toml"
        knobs.write_text("[models.two_tower]\n" + config)
        gemel("train", dataset, "--config", knobs, "--out", out, "--protocol", protocol)
    return out


def with_long_test(shop):
    """The same shop with the last tenth of its events as its test: it holds more than 100,000 customers."""
    dataset, config = shop / "dataset_long_test", shop / "long_test.toml"
    if not dataset.exists():
        config.write_text(re.sub(r"^test = .*", "test = 0.1", (shop / "shop.toml").read_text(), flags=re.M))
        gemel("ingest", config, "--out", dataset)
    return dataset


def sephora(folder):
    dataset = folder / "sephora"
    if not dataset.exists():
        gemel("ingest", report.ROOT / "examples" / "sephora.toml", "--out", dataset)
    return bundle_of(folder, "sephora", dataset, "epochs = 1\npopularity_half_life_days = [1, 3, 10, 60]\n")


def customers_of(bundle):
    """Ids spread evenly over the bundle's customers."""
    ids = [json.loads(line)["id"] for line in (bundle / "users.jsonl").read_text().splitlines()]
    return ids[::max(1, len(ids) // NUM_CUSTOMERS)]


def drop_from_cache(bundle):
    for path in bundle.rglob("*"):
        if path.is_file():
            descriptor = os.open(path, os.O_RDONLY)
            os.fsync(descriptor)  # only clean pages go
            os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
            os.close(descriptor)


def recommend_ms(bundle, customer):
    start = time.perf_counter()
    done = subprocess.run([GEMEL, "recommend", bundle, "--user", customer, "-k", "10", "--json"], stdout=subprocess.PIPE, check=True)
    elapsed = 1e3 * (time.perf_counter() - start)
    scores = [product["score"] for product in json.loads(done.stdout)["products"]]
    if len(scores) != 10 or scores != sorted(scores, reverse=True):
        raise SystemExit(f"{bundle}: the answer for customer {customer} is wrong")
    return elapsed


def recommend_rows(name, bundle, runs):
    some = customers_of(bundle)[:COLD_RUNS]
    recommend_ms(bundle, some[0])
    warm, cold = [], []
    for _ in range(runs):
        warm.append(statistics.median(recommend_ms(bundle, customer) for customer in some))
        for customer in some[:5]:
            drop_from_cache(bundle)
            cold.append(recommend_ms(bundle, customer))
    megabytes = sum(path.stat().st_size for path in bundle.rglob("*") if path.is_file()) / 1e6
    name = f"gemel recommend, {name}, bundle of {megabytes:.0f} MB"
    yield report.row(f"{name}, p50", warm, {}, unit="ms", must=1, limit=ANSWER_MS)
    yield report.row(f"{name}, its files not in the page cache, p50", cold, {}, unit="ms")


def request_rows(name, bundle, folder, runs):
    path = folder / "customers"
    path.write_text("\n".join(customers_of(bundle)) + "\n")
    found = [train.run([train.BINARIES / "bench_serve", "answer", bundle, path, SECONDS]) for _ in range(runs)]
    for key, how in (("plain", "k = 20"), ("filtered", "k = 20, without what they had")):
        name_of = lambda quantile: f"a request to a warm Retriever, {name}, {how}, {quantile}"
        yield report.row(name_of("p50"), [one[key][0] for one in found], {}, unit="us")
        yield report.row(name_of("p99"), [one[key][1] for one in found], {}, unit="us", must=1, limit=REQUEST_US)


def ingest_seconds(shop):
    start = time.perf_counter()
    gemel("ingest", shop / "shop.toml", "--out", shop / "ingested")
    return time.perf_counter() - start


def pandas_seconds(shop):
    command = [sys.executable, report.ROOT / "bench" / "ingest_pandas.py", shop, shop / "pandas"]
    line = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    if not line.startswith("2000000 events") or ", 6700 products" not in line:
        raise SystemExit(f"pandas read something else: {line}")
    return float(re.search(r": ([\d.]+) s", line)[1])


def rest_rows(options, shop, bundle):
    turns = train.Turns(options, options.folder, shop)
    rates, ours, theirs, opened = [], [], [], []
    for _ in range(options.runs):
        rates.append(turns.ours("1", 2)[0])
        ours.append(ingest_seconds(shop))
        theirs.append(pandas_seconds(shop))
        opened.append(train.run([train.BINARIES / "bench_serve", "open", shop / "dataset", bundle, options.folder / "1.toml", 3]))
    events = json.loads((shop / "ingested" / "dataset.json").read_text())["summary"]["events"]["kept"]
    third = events / statistics.median(rates) / 3
    print(f"an epoch of configuration 1 takes {3 * third:.2f} s", flush=True)
    limited = dict(unit="s", must=1, limit=third)
    yield report.row("ingest, beside a third of an epoch", ours, {}, **limited)
    yield report.row("ingest, beside pandas", ours, {"pandas": theirs}, unit="s")
    for key, what in (("fit", "fitting the features of both towers"), ("dataset", "opening a Dataset"), ("bundle", "opening a bundle")):
        yield report.row(f"{what}, beside a third of an epoch", [statistics.median(one[key]) for one in opened], {}, **limited)


def evaluate_rows(shop, bundle, runs):
    found = train.run([train.BINARIES / "bench_serve", "evaluate", shop / "dataset_long_test", bundle, 2, runs])
    together = [a + b for a, b in zip(found["judging"], found["intervals"])]
    name = f"evaluation of {found['customers']:,} customers on 2 threads"
    yield report.row(name, together, {}, unit="s", must=1, limit=EVALUATION_S)
    yield report.row(f"{name}: recommending alone", found["recommending"], {}, unit="s")
    yield report.row(f"{name}: recommending and the metrics of each query", found["judging"], {}, unit="s")
    yield report.row(f"{name}: intervals of all slices", found["intervals"], {}, unit="s")


def main():
    parser = train.make_parser(__doc__, "serve", "recommend,request,rest,evaluate", "what to measure")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    shop, wanted = train.prepare(options.folder, 1), options.only.split(",")
    bundles = {f"configuration {name}": bundle_of(options.folder, name, shop / "dataset", train.CONFIGURATIONS[name]) for name in ("1", "3")}
    largest = bundles["configuration 1"]
    if os.environ.get("GEMEL_DATA"):
        bundles["Sephora"] = sephora(options.folder)
    rows = []
    for name, bundle in bundles.items():
        rows += recommend_rows(name, bundle, options.runs) if "recommend" in wanted else []
        rows += request_rows(name, bundle, options.folder, options.runs) if "request" in wanted else []
    rows += rest_rows(options, shop, largest) if "rest" in wanted else []
    if "evaluate" in wanted:
        judged = bundle_of(options.folder, "long_test", with_long_test(shop), train.CONFIGURATIONS["3"], protocol="frozen")
        rows += evaluate_rows(shop, judged, options.runs)
    return report.finish("serve", rows, report.command("serve", parser, options), options.guard)


if __name__ == "__main__":
    sys.exit(main())
