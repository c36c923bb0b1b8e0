"""Our metrics against PyPI ir-measures on random rankings: python3 ir_measures_test.py path/to/score_rankings"""

import random
import subprocess
import sys

import ir_measures
from ir_measures import AP, P, R, RR, Success, nDCG

TOLERANCE = 1e-9
CUTOFFS = [1, 5, 10, 20, 50, 100]
# capped_recall = hits / min(targets, k) follows from precision: P@k * k hits.
MEASURES = {"recall": R, "hit_rate": Success, "ndcg": nDCG, "map": AP, "mrr": RR, "capped_recall": P}


def random_queries(count):
    draw = random.Random(20240101)
    for _ in range(count):
        catalogue = draw.choice([3, 30, 300])
        ranking = draw.sample(range(catalogue), min(catalogue, draw.choice([1, 7, 20, 100])))
        targets = draw.sample(range(catalogue), draw.randint(1, min(catalogue, draw.choice([1, 3, 60]))))
        yield ranking, targets


def ours(program, queries):
    lines = "".join(f"{' '.join(map(str, ranking))} ; {' '.join(map(str, targets))}\n" for ranking, targets in queries)
    names, *rows = subprocess.run([program], input=lines, capture_output=True, text=True, check=True).stdout.splitlines()
    return [dict(zip(names.split(), map(float, row.split()))) for row in rows]


def theirs(queries):
    qrels = [ir_measures.Qrel(str(q), str(item), 1) for q, (_, targets) in enumerate(queries) for item in targets]
    run = [ir_measures.ScoredDoc(str(q), str(item), -rank) for q, (ranking, _) in enumerate(queries) for rank, item in enumerate(ranking)]
    names = {measure @ k: f"{name}_at_{k}" for name, measure in MEASURES.items() for k in CUTOFFS}
    rows = [{} for _ in queries]
    for metric in ir_measures.iter_calc(list(names), qrels, run):
        rows[int(metric.query_id)][names[metric.measure]] = metric.value
    for row, (_, targets) in zip(rows, queries):
        for k in CUTOFFS:
            row[f"capped_recall_at_{k}"] *= k / min(len(targets), k)
    return rows


def main():
    queries = list(random_queries(500))
    compared = 0
    for q, (mine, other) in enumerate(zip(ours(sys.argv[1], queries), theirs(queries), strict=True)):
        assert mine.keys() == other.keys(), sorted(mine.keys() ^ other.keys())
        for name, value in mine.items():
            assert abs(value - other[name]) <= TOLERANCE, f"query {q}: {name} is {value} here and {other[name]} in ir-measures"
            compared += 1
    assert compared == 500 * 36, compared
    print(f"{compared} values agree within {TOLERANCE}")


if __name__ == "__main__":
    main()
