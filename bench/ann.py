"""Approximate search beside scann, faiss (HNSW, IVF-PQ), hnswlib and usearch: queries a second at index_recall@10 of 0.95 and 0.99, one thread.

    ./x bench ann [--data clustered,gaussian] [--count 1000000] [--peers scann,faiss_ivfpq,faiss_hnsw,hnswlib,usearch] [--runs 3] [--guard]

Candidates of 64 values, length 1: `clustered` round 2,000 centers of unequal weight, or `gaussian`, random directions, the hardest case.
Each engine tries its settings until it reaches both recalls, held against faiss' exact search; the cheapest setting of each recall and
batch then takes turns with the others. The figures are of CPU time, so that other work on the machine does not count; the peers are called from Python
and what such a call costs by itself is theirs (scann: 2 to 3 us). Builds use 2 threads; memory is what the process grew by. Ours runs twice: it
borrows the candidates of its user, which then count as its memory, or keeps them in 16 bits a value and needs no others.
What the peers built is kept in build/bench/ann/ with what it cost, and so are the exact answers: a graph takes minutes.
"""
import argparse
import json
import os
import sys
import tempfile
import time

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"
import faiss
import numpy as np

import report
from program import Program

DIM, K, NUM_QUERIES, BUILD_THREADS = 64, 10, 2000, 2
RECALLS, BATCHES = (0.95, 0.99), (1, 1000)
OURS = {"gemel": "", "gemel, 16 bits": ", rows of 16 bits"}  # what its measures are called: with borrowed candidates, with rows of its own
HNSW = dict(m=16, ef_construction=200)
EF = (10, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512, 768, 1024, 1536, 2048)


def unit(rows):
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def gaussian(count, seed):
    return unit(np.random.default_rng(seed).standard_normal((count, DIM), dtype=np.float32))


def clustered(count, seed, num_clusters=2000, spread=0.6):
    centers, weights = gaussian(num_clusters, 101), np.random.default_rng(102).dirichlet(np.full(num_clusters, 2.0))
    rng = np.random.default_rng(seed)
    noise = rng.standard_normal((count, DIM), dtype=np.float32) * np.float32(spread / DIM ** 0.5)
    return unit(centers[rng.choice(num_clusters, count, p=weights)] + noise)


def resident_mib():
    return int(next(line for line in open("/proc/self/status") if line.startswith("VmRSS")).split()[1]) / 1024


class Ours(Program):
    # (reach, candidates scored in floats)
    SETTINGS = [(reach, scored) for reach in (1, 1.5, 2, 2.5, 3, 3.25, 3.5, 3.75, 4) for scored in (15, 20, 30, 40, 80, 160, 320)]

    def __init__(self, candidates, queries, folder, rows):
        super().__init__("bench_ann", candidates, queries, folder, BUILD_THREADS, rows)
        built = self.read()
        self.build_cpu_s, self.memory_mib = built["build_cpu_s"], built["growth_mib"]
        print(f"gemel, rows {rows}:", built, flush=True)

    def answer(self, setting):
        return super().answer(K, *setting)

    def per_second(self, setting, batch, seconds):
        return 1e6 / self.order("time", *setting, batch, seconds)["cpu_us"]


class Peer:
    """build(candidates) or load(path) makes search(queries) -> indices; save(path) keeps it; set(setting) changes how far it looks."""
    SETTINGS = EF

    def __init__(self, candidates, queries, folder):
        self.queries = queries
        path, costs = folder / type(self).__name__, folder / f"{type(self).__name__}.json"
        if not costs.exists():
            memory, cpu = resident_mib(), time.process_time()
            self.build(candidates)
            built = [time.process_time() - cpu, resident_mib() - memory]
            self.save(path)
            costs.write_text(json.dumps(built))
        else:
            self.load(path, candidates)
        self.build_cpu_s, self.memory_mib = json.loads(costs.read_text())
        print(f"{type(self).__name__}: built in {self.build_cpu_s:.1f} s of CPU, grew by {self.memory_mib:.0f} MiB", flush=True)

    def answer(self, setting):
        self.set(setting)
        return np.asarray(self.search(self.queries)).reshape(-1, K)

    def per_second(self, setting, batch, seconds):
        self.set(setting)
        rates, first, begin = [], 0, time.perf_counter()
        while len(rates) < 3 or time.perf_counter() - begin < seconds:
            start = time.process_time()
            calls = 100 if batch == 1 else 1
            for _ in range(calls):
                self.search(self.queries[first:first + batch])
                first = first + batch if first + 2 * batch <= len(self.queries) else 0
            rates.append(calls * batch / (time.process_time() - start))
        return float(np.median(rates))


