"""Reading one file of events in every text format: gemel, pandas and pyarrow in turn, one thread each, every answer checked.

    python bench/formats.py build/bench/bin/bench_formats FOLDER [ROWS] [ROUNDS]
"""
import gzip
import pathlib
import random
import subprocess
import sys
import time

import pyarrow as pa
import pyarrow.csv

KINDS = ["csv", "csv.gz", "csv.zst", "jsonl", "jsonl.gz"]

READERS = {  # a program that prints rows, sum, wall seconds, CPU seconds (imports left out)
    "pandas": """
import sys, time, pandas
path = sys.argv[1]
wall, cpu = time.perf_counter(), time.process_time()
frame = pandas.read_json(path, lines=True) if '.jsonl' in path else pandas.read_csv(path)
print(len(frame), int(frame.quantity.sum()), time.perf_counter() - wall, time.process_time() - cpu)
""",
    "pyarrow": """
import sys, time, pyarrow as pa, pyarrow.csv, pyarrow.json, pyarrow.compute
path = sys.argv[1]
pa.set_cpu_count(1)
wall, cpu = time.perf_counter(), time.process_time()
if '.jsonl' in path:
    table = pa.json.read_json(pa.input_stream(path), pa.json.ReadOptions(use_threads=False))
else:
    table = pa.csv.read_csv(pa.input_stream(path), pa.csv.ReadOptions(use_threads=False))
print(len(table), pa.compute.sum(table['quantity']).as_py(), time.perf_counter() - wall, time.process_time() - cpu)
""",
}


def write_files(folder, rows):
    random.seed(1)
    csv, jsonl = ["event_time,event_type,product_id,category,brand,price,quantity,user_id,user_session\n"], []
    for row in range(rows):
        at = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(1_700_000_000 + row // 3))
        values = [at, random.choice(["view", "view", "cart", "purchase"]), random.randrange(10**7), random.choice(["hair, care", "skin"]),
                  f"brand{random.randrange(300)}", random.randrange(10**4) / 100, random.randrange(1, 5), random.randrange(10**8),
                  f"{random.getrandbits(128):032x}"]
        csv.append(",".join(f'"{value}"' if "," in str(value) else str(value) for value in values) + "\n")
        names = ["event_time", "event_type", "product_id", "category", "brand", "price", "quantity", "user_id", "user_session"]
        jsonl.append("{" + ", ".join(f'"{n}": "{v}"' if isinstance(v, str) else f'"{n}": {v}' for n, v in zip(names, values)) + "}\n")
    for kind, lines in (("csv", csv), ("jsonl", jsonl)):
        text = "".join(lines).encode()
        (folder / f"events.{kind}").write_bytes(text)
        with gzip.open(folder / f"events.{kind}.gz", "wb", 6) as file:
            file.write(text)
        with pa.output_stream(str(folder / f"events.{kind}.zst"), compression="zstd") as file:
            file.write(text)


def main():
    program, folder = sys.argv[1], pathlib.Path(sys.argv[2])
    rows, rounds = (int(argument) for argument in (sys.argv[3:] + ["1000000", "5"][len(sys.argv) - 3:]))
    folder.mkdir(parents=True, exist_ok=True)
    write_files(folder, rows)
    print("| file | MB of text | " + " | ".join(f"{name} CPU s (MB/s)" for name in ["gemel", *READERS]) + " |\n|---|---|---|---|---|")
    for kind in KINDS:
        path, cpu, answers = str(folder / f"events.{kind}"), {}, set()
        readers = ["gemel", *(name for name in READERS if name != "pandas" or not kind.endswith(".zst"))]  # which wants another wheel
        for _ in range(rounds):
            for name in readers:
                command = [program, path] if name == "gemel" else [sys.executable, "-c", READERS[name], path]
                num_rows, total, _, seconds = subprocess.run(command, capture_output=True, check=True, text=True).stdout.split()
                answers.add((num_rows, total))
                cpu.setdefault(name, []).append(float(seconds))
        assert len(answers) == 1, answers
        size = (folder / f"events.{kind.split('.')[0]}").stat().st_size / 1e6
        texts = [f"{min(cpu[name]):.2f} - {max(cpu[name]):.2f} ({size / min(cpu[name]):.0f})" if name in cpu else "" for name in ["gemel", *READERS]]
        print(f"| {kind} | {size:.0f} | " + " | ".join(texts) + " |", flush=True)


main()
