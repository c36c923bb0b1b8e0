"""What every benchmark does with its figures: rows in bench/results/NAME.json, the tables of docs/performance.md, the regression guard.

A row is {measure, unit, ours, peer, peer_name, ratio, must, goal, share_of_limit, spread, command, machine}. `ratio` is always
better-is-higher, and so are must and goal; a row without a peer has the stated limit in its place. A filter's ratio is the median of those of
turns that follow each other, not that of the medians beside it. spread holds the lowest and the highest of the runs, ours and the peer's.

    python bench/report.py      writes the tables of docs/performance.md anew from bench/results/*.json
"""
import argparse
import json
import os
import pathlib
import platform
import re
import shlex
import statistics
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
RESULTS = ROOT / "bench" / "results"
PERFORMANCE = ROOT / "docs" / "performance.md"
LARGEST_LOSS = 0.15  # of a stored ratio; more is a regression
NOTED_LOSS = 0.05    # of a stored ratio; less is noise


def machine():
    """The processor, the widest instructions it has, its cores."""
    cpu = pathlib.Path("/proc/cpuinfo")
    text = cpu.read_text() if cpu.exists() else ""
    model = re.search(r"model name\s*: (.*)", text)
    family = re.search(r"cpu family\s*: (\d+)\nmodel\s*: (\d+)", text)
    widest = next((name for flag, name in (("avx512_vnni", "AVX-512 VNNI"), ("avx512f", "AVX-512"), ("avx2", "AVX2")) if flag in text), "")
    kind = f"family {family[1]} model {family[2]}, " if family else ""
    return f"{model[1] if model else platform.machine()} ({kind}{widest}), {os.cpu_count()} cores"


def row(measure, ours, peers, *, unit, must=None, goal=None, limit=None):
    """ours: figures of the runs; peers: {name: figures}, of which the best counts, or {} for a row that has none; limit: what the machine
    could do at best. A unit that ends in `/s` is a rate; everything else is the better the lower it is."""
    is_rate = unit.endswith("/s")
    mine = statistics.median(ours)
    medians = {name: statistics.median(figures) for name, figures in peers.items()}
    best = (max if is_rate else min)(medians, key=medians.get) if medians else None
    other = medians[best] if best else limit
    better = lambda a, b: None if a is None or b is None else round(a / b if is_rate else b / a, 3)
    return {"measure": measure, "unit": unit, "ours": significant(mine), "peer": significant(other),
            "peer_name": best or ("none" if limit is None else "the limit"), "ratio": better(mine, other), "must": must, "goal": goal,
            "share_of_limit": better(mine, limit),
            "spread": [[significant(f(figures)) for f in (min, max)] for figures in ([ours, peers[best]] if best else [ours])]}


def significant(value):
    return None if value is None else float(f"{value:.4g}")


def command(name, parser, options):
    """`./x bench NAME` with what differs from the defaults and changes what is measured: a row says which run it is of."""
    flags = []
    for action in parser._actions:
        value = getattr(options, action.dest, None)
        if action.option_strings and action.dest not in ("help", "folder", "guard") and value != action.default:
            flags += action.option_strings[:1] if value is True else [action.option_strings[0], shlex.quote(str(value))]
    return " ".join(["./x bench", name, *flags])


def add_guard(parser):
    parser.add_argument("--guard", action="store_true", help=f"write nothing; fail when a ratio lost more than {LARGEST_LOSS:.0%}% of the stored one")


def finish(name, rows, command, guard=False):
    """Prints the rows, then stores them (rows of other measures and machines stay) and renders the tables, or with guard compares them with
    those of this machine. The exit code."""
    for new in rows:
        new |= {"command": command, "machine": machine()}
    print("\n" + "\n".join(table(rows)))
    path = RESULTS / f"{name}.json"
    key = lambda one: (one["machine"], one["measure"])
    stored = {key(old): old for old in json.loads(path.read_text())} if path.exists() else {}
    if guard:
        return compare({new["measure"]: stored.get(key(new)) for new in rows}, rows)
    RESULTS.mkdir(exist_ok=True)
    stored |= {key(new): new for new in rows}
    path.write_text("[\n" + ",\n".join(json.dumps(one) for one in stored.values()) + "\n]\n")
    render()
    print(f"\nWritten: {path.relative_to(ROOT)} and the tables of {PERFORMANCE.relative_to(ROOT)}")
    return 0


def compare(stored, rows):
    lost = 0
    for new in rows:
        old = stored.get(new["measure"])
        if old is None or not old["ratio"] or new["ratio"] is None:
            print(f"guard: {new['measure']}: nothing stored to compare with")
            continue
        loss = 1 - new["ratio"] / old["ratio"]
        lost += loss > LARGEST_LOSS
        if loss > NOTED_LOSS:
            print(f"guard: {new['measure']}: ratio {new['ratio']:.2f}, stored {old['ratio']:.2f}{': REGRESSION' if loss > LARGEST_LOSS else ''}")
    print(f"guard: {lost} of {len(rows)} ratios lost more than {LARGEST_LOSS:.0%}")
    return 1 if lost else 0


def table(rows):
    """As Markdown; a must that is missed is bold."""
    def figure(value, spread):
        return "" if value is None else f"{value:,.4g}" + (f" ({spread[0]:,.4g} - {spread[1]:,.4g})" if spread else "")

    yield "| measure | ours | best peer | ratio | must | goal | share of limit |"
    yield "|---|---|---|---|---|---|---|"
    for one in rows:
        spread = one.get("spread", []) + [None, None]
        ratio = "" if one["ratio"] is None else f"{one['ratio']:.2f}"
        if one["must"] and one["ratio"] is not None and one["ratio"] < one["must"]:
            ratio = f"**{ratio}**"
        share = "" if one["share_of_limit"] is None else f"{one['share_of_limit']:.0%}"
        yield (f"| {one['measure']}, {one['unit']} | {figure(one['ours'], spread[0])} | {one['peer_name']} {figure(one['peer'], spread[1])} "
               f"| {ratio} | {one['must'] or ''} | {one['goal'] or ''} | {share} |")


def render():
    """Between `<!-- rows: NAME -->` and `<!-- end -->` of docs/performance.md stand the rows of NAME.json, by command and machine."""
    if not PERFORMANCE.exists():
        return
    def fill(found):
        path = RESULTS / f"{found[1]}.json"
        if not path.exists():
            return found[0]
        rows, lines = json.loads(path.read_text()), []
        for origin in dict.fromkeys((one["command"], one["machine"]) for one in rows):
            lines += [f"`{origin[0]}` on {origin[1]}:", "", *table([one for one in rows if (one["command"], one["machine"]) == origin]), ""]
        return f"<!-- rows: {found[1]} -->\n\n" + "\n".join(lines) + "\n<!-- end -->"
    PERFORMANCE.write_text(re.sub(r"<!-- rows: (\w+) -->.*?<!-- end -->", fill, PERFORMANCE.read_text(), flags=re.S))


if __name__ == "__main__":
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    render()
    sys.exit(0)
