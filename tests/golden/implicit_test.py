"""Our ials, item_knn and bpr against PyPI implicit on the same matrix: python3 implicit_test.py path/to/recommend_pairs"""

import os
import subprocess
import sys

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"
import numpy as np
import scipy.sparse as sp
from implicit.als import AlternatingLeastSquares
from implicit.bpr import BayesianPersonalizedRanking
from implicit.nearest_neighbours import CosineRecommender

USERS, ITEMS, TASTES = 400, 150, 6


def shop(seed):
    """Customers of six tastes, half of their purchases elsewhere; a fifth is held out. -> (train, test)"""
    draw = np.random.default_rng(seed)
    popularity = 1 / (np.arange(ITEMS) + 5.0)
    rows = np.zeros((USERS, ITEMS), bool)
    for user in range(USERS):
        chance = popularity * np.where(np.arange(ITEMS) % TASTES == user % TASTES, 8, 1)
        rows[user, draw.choice(ITEMS, draw.integers(8, 25), replace=False, p=chance / chance.sum())] = True
    held_out = rows & (draw.random(rows.shape) < 0.2)
    return sp.csr_matrix(rows & ~held_out, dtype=np.float32), held_out


def run(program, arguments, text):
    return subprocess.run([program, *map(str, arguments)], input=text, capture_output=True, text=True, check=True).stdout.splitlines()


def lines_of(train):
    return "".join(f"{user} {item}\n" for user, item in zip(*train.nonzero()))


def recall(rankings, held_out, k=10):
    shares = [len(set(ranking[:k]) & set(np.flatnonzero(wanted))) / wanted.sum() for ranking, wanted in zip(rankings, held_out) if wanted.any()]
    return float(np.mean(shares))


def compare_ials(program, train):
    """The loss of Hu et al. with confidence c is ours with unobserved weight 1 and c - 1 on the pairs, whose right side is smaller by
    s = (c - 1) / c: customers' factors and all scores come out s times theirs when the products' side is regularised s^2 times as much."""
    dim, confidence, regularization, epochs = 12, 8.0, 2.0, 5
    factors = np.random.default_rng(3).normal(0, 0.1, (ITEMS, dim)).astype(np.float32)
    model = AlternatingLeastSquares(dim, regularization=regularization, alpha=confidence, iterations=epochs, use_cg=False, use_gpu=False, num_threads=1)
    model.item_factors = factors.copy()
    model.user_factors = np.zeros((USERS, dim), np.float32)
    model.fit(train, show_progress=False)
    theirs = model.user_factors @ model.item_factors.T
    scale = (confidence - 1) / confidence
    text = f"{USERS} {ITEMS}\n" + "".join(" ".join(map(repr, row.tolist())) + "\n" for row in factors) + lines_of(train)
    arguments = ["alternate", dim, confidence - 1, regularization, regularization * scale**2, epochs]
    ours = np.array([[float(word) for word in line.split()] for line in run(program, arguments, text)]) / scale
    worst = np.abs(ours - theirs).max()
    assert worst < 2e-3, f"ials: scores differ by up to {worst}"
    print(f"ials: {ours.size} scores after {epochs} epochs agree within {worst:.1e}")


def compare_item_knn(program, train):
    k = 20
    model = CosineRecommender(K=k + 1, num_threads=1)
    model.fit(train, show_progress=False)
    similarity = model.similarity.toarray()
    compared = 0
    for item, line in enumerate(run(program, ["item_knn", f"shrinkage = 0, neighbours = {k}, history_half_life_days = 'none'", k, "items"], lines_of(train))):
        scores = sorted((float(word.split(":")[1]) for word in line.split() if float(word.split(":")[1]) > 0), reverse=True)
        expected = sorted((value for other, value in enumerate(similarity[item]) if other != item and value > 0), reverse=True)[: len(scores)]
        assert len(scores) == len(expected) and np.allclose(scores, expected, atol=1e-5), f"item_knn: neighbours of {item} differ"
        compared += len(scores)
    assert compared > ITEMS * k * 0.9, compared
    print(f"item_knn: {compared} cosines agree within 1e-5")


def compare_bpr(program, train, held_out):
    theirs = []
    for seed in range(3):
        model = BayesianPersonalizedRanking(16, learning_rate=0.05, regularization=0.01, iterations=100, num_threads=1, use_gpu=False, random_state=seed)
        model.fit(train, show_progress=False)
        theirs.append(recall(model.recommend(np.arange(USERS), train, N=10)[0].tolist(), held_out))
    knobs = "embedding_dim = 16, epochs = 100, num_hard_negatives = 1"
    ours = recall([[int(word.split(":")[0]) for word in line.split()] for line in run(program, ["bpr", knobs, 10, "users"], lines_of(train))], held_out)
    margin = 0.03  # two standard errors of a mean over 400 customers
    assert ours > min(theirs) - margin, f"bpr: recall@10 is {ours:.3f}, theirs {theirs}"
    print(f"bpr: recall@10 {ours:.3f}, theirs {min(theirs):.3f} to {max(theirs):.3f}")


def main():
    train, held_out = shop(1)
    compare_ials(sys.argv[1], train)
    compare_item_knn(sys.argv[1], train)
    compare_bpr(sys.argv[1], train, held_out)


if __name__ == "__main__":
    main()