class Scann(Peer):
    SETTINGS = [(leaves, reorder) for leaves in (2, 3, 4, 6, 8, 16, 32, 64, 128, 256, 512, 1024) for reorder in (40, 60, 80, 100, 120, 150, 200, 400, 1000)]

    def build(self, candidates):
        import scann
        self.index = (scann.scann_ops_pybind.builder(candidates, K, "dot_product")
                      .tree(2000, 10, training_sample_size=min(250_000, len(candidates)))
                      .score_ah(2, anisotropic_quantization_threshold=0.2).reorder(100).set_n_training_threads(BUILD_THREADS).build())

    def save(self, path):
        path.mkdir(exist_ok=True)
        self.index.serialize(str(path))

    def load(self, path, candidates):
        import scann
        self.index = scann.scann_ops_pybind.load_searcher(str(path))

    def set(self, setting):
        self.how = dict(leaves_to_search=setting[0], pre_reorder_num_neighbors=setting[1])

    def search(self, queries):
        return self.index.search(queries[0], **self.how)[0] if len(queries) == 1 else self.index.search_batched(queries, **self.how)[0]


class FaissIvfpq(Peer):
    SETTINGS = [(probes, factor) for probes in (1, 2, 3, 4, 6, 8, 16, 32, 64, 128, 256, 512, 1024) for factor in (5, 10, 15, 20, 40, 100)]

    def build(self, candidates):
        faiss.omp_set_num_threads(BUILD_THREADS)
        self.index = faiss.index_factory(DIM, f"IVF2048,PQ{DIM // 2}x4fsr,RFlat", faiss.METRIC_INNER_PRODUCT)
        self.index.train(candidates[:200_000])
        self.index.add(candidates)
        faiss.omp_set_num_threads(1)

    def save(self, path):
        faiss.write_index(self.index, str(path))

    def load(self, path, candidates):
        self.index = faiss.read_index(str(path))

    def set(self, setting):
        faiss.downcast_index(self.index.base_index).nprobe, self.index.k_factor = setting

    def search(self, queries):
        return self.index.search(queries, K)[1]


class FaissHnsw(FaissIvfpq):
    SETTINGS = EF

    def build(self, candidates):
        faiss.omp_set_num_threads(BUILD_THREADS)
        self.index = faiss.IndexHNSWFlat(DIM, HNSW["m"], faiss.METRIC_INNER_PRODUCT)
        self.index.hnsw.efConstruction = HNSW["ef_construction"]
        self.index.add(candidates)
        faiss.omp_set_num_threads(1)

    def set(self, setting):
        self.index.hnsw.efSearch = setting


class Hnswlib(Peer):
    def build(self, candidates):
        import hnswlib
        self.index = hnswlib.Index("ip", DIM)
        self.index.init_index(len(candidates), ef_construction=HNSW["ef_construction"], M=HNSW["m"])
        self.index.add_items(candidates, num_threads=BUILD_THREADS)
        self.index.set_num_threads(1)

    def save(self, path):
        self.index.save_index(str(path))

    def load(self, path, candidates):
        import hnswlib
        self.index = hnswlib.Index("ip", DIM)
        self.index.load_index(str(path), max_elements=len(candidates))
        self.index.set_num_threads(1)

    def set(self, setting):
        self.index.set_ef(setting)

    def search(self, queries):
        return self.index.knn_query(queries, K)[0]


class Usearch(Peer):
    def build(self, candidates):
        from usearch.index import Index
        self.index = Index(ndim=DIM, metric="ip", dtype="f32", connectivity=HNSW["m"], expansion_add=HNSW["ef_construction"])
        self.index.add(np.arange(len(candidates)), candidates, threads=BUILD_THREADS)

    def save(self, path):
        self.index.save(str(path))

    def load(self, path, candidates):
        from usearch.index import Index
        self.index = Index.restore(str(path))

    def set(self, setting):
        self.index.expansion_search = setting

    def search(self, queries):
        return self.index.search(queries[0] if len(queries) == 1 else queries, K, threads=1).keys


PEERS = {"scann": Scann, "faiss_ivfpq": FaissIvfpq, "faiss_hnsw": FaissHnsw, "hnswlib": Hnswlib, "usearch": Usearch}


def index_recall(answer, exact):
    return float(np.mean([len(np.intersect1d(a, b)) for a, b in zip(answer, exact)])) / K


