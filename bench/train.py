"""Two-tower training beside PyTorch on the same made-up shop, in turns: examples a second, memory, share of the machine's limit.

    ./x bench train [--folder out/bench_train] [--steps 25] [--runs 3] [--only 1,2,3,full] [--tensorflow] [--ten] [--gpu]
                    [--guard]

Configuration 1 embeds every category at 64, towers of 64 relu, 32 relu, 32 linear, in-batch softmax with logQ, Adagrad 0.1; 2 embeds customer
and product at 32, one layer of 32; 3 is the kind that recommends best: history of 30, popularity prior, normalisation, dropout, Adam; `full`
is 1 against all products. Batches are of 4,096. First, 20 steps of 1 and 2 from the same weights must give the losses of PyTorch in double
precision within 1e-4 (1 at a rate of 0.01: at 0.1 any rounding grows tenfold a step). PyTorch runs as it is installed and, where a C compiler is there, with
its math library talked into its fastest path. A rate is that of the median step of a run. --tensorflow adds TensorFlow Recommenders in an
environment of its own (a gigabyte to install), --ten a shop of ten times the size, --gpu PyTorch on the machine's CUDA device, where it has one.
"""
import argparse
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys

import numpy

import report

BINARIES = report.ROOT / "build" / "bench" / "bin"
PEERS = report.ROOT / "bench" / "peers"
PEER = PEERS / "train_torch.py"
BATCH, CHECKED_STEPS, LARGEST_DIFFERENCE = 4096, 20, 1e-4
COMMON = """mask_accidental_hits = {masked}
normalize = {normalized}
personal_half_life_days = []
id_dropout = 0
batch_size = 4096
example_half_life_days = 0
calibrate = false
epochs = 1
"""
PLAIN = COMMON.format(masked="false", normalized="false") + """user_id = true
history = { length = 0 }
popularity_half_life_days = []
dropout = 0
optimizer = "adagrad"
learning_rate = 0.1
block_size = 1
"""
DEEP = "embedding_dim = 64\n" + "".join(f'{side}_layers = ["64 relu", "32 relu", "32 linear"]\n' for side in ("query", "candidate"))
FIRST = PLAIN + DEEP + 'action = true\nweight = true\ntime = ["day", "trend"]\n'
CONFIGURATIONS = {
    "1": FIRST + 'loss = "in_batch"\n',
    "2": PLAIN + 'loss = "in_batch"\nembedding_dim = 32\nquery_layers = ["32 linear"]\ncandidate_layers = ["32 linear"]\ntime = []\n'
                 'item_features = ["none"]\n',
    "3": COMMON.format(masked="true", normalized="true") + DEEP + """loss = "in_batch"
time = []
history = { length = 30 }
popularity_half_life_days = [2, 7, 30]
dropout = 0.4
optimizer = "adam"
learning_rate = 0.001
block_size = 32
""",
    "full": FIRST + 'loss = "full"\n',
}
CONFIGURATIONS["3 without prior"] = CONFIGURATIONS["3"].replace("[2, 7, 30]", "[]")
LAYERS = {"1": ([194, 64, 32, 32], [452, 64, 32, 32]), "2": ([32, 32], [32, 32])}  # widths of the towers
LAYERS["full"] = LAYERS["1"]


def environment():
    """Without presets that would slow a peer's math library; large blocks of memory are kept, which helps PyTorch."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("OPENBLAS_", "MKL_"))}
    return kept | {"MALLOC_MMAP_THRESHOLD_": "1000000000", "MALLOC_TRIM_THRESHOLD_": "2000000000"}


def fast_path(folder):
    """A library that makes MKL take the machine's widest instructions; None without a C compiler."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        return None
    source, library = folder / "widest.c", folder / "widest.so"
    source.write_text("int mkl_serv_intel_cpu_true(void) { return 1; }\n")
    subprocess.run([compiler, "-shared", "-fPIC", "-o", library, source], check=True)
    return library.resolve()


