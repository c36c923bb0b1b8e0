"""Exact search beside scann, faiss and numpy: one query at a time and batches of 1,024, one thread, answers held against a full sort.

    ./x bench search [--sizes 6700x32,6700x64,100000x64,1000000x64] [--runs 3] [--seconds 0.5] [--guard]

Candidates and queries are random directions. Ours runs in a program of its own, the peers here; all take turns, `runs` times for so many
seconds. A single query is timed by the wall, p50; a batch by CPU time, p50 of its calls, so that other work on the machine does not count.
The peers are called from Python: what such a call costs by itself is measured on a catalogue of 16 products and printed. The limit is
what reading the floats once (one query) or the arithmetic (a batch) would take at the rates measured in the same run.
"""
import argparse
import json
import os
import subprocess
import sys
import tempfile
import time

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"
os.environ.pop("OPENBLAS_CORETYPE", None)  # presets of the environment may halve OpenBLAS
import faiss
import numpy as np
import scann

import report
from program import Program

BINARIES = report.ROOT / "build" / "bench" / "bin"
NUM_QUERIES, BATCH = 2048, 1024
# (candidates, dim, k, batch, way): must, goal
ASKED = {
    (6_700, 32, 10, 1, "codes"): (2, 4), (6_700, 32, 100, 1, "codes"): (2, 4),
    (6_700, 64, 10, 1, "floats"): (1.4, 1.7), (6_700, 64, 10, 1, "codes"): (2, 4),
    (6_700, 32, 10, BATCH, "codes"): (1.5, 2.5), (6_700, 64, 10, BATCH, "codes"): (1.5, 2.5),
    (6_700, 32, 100, BATCH, "codes"): (1.5, 2.5), (6_700, 64, 100, BATCH, "codes"): (1.5, 2.5),
    (100_000, 64, 10, BATCH, "codes"): (1.2, 1.8), (1_000_000, 64, 10, BATCH, "codes"): (1.2, 1.8),
    (1_000_000, 64, 10, 1, "codes"): (2, 3.5),
}
FILTER_SHARES = (0.5, 0.1, 0.01, 0.001)
FILTER_TURNS = 5  # each as much shorter