def fastest_settings(name, engine, exact, seconds=10):
    """{(recall, batch): setting}: of those that reach it, tried from the cheapest on; once both are reached, for so many seconds more (a
    graph has no cheaper one to come). The three that look fastest are timed again in turns: the clock of a core has moods."""
    tried, begin, reached = [], time.perf_counter(), None  # setting, its recall, {batch: its rate}
    for setting in engine.SETTINGS:
        recall = index_recall(engine.answer(setting), exact)
        tried.append((setting, recall, {batch: engine.per_second(setting, batch, 0.1) if recall >= min(RECALLS) else 0 for batch in BATCHES}))
        if recall >= max(RECALLS):
            reached = reached or time.perf_counter()
        if reached and (not isinstance(setting, tuple) or time.perf_counter() - reached > seconds):
            break
        if time.perf_counter() - begin > 30 * seconds:
            print(f"  {name}: stopped after {len(tried)} of {len(engine.SETTINGS)} settings", flush=True)
            break
    best = {}
    for wanted in RECALLS:
        for batch in BATCHES:
            enough = sorted((one for one in tried if one[1] >= wanted), key=lambda one: -one[2][batch])[:3]
            if not enough:
                continue
            rates = [[] for _ in enough]
            for _ in range(3):
                for (setting, _, _), own in zip(enough, rates):
                    own.append(engine.per_second(setting, batch, 0.2))
            rate, (setting, recall, _) = max(zip(map(np.median, rates), enough), key=lambda one: one[0])
            best[wanted, batch] = setting
            print(f"  {name} recall >= {wanted}, {batch} at once: {setting} reaches {recall:.4f}, {rate:,.0f} queries/s", flush=True)
    return best


def exact_answers(candidates, queries, path):
    if not path.exists():
        faiss.omp_set_num_threads(BUILD_THREADS)
        np.save(path, faiss.knn(queries, candidates, K, metric=faiss.METRIC_INNER_PRODUCT)[1])
        faiss.omp_set_num_threads(1)
    return np.load(path)


def rate_rows(what, engines, settings, options):
    for recall in RECALLS:
        for batch, how in zip(BATCHES, ("one by one", f"batches of {max(BATCHES):,}")):
            rates = {name: [] for name in engines if (recall, batch) in settings[name]}
            for _ in range(options.runs):
                for name in rates:
                    rates[name].append(engines[name].per_second(settings[name][recall, batch], batch, options.seconds))
            ours = {name: rates.pop(name, None) for name in OURS}
            for name, mine in ours.items():
                if mine:
                    yield report.row(f"{what}{OURS[name]}, index_recall@10 >= {recall}, {how}", mine, rates, unit="queries/s", must=1, goal=1.5)
                else:
                    print(f"{name} never reaches {recall} on {what}")


def cost_rows(what, engines, candidates_mib):
    """Beside a graph, which holds a copy of the candidates."""
    graph = next((name for name in ("hnswlib", "faiss_hnsw", "usearch") if name in engines), None)
    if graph is None:
        return
    theirs, borrowing = engines[graph], engines["gemel"]
    for name, label in OURS.items():
        mine = engines[name]
        in_all = mine.memory_mib + (candidates_mib if mine is borrowing else 0)
        yield report.row(f"{what}{label}, build", [mine.build_cpu_s], {graph: [theirs.build_cpu_s]}, unit="s of CPU", must=2)
        yield report.row(f"{what}{label}, memory with the candidates", [in_all], {graph: [theirs.memory_mib]}, unit="MiB", must=2)
    yield report.row(f"{what}, memory beside the candidates", [borrowing.memory_mib], {graph: [theirs.memory_mib - candidates_mib]}, unit="MiB")


def measure(kind, options):
    candidates, queries = globals()[kind](options.count, 1), globals()[kind](NUM_QUERIES, 2)
    kept = report.ROOT / "build" / "bench" / "ann" / f"{kind}_{options.count}"
    kept.mkdir(parents=True, exist_ok=True)
    exact = exact_answers(candidates, queries, kept / "exact.npy")
    what = f"{options.count:,} x {DIM} {kind}"
    with tempfile.TemporaryDirectory() as folder:
        peers = {name: PEERS[name](candidates, queries, kept) for name in options.peers.split(",")}
        if options.build_only:
            return
        engines = {name: Ours(candidates, queries, folder, "kept" if label else "borrowed") for name, label in OURS.items()} | peers
        settings = {name: fastest_settings(name, engine, exact) for name, engine in engines.items()}
        yield from rate_rows(what, engines, settings, options)
        yield from cost_rows(what, engines, candidates.nbytes / 2**20)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", default="clustered,gaussian")
    parser.add_argument("--count", type=int, default=1_000_000, help="candidates")
    parser.add_argument("--peers", default=",".join(PEERS))
    parser.add_argument("--runs", type=int, default=3, help="turns of each")
    parser.add_argument("--seconds", type=float, default=0.5, help="of each turn")
    parser.add_argument("--build-only", action="store_true", help="build and keep what the peers need")
    report.add_guard(parser)
    options = parser.parse_args()
    if options.build_only:
        for kind in options.data.split(","):
            list(measure(kind, options))
        return 0
    rows = [row for kind in options.data.split(",") for row in measure(kind, options)]
    return report.finish("ann", rows, report.command("ann", parser, options), options.guard)


if __name__ == "__main__":
    sys.exit(main())
