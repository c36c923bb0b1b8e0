#!/usr/bin/env python3
"""Reads #include lines and fails on an arrow that ARCHITECTURE.md does not have.

check_layers.py [ROOT]: prints each wrong include as file:line, exit code 1 when there is one.
"""
import pathlib
import re
import sys

# What a folder may include besides itself. models -> index: docs/decisions/0002-models-search.md
ARROWS = {
    "base": set(),
    "numerics": {"base"},
    "nn": {"base", "numerics"},
    "index": {"base", "numerics"},
    "data": {"base", "numerics"},
    "features": {"base", "numerics", "data"},
    "models": {"base", "numerics", "data", "features", "nn", "index"},
    "synth": {"base", "numerics", "data", "models/recommender.h"},
    "eval": {"base", "numerics", "data", "models/recommender.h", "models/registry.h"},
    "tune": {"base", "numerics", "data", "models/recommender.h", "models/registry.h", "models/tuning_space.h", "eval"},
    "report": {"base", "numerics", "data", "models/recommender.h", "models/registry.h", "eval", "retrieval/manifest.h"},
    "retrieval": {"base", "numerics", "data", "features", "models", "index"},
    "serve": {"base", "numerics", "data", "features", "models", "index", "retrieval"},
}
EVERYTHING = set(ARROWS) - {"serve"}
PROGRAMS = {"cli": EVERYTHING | {"serve"}, "bindings": EVERYTHING, "bench": EVERYTHING, "tests": EVERYTHING | {"cli"}, "examples": EVERYTHING}
ARROW_FOLDER = "gemel/data/arrow_module/"  # the one place that touches Apache Arrow

INCLUDE = re.compile(r'^\s*#\s*include\s*["<]([^">]+)[">]')


def wrong_include(source: str, included: str) -> str:
    """Why `source` (path in the checkout) may not include `included`; empty when it may."""
    if included.startswith(("arrow/", "parquet/")):
        return "" if source.startswith(ARROW_FOLDER) else f"only {ARROW_FOLDER} includes Arrow"
    parts = included.split("/")
    if parts[0] == "gemel" and len(parts) > 2:
        target = parts[1]
    elif parts[0] in PROGRAMS and len(parts) > 1:
        target = parts[0]
    else:
        return ""
    own = source.split("/")
    folder, allowed = (own[1], ARROWS.get(own[1])) if own[0] == "gemel" else (own[0], PROGRAMS.get(own[0]))
    if allowed is None:
        return f"folder {folder} has no line in scripts/check_layers.py"
    if target == folder or target in allowed or "/".join(parts[1:]) in allowed:
        return ""
    return f"{folder} may include {', '.join(sorted(allowed)) or 'nothing of gemel'}, not {target}"


def main(root: pathlib.Path) -> int:
    sources = [p for top in ("gemel", *PROGRAMS) for p in sorted((root / top).rglob("*")) if p.suffix in (".h", ".cpp", ".cu")]
    wrong = 0
    for path in sources:
        name = path.relative_to(root).as_posix()
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            found = INCLUDE.match(line)
            why = wrong_include(name, found[1]) if found else ""
            if why:
                wrong += 1
                print(f"{name}:{number}: {why}")
    print(f"layers: {len(sources)} files, {wrong} wrong includes")
    return 1 if wrong or not sources else 0


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ".")))
