"""Fits of ials, item_knn and ease beside their peers: models.py BENCH_MODELS GEMEL FOLDER [--pairs N] [--only ials,item_knn,ease]

Writes two made-up matrices (a shop of 250,000 customers and 6,700 products, and one like MovieLens-20M) and one of 12,101 products into
FOLDER, then runs gemel and the peer in turn, both on 2 threads, and prints the median of each and their ratio.
"""

import argparse
import os
import statistics
import subprocess
import sys
import time

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
    from implicit.als import AlternatingLeastSquares
    ends = [0.0]
    model = AlternatingLeastSquares(dim, regularization=0.05, alpha=10, iterations=4, num_threads=THREADS, use_cg=what == "ials",
                                    use_gpu=False, random_state=1)
    ends[0] = time.perf_counter()
    model.fit(x, show_progress=False, callback=lambda *_: ends.append(time.perf_counter()))
    return [b - a for a, b in zip(ends, ends[1:])]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("bench_models")
    parser.add_argument("gemel")
    parser.add_argument("folder")
    parser.add_argument("--pairs", type=int, default=3)
    parser.add_argument("--only", default="ials,item_knn,ease")
    arguments = parser.parse_args()
    os.makedirs(arguments.folder, exist_ok=True)
    runs = [("ials", name, dim, f"embedding_dim = {dim}, epochs = 4, cg_steps = 3") for name in ("shop", "ml20") for dim in (64, 128)]
    runs += [("ials_exact", name, 64, "embedding_dim = 64, epochs = 4") for name in ("shop", "ml20")]
    runs += [("item_knn", name, 0, "neighbours = 50, shrinkage = 0") for name in ("shop", "ml20")]
    runs += [("ease", "beauty", 0, "regularization = 500")]
    print("| fit | matrix | gemel s | peer s | ratio of medians |\n|---|---|---|---|---|")
    for what, name, dim, knobs in runs:
        if what.split("_exact")[0] not in arguments.only.split(","):
            continue
        dataset, matrix = write(name, arguments.folder, arguments.gemel)
        ours, theirs = [], []
        for _ in range(arguments.pairs):
            out = subprocess.run([arguments.bench_models, dataset, what.split("_exact")[0], knobs, str(THREADS)], capture_output=True,
                                 text=True, check=True).stdout
            ours += [float(word) for word in out.split()][1 if dim else 0:]  # the first iteration warms up
            out = subprocess.run([sys.executable, __file__, "--peer", what, matrix, str(dim)], capture_output=True, text=True,
                                 check=True).stdout
            theirs += [float(word) for word in out.split()][1 if dim else 0:]
        label = what.replace("_", " ") if what.startswith("ials") else what
        figures = [f"{statistics.median(values):.2f} ({min(values):.2f} - {max(values):.2f})" for values in (ours, theirs)]
        print(f"| {label}{f', {dim} factors, an epoch' if dim else ''} | {name} | {figures[0]} | {figures[1]} "
              f"| {statistics.median(theirs) / statistics.median(ours):.2f} |", flush=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--peer"]:
        print(*peer(sys.argv[2], sys.argv[3], int(sys.argv[4])))
    else:
        main()