def tensorflow_python():
    """Its pinned wheels go with an older numpy than PyTorch's."""
    python, wanted = report.ROOT / "build" / "bench" / "venv_tensorflow" / "bin" / "python", PEERS / "requirements-tensorflow.txt"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", python.parent.parent], check=True)
    subprocess.run([python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", wanted], check=True)
    return python


def run(command, preload=None):
    done = subprocess.run(list(map(str, command)), env=environment() | ({"LD_PRELOAD": str(preload)} if preload else {}),
                          capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(map(str, command))} failed:\n{done.stdout}{done.stderr}")
    return json.loads(done.stdout.splitlines()[-1]) if done.stdout else None


def prepare(folder, scale):
    """The shop and its Dataset; kept from one run to the next."""
    shop = folder / f"shop_{scale}"
    if not (shop / "dataset").exists():
        subprocess.run([sys.executable, report.ROOT / "bench" / "generate_shop.py", shop, "--scale", str(scale)], check=True)
        subprocess.run([BINARIES / "gemel", "ingest", shop / "shop.toml", "--out", shop / "dataset"], check=True, stdout=subprocess.DEVNULL)
    return shop


def config_file(folder, name, **changes):
    text = CONFIGURATIONS[name]
    for key, value in changes.items():
        text = "".join(f"{key} = {value}\n" if line.startswith(f"{key} = ") else line for line in text.splitlines(keepends=True))
    path = folder / f"{name.replace(' ', '_')}.toml"
    path.write_text(text)
    return path


def check_losses(folder, shop, name, rate):
    recording = folder / "steps.safetensors"
    run([BINARIES / "bench_train", shop / "dataset", config_file(folder, name, learning_rate=rate), 2, CHECKED_STEPS, recording])
    losses = run([sys.executable, PEER, "replay", recording, 2])
    off = {which: max(abs(a - b) / b for a, b in zip(losses[which], losses["float64"])) for which in ("ours", "float32")}
    print(f"configuration {name}: losses of {CHECKED_STEPS} steps from the same weights differ from PyTorch's in double precision by at most "
          f"{off['ours']:.1e}; PyTorch's in single precision by {off['float32']:.1e}", flush=True)
    if not off["ours"] < LARGEST_DIFFERENCE:
        raise SystemExit("the losses do not agree")


def num_distinct(shop):
    items, rng = numpy.load(shop / "shop.npz")["item"], numpy.random.default_rng(0)
    return float(numpy.mean([len(numpy.unique(items[rng.integers(0, len(items), BATCH)])) for _ in range(20)]))


def gflop_a_step(name, num_candidates):
    """Each product once forward and twice backward; distinct candidates once."""
    weights = [sum(a * b for a, b in zip(widths, widths[1:])) for widths in LAYERS[name]]
    return 6e-9 * (BATCH * weights[0] + num_candidates * weights[1] + BATCH * num_candidates * LAYERS[name][0][-1])


class Turns:
    """Ours and the peers, one after the other, so many times."""

    def __init__(self, options, folder, shop):
        self.options, self.folder, self.shop = options, folder, shop
        self.gflops = {}  # by threads: of a GEMM, in each run of ours

    def ours(self, name, threads):
        result = run([BINARIES / "bench_train", self.shop / "dataset", config_file(self.folder, name), threads, self.options.steps])
        self.gflops.setdefault(threads, []).append(result["gemm_gflops"])
        return self.rate(result), result["peak_mib"]

    def tensorflow(self, python, threads):
        result = run([python, PEERS / "train_tensorflow.py", self.shop, threads, self.options.steps])
        return self.rate(result), result["peak_mib"]

    def peer(self, name, threads, preload=None, compiled=False):
        result = run([sys.executable, PEER, "time", self.shop, name, threads, self.options.steps] + ["--compile"] * compiled, preload)
        return self.rate(result), result["peak_mib"]

    def gemm_gflops(self, threads):
        return statistics.median(self.gflops[threads])

    @staticmethod
    def rate(result):
        """Of the median step, warm-up left out."""
        if not result["loss"] > 0:
            raise SystemExit(f"a run without a loss: {result}")
        return BATCH / statistics.median(result["step_seconds"][3:])

    def take(self, **what):
        """{name: function} -> {name: results}, in turns."""
        results = {name: [] for name in what}
        for _ in range(self.options.runs):
            for name, function in what.items():
                results[name].append(function())
                print(f"  {name}: {results[name][-1][0]:,.0f} examples a second, {results[name][-1][1]:,.0f} MiB", flush=True)
        return results


def rates(results):
    return [rate for rate, _ in results]


def first_rows(turns, preload, distinct):
    fast = {"fast": lambda: turns.peer("1", 2, preload)} if preload else {}
    taken = turns.take(ours=lambda: turns.ours("1", 2), one=lambda: turns.ours("1", 1), peer=lambda: turns.peer("1", 2), **fast)
    ours, limit = rates(taken["ours"]), BATCH * turns.gemm_gflops(2) / gflop_a_step("1", distinct)
    of = "configuration 1, 2 threads"
    yield report.row(f"{of}, PyTorch as installed", ours, {"PyTorch": rates(taken["peer"])}, unit="examples/s", must=4, goal=8, limit=limit)
    if preload:
        yield report.row(f"{of}, PyTorch with its fastest path", ours, {"PyTorch": rates(taken["fast"])}, unit="examples/s", must=3, goal=6)
    yield report.row(f"{of}, share of the GEMM's rate", ours, {}, unit="examples/s", must=0.4, goal=0.7, limit=limit)
    # The limit: what a second thread gives a GEMM.
    one = rates(taken["one"])
    yield report.row("configuration 1, 2 threads beside 1", ours, {"1 thread": one}, unit="examples/s", must=1.8, goal=1.95,
                     limit=statistics.median(one) * turns.gemm_gflops(2) / turns.gemm_gflops(1))
    yield report.row("configuration 1, peak memory", [mib for _, mib in taken["ours"]], {"PyTorch": [mib for _, mib in taken["peer"]]}, unit="MiB",
                     must=4, goal=8)


def tensorflow_rows(turns):
    python = tensorflow_python()
    taken = turns.take(ours=lambda: turns.ours("1", 2), tensorflow=lambda: turns.tensorflow(python, 2))
    yield report.row("configuration 1, 2 threads, TensorFlow Recommenders as its users write it", rates(taken["ours"]),
                     {"TensorFlow": rates(taken["tensorflow"])}, unit="examples/s", must=8, goal=17)


def second_rows(turns, preload, distinct):
    taken = turns.take(ours=lambda: turns.ours("2", 2), peer=lambda: turns.peer("2", 2, preload, turns.options.compile))
    limit = BATCH * turns.gemm_gflops(2) / gflop_a_step("2", distinct)
    which = "fastest path" + (", compiled" if turns.options.compile else "")
    yield report.row(f"configuration 2, 2 threads, PyTorch, {which}", rates(taken["ours"]), {"PyTorch": rates(taken["peer"])}, unit="examples/s",
                     must=2.5, goal=5, limit=limit)


def third_rows(turns, preload):
    taken = turns.take(ours=lambda: turns.ours("3", 2), plain=lambda: turns.ours("3 without prior", 2), peer=lambda: turns.peer("3", 2, preload))
    ours = rates(taken["ours"])
    yield report.row("configuration 3, 2 threads, PyTorch, fastest path", ours, {"PyTorch": rates(taken["peer"])}, unit="examples/s", must=3, goal=6)
    yield report.row("configuration 3, with its prior beside without", ours, {"without": rates(taken["plain"])}, unit="examples/s", must=0.85, goal=0.95)


def full_rows(turns):
    taken = turns.take(ours=lambda: turns.ours("full", 2))
    num_products = len(numpy.load(turns.shop / "shop.npz")["price"])
    limit = BATCH * turns.gemm_gflops(2) / gflop_a_step("full", num_products)
    yield report.row("full softmax over 6,700 products, share of the GEMM's rate", rates(taken["ours"]), {}, unit="examples/s", must=0.4, goal=0.7,
                     limit=limit)


def gpu_rows(turns):
    """What a GPU is worth beside two threads, and beside all that the machine has."""
    cores, names = os.cpu_count(), {}

    def peer(name, *options):
        result = run([sys.executable, PEER, "time", turns.shop, name, 2, 8 * turns.options.steps, "--device", "cuda", *options])
        names[name] = result["device"]
        return turns.rate(result), result["peak_mib"]

    for name in ("1", "3"):
        taken = turns.take(two=lambda: turns.ours(name, 2), all=lambda: turns.ours(name, cores), gpu=lambda: peer(name),
                           compiled=lambda: peer(name, "--compile"))
        gpu = {f"PyTorch on {names[name]}": rates(taken["gpu"]), f"PyTorch on {names[name]}, compiled": rates(taken["compiled"])}
        for threads, ours in ((2, taken["two"]), (cores, taken["all"])):
            yield report.row(f"configuration {name}, {threads} threads beside a GPU", rates(ours), gpu, unit="examples/s")


def ten_rows(options, folder, shop):
    """Time per example at ten times the events, divided by the ratio of the arithmetic."""
    large = prepare(folder, 10)
    small_turns, large_turns = Turns(options, folder, shop), Turns(options, folder, large)
    taken = small_turns.take(small=lambda: small_turns.ours("1", 2), large=lambda: large_turns.ours("1", 2))
    more = gflop_a_step("1", num_distinct(large)) / gflop_a_step("1", num_distinct(shop))
    yield report.row("ten times the data, arithmetic taken out", [rate * more for rate in rates(taken["large"])],
                     {"base size": rates(taken["small"])}, unit="examples/s", must=round(1 / 1.35, 2), goal=round(1 / 1.15, 2))


def make_parser(description, name, only, what):
    """What bench/serve.py asks for too."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=pathlib.Path, default=report.ROOT / "out" / f"bench_{name}", help="where shops and bundles are made")
    parser.add_argument("--steps", type=int, default=25, help="batches of a training")
    parser.add_argument("--runs", type=int, default=3, help="turns of each")
    parser.add_argument("--only", default=only, help=f"{what}, some of these, or none: ''")
    report.add_guard(parser)
    return parser


def main():
    parser = make_parser(__doc__, "train", "1,2,3,full", "configurations")
    parser.add_argument("--compile", action="store_true", help="the peer of configuration 2 through torch.compile; needs a C++ compiler")
    parser.add_argument("--tensorflow", action="store_true", help="also TensorFlow Recommenders, configuration 1")
    parser.add_argument("--ten", action="store_true", help="also a shop of ten times the size: 20,000,000 events")
    parser.add_argument("--gpu", action="store_true", help="also PyTorch on the machine's CUDA device, configurations 1 and 3")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    shop, preload, wanted = prepare(options.folder, 1), fast_path(options.folder), list(filter(None, options.only.split(",")))
    for name, rate in (("1", 0.01), ("2", 0.1)):
        if name in wanted:
            check_losses(options.folder, shop, name, rate)
    turns, distinct = Turns(options, options.folder, shop), num_distinct(shop)
    rows = {"1": lambda: first_rows(turns, preload, distinct), "2": lambda: second_rows(turns, preload, distinct),
            "3": lambda: third_rows(turns, preload), "full": lambda: full_rows(turns)}
    found = [row for name in wanted for row in rows[name]()]
    found += tensorflow_rows(turns) if options.tensorflow else []
    found += gpu_rows(turns) if options.gpu else []
    found += ten_rows(options, options.folder, shop) if options.ten else []
    if 2 in turns.gflops:
        print(f"GEMM on 2 threads: {turns.gemm_gflops(2):.0f} GFLOP/s; {distinct:.0f} distinct products in a batch")
    return report.finish("train", found, report.command("train", parser, options), options.guard)


if __name__ == "__main__":
    sys.exit(main())
