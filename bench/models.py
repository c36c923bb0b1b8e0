"""Fits of ials, bpr, item_knn and ease beside implicit and numpy, 2 threads each.

    ./x bench models [--pairs 3] [--only ials,bpr,item_knn,ease] [--matrices shop,ml20,beauty] [--guard]

Writes made-up matrices (`shop`: 250,000 customers, 6,700 products, 2 million pairs; `ml20`: 138,000, 27,000, 10 million; `beauty`: 22,363, 12,101,
198,502) into build/bench/models, then fits each with gemel and the peer in turn, in processes of their own. Seconds of an epoch after the first, or of the
whole fit where there are none. An epoch of bpr: ours takes each pair once, implicit as many at random.
"""
import argparse
import os
import subprocess
import sys
import time

import report

os.environ.pop("OPENBLAS_CORETYPE", None)  # presets of the environment may halve OpenBLAS
THREADS = 2


def zipf(count, exponent, rng):
    import numpy as np
    p = 1.0 / (np.arange(count) + 10.0) ** exponent
    return rng.permutation(p / p.sum())


def draw(name):
    """(customers, products) of each pair, and how many there are of both."""
    import numpy as np
    rng = np.random.default_rng(7)
    users, items, pairs = {"shop": (250_000, 6_700, 2_000_000), "ml20": (138_000, 27_000, 10_000_000), "beauty": (22_363, 12_101, 198_502)}[name]
    return rng.choice(users, pairs, p=zipf(users, 0.6, rng)), rng.choice(items, pairs, p=zipf(items, 0.9, rng)), users, items


def write(name, folder, gemel):
    """The Dataset and the matrix of the same pairs; made once."""
    import numpy as np
    import pandas as pd
    dataset, matrix = f"{folder}/{name}", f"{folder}/{name}.npz"
    if os.path.exists(matrix):
        return dataset, matrix
    user, item, users, items = draw(name)
    pd.DataFrame({"user": user, "item": item}).to_csv(f"{folder}/{name}.csv", index=False)
    with open(f"{folder}/{name}.toml", "w") as toml:
        toml.write(f'[events]\npath = "{name}.csv"\norder = true\nuser = "user"\nitem = "item"\n[events.actions.buy]\ntarget = true\n')
    subprocess.run([gemel, "ingest", f"{folder}/{name}.toml", "--out", dataset, "--quiet"], check=True)
    np.savez(matrix, user=user, item=item, shape=[users, items])
    return dataset, matrix


def peer(what, matrix, dim):
    """Runs in a process of its own: seconds of each iteration, or of the whole."""
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = str(THREADS if what == "ease" else 1)
    import numpy as np
    import scipy.sparse as sp
    pairs = np.load(matrix)
    x = sp.csr_matrix((np.ones(len(pairs["user"]), np.float32), (pairs["user"], pairs["item"])), pairs["shape"])
    x.data[:] = 1
    start = time.perf_counter()
    if what == "ease":
        gram = (x.T @ x).toarray()
        gram[np.diag_indices_from(gram)] += 500
        p = np.linalg.inv(gram)
        p /= -np.diag(p)
        np.fill_diagonal(p, 0)
        return [time.perf_counter() - start]
    if what == "item_knn":
        from implicit.nearest_neighbours import CosineRecommender
        CosineRecommender(K=50, num_threads=THREADS).fit(x, show_progress=False)
        return [time.perf_counter() - start]
    if what == "bpr":
        from implicit.bpr import BayesianPersonalizedRanking
        model = BayesianPersonalizedRanking(dim, learning_rate=0.05, iterations=4, num_threads=THREADS, use_gpu=False, random_state=1)
    else:
        from implicit.als import AlternatingLeastSquares
        model = AlternatingLeastSquares(dim, regularization=0.05, alpha=10, iterations=4, num_threads=THREADS, use_cg=what == "ials",
                                        use_gpu=False, random_state=1)
    ends = [time.perf_counter()]
    model.fit(x, show_progress=False, callback=lambda *_: ends.append(time.perf_counter()))
    return [b - a for a, b in zip(ends, ends[1:])]


def seconds_of(command, num_warm_up):
    out = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return [float(word) for word in out.split()][num_warm_up:]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=3, help="turns of each")
    parser.add_argument("--only", default="ials,bpr,item_knn,ease")
    parser.add_argument("--matrices", default="shop,ml20,beauty")
    report.add_guard(parser)
    options = parser.parse_args()
    binaries, folder = report.ROOT / "build" / "bench" / "bin", report.ROOT / "build" / "bench" / "models"
    folder.mkdir(exist_ok=True)
    runs = [("ials", name, dim, f"embedding_dim = {dim}, epochs = 4, cg_steps = 3") for name in ("shop", "ml20") for dim in (64, 128)]
    runs += [("ials_exact", name, 64, "embedding_dim = 64, epochs = 4") for name in ("shop", "ml20")]
    runs += [("bpr", name, dim, f"embedding_dim = {dim}, epochs = 4, num_hard_negatives = 1") for name in ("shop", "ml20") for dim in (64, 128)]
    runs += [("item_knn", name, 0, "neighbours = 50, shrinkage = 0") for name in ("shop", "ml20")]
    runs += [("ease", "beauty", 0, "regularization = 500")]
    rows = []
    for what, name, dim, knobs in runs:
        model, num_warm_up = what.removesuffix("_exact"), 1 if dim else 0
        if model not in options.only.split(",") or name not in options.matrices.split(","):
            continue
        dataset, matrix = write(name, folder, binaries / "gemel")
        ours, theirs = [], []
        for _ in range(options.pairs):
            ours += seconds_of([binaries / "bench_models", dataset, model, knobs, str(THREADS)], num_warm_up)
            theirs += seconds_of([sys.executable, __file__, "--peer", what, matrix, str(dim)], num_warm_up)
        label = f"{what.replace('_', ' ') if dim else what}{f', {dim} factors, an epoch' if dim else ''}, {name}"
        rows.append(report.row(label, ours, {"numpy" if what == "ease" else "implicit": theirs}, unit="s", must=1, goal=3))
        print(*report.table(rows[-1:]), sep="\n", flush=True)
    return report.finish("models", rows, report.command("models", parser, options), options.guard)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--peer"]:
        print(*peer(sys.argv[2], sys.argv[3], int(sys.argv[4])))
    else:
        sys.exit(main())