def directions(count, dim, seed):
    rows = np.random.default_rng(seed).standard_normal((count, dim), dtype=np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


class Ours(Program):
    def __init__(self, candidates, queries, folder):
        super().__init__("bench_search", candidates, queries, folder)

    def time(self, way, k, batch, seconds, share=1, least_calls=3):
        times = self.order("time", way, k, batch, share, seconds, least_calls)
        return times["cpu_us" if batch > 1 else "wall_us"] / batch


def make_peers(candidates):
    """name: function of (queries, k) to indices."""
    flat = faiss.IndexFlatIP(candidates.shape[1])
    flat.add(candidates)
    faiss.omp_set_num_threads(1)
    brute = scann.scann_ops_pybind.builder(candidates, 10, "dot_product").score_brute_force().set_n_training_threads(1).build()
    across = np.ascontiguousarray(candidates.T)

    def by_scann(queries, k):
        if len(queries) == 1:
            return brute.search(queries[0], final_num_neighbors=k)[0][None]
        return brute.search_batched(queries, final_num_neighbors=k)[0]

    def by_numpy(queries, k):
        if len(queries) * len(candidates) > 3e8:
            return np.concatenate([by_numpy(queries[i:i + 128], k) for i in range(0, len(queries), 128)])
        scores = queries @ across
        some = np.argpartition(-scores, k, 1)[:, :k]
        return np.take_along_axis(some, np.argsort(-np.take_along_axis(scores, some, 1), 1), 1)

    return {"scann": by_scann, "faiss": lambda queries, k: flat.search(queries, k)[1], "numpy": by_numpy}


def time_peer(search, queries, k, batch, seconds):
    """Microseconds a query: p50 of the calls, wall for one query, CPU for a batch."""
    clock = time.process_time if batch > 1 else time.perf_counter
    search(queries[:batch], k)
    times, first, begin = [], 0, time.perf_counter()
    while len(times) < 3 or time.perf_counter() - begin < seconds:
        some = queries[first:first + batch]
        start = clock()
        search(some, k)
        times.append(clock() - start)
        first = first + batch if first + 2 * batch <= len(queries) else 0
    return float(np.median(times)) * 1e6 / batch


def check(name, answer, queries, candidates, k):
    """Held against a full sort in double: each place has the score that it should have, up to float rounding, and none comes twice."""
    exact = candidates.astype(np.float64)
    for query in range(0, len(answer), max(1, len(answer) // 16)):
        scores = exact @ queries[query].astype(np.float64)
        best = np.sort(np.partition(scores, len(scores) - k)[-k:])[::-1]
        if np.abs(scores[answer[query]] - best).max() > 2e-6 or len(set(answer[query].tolist())) != k:
            raise SystemExit(f"{name}: the answer to query {query} is not that of a full sort")


def limit_us(limits, count, dim, batch):
    arithmetic = 2e-3 * count * dim / limits["gemm_gflops"]
    reading = 1e-3 * count * dim * 4 / limits["read_gb_per_second"][str(count * dim * 4)]
    return max(arithmetic, reading) if batch == 1 else arithmetic


def name_of(count, dim, k, batch, way):
    how = {"floats": ", float32 scan", "codes": ""}[way]
    return f"{'one query' if batch == 1 else f'batch of {batch:,}'}, {count:,} x {dim}, k = {k}{how}"


def measure(count, dim, options):
    candidates, queries = directions(count, dim, 1), directions(NUM_QUERIES, dim, 2)
    limits = json.loads(subprocess.check_output([BINARIES / "bench_limits", str(count * dim * 4)], text=True))
    print(f"{count:,} x {dim}: GEMM {limits['gemm_gflops']} GFLOP/s, reading {limits['read_gb_per_second']} GB/s, kernels {limits['kernels']}")
    peers = make_peers(candidates)
    with tempfile.TemporaryDirectory() as folder:
        ours = Ours(candidates, queries, folder)
        for case, (must, goal) in ASKED.items():
            if case[:2] != (count, dim) or options.only not in name_of(*case):
                continue
            _, _, k, batch, way = case
            num_checked = min(NUM_QUERIES, max(batch, 64))
            check("gemel", ours.answer(k, way, k, batch)[:num_checked], queries, candidates, k)
            used = {name: peer for name, peer in peers.items() if batch == 1 or count < 1_000_000 or name == "scann"}  # the others: seconds a call
            for name, peer in used.items():
                check(name, np.concatenate([peer(queries[i:i + batch], k) for i in range(0, num_checked, batch)]), queries, candidates, k)
            mine, theirs = [], {name: [] for name in used}
            for _ in range(options.runs):
                mine.append(ours.time(way, k, batch, options.seconds))
                for name, peer in used.items():
                    theirs[name].append(time_peer(peer, queries, k, batch, options.seconds))
            yield report.row(name_of(*case), mine, theirs, unit="us a query", must=must, goal=goal, limit=limit_us(limits, count, dim, batch))
            print(name_of(*case), round(float(np.median(mine)), 2), {name: round(float(np.median(t)), 2) for name, t in theirs.items()}, flush=True)
        for batch in (1, BATCH) if count == 6_700 or count == 1_000_000 else ():
            if options.only not in filter_name(count, dim, batch):
                continue
            yield filter_row(ours, count, dim, batch, options)
        ours.close()


def filter_name(count, dim, batch):
    return name_of(count, dim, 10, batch, "codes") + ", the costliest filter"


def filter_row(ours, count, dim, batch, options):
    """What the worst of the filters costs beside a search without any, as the median of turns that follow each other: the clock of a core
    has moods of seconds."""
    plain, filtered = [], {share: [] for share in FILTER_SHARES}
    turn = lambda share: ours.time("codes", 10, batch, options.seconds / FILTER_TURNS, share, least_calls=1)
    for _ in range(FILTER_TURNS * options.runs):
        plain.append(turn(1))
        for share, times in filtered.items():
            times.append(turn(share))
    kept = {share: float(np.median(np.divide(plain, times))) for share, times in filtered.items()}
    print(f"filters, {count:,} x {dim}, batch {batch}: none {np.median(plain):.2f} us,", {s: round(float(np.median(t)), 2) for s, t in filtered.items()},
          "kept of the speed:", {share: round(ratio, 3) for share, ratio in kept.items()}, flush=True)
    worst = min(kept, key=kept.get)
    row = report.row(filter_name(count, dim, batch), filtered[worst], {"no filter": plain}, unit="us a query", must=0.91, goal=1)
    return row | {"ratio": round(kept[worst], 3)}


def print_overhead():
    few, queries = directions(16, 8, 3), directions(1024, 8, 4)
    costs = {name: time_peer(peer, queries, 10, 1, 0.2) for name, peer in make_peers(few).items()}
    print("a call from Python by itself, us:", {name: round(cost, 2) for name, cost in costs.items()}, flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", default="6700x32,6700x64,100000x64,1000000x64", help="candidates x dim, some of these")
    parser.add_argument("--only", default="", help="cases whose name holds this, such as `one query`")
    parser.add_argument("--runs", type=int, default=3, help="turns of each")
    parser.add_argument("--seconds", type=float, default=0.5, help="of each turn")
    report.add_guard(parser)
    options = parser.parse_args()
    print_overhead()
    rows = []
    try:
        for size in options.sizes.split(","):
            for row in measure(*map(int, size.split("x")), options):
                rows.append(row)
    except KeyboardInterrupt:
        print("interrupted: what was measured so far counts")
    return report.finish("search", rows, report.command("search", parser, options), options.guard)


if __name__ == "__main__":
    sys.exit(main())
