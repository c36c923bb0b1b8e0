"""A program of ours that holds candidates and queries and answers orders that come by line with a line of JSON each."""
import json
import pathlib
import subprocess

import numpy as np

import report


class Program:
    def __init__(self, name, candidates, queries, folder, *arguments):
        """Starts build/bench/bin/NAME CANDIDATES QUERIES DIM ARGUMENT...; the rows go to files in the folder."""
        self.name, self.answers = name, pathlib.Path(folder) / "answer"
        paths = [pathlib.Path(folder) / "candidates", pathlib.Path(folder) / "queries"]
        for path, rows in zip(paths, (candidates, queries)):
            rows.tofile(path)
        words = [report.ROOT / "build" / "bench" / "bin" / name, *paths, candidates.shape[1], *arguments]
        self.process = subprocess.Popen(list(map(str, words)), text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def read(self):
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit(f"{self.name} ended")
        return json.loads(line)

    def order(self, *words):
        print(*words, file=self.process.stdin, flush=True)
        return self.read()

    def answer(self, k, *words):
        """[queries, k] indices."""
        self.order("answer", *words, self.answers)
        return np.fromfile(self.answers, np.uint32).reshape(-1, k)

    def close(self):
        self.process.stdin.close()
        self.process.wait()
