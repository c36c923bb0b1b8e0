#!/usr/bin/env python3
"""Tests of check_layers.py: python3 scripts/check_layers_test.py"""
import contextlib
import io
import pathlib
import tempfile
import unittest

import check_layers


class WrongInclude(unittest.TestCase):
    def test_arrows_of_the_diagram_pass_and_their_reverse_does_not(self):
        for source, target in [("numerics", "base"), ("data", "numerics"), ("features", "data"), ("models", "features"),
                               ("models", "nn"), ("models", "index"), ("retrieval", "models"), ("retrieval", "index")]:
            self.assertEqual(check_layers.wrong_include(f"gemel/{source}/a.cpp", f"gemel/{target}/b.h"), "")
            self.assertIn(f"not {source}", check_layers.wrong_include(f"gemel/{target}/b.h", f"gemel/{source}/a.h"))

    def test_eval_knows_the_interface_of_models_and_no_model(self):
        self.assertEqual(check_layers.wrong_include("gemel/eval/evaluate.h", "gemel/models/recommender.h"), "")
        self.assertEqual(check_layers.wrong_include("gemel/synth/oracle.h", "gemel/models/recommender.h"), "")
        self.assertIn("not models", check_layers.wrong_include("gemel/synth/oracle.cpp", "gemel/models/registry.h"))
        self.assertIn("not models", check_layers.wrong_include("gemel/eval/evaluate.h", "gemel/models/two_tower/two_tower.h"))
        self.assertIn("not retrieval", check_layers.wrong_include("gemel/eval/evaluate.h", "gemel/retrieval/retriever.h"))

    def test_libraries_include_no_program_and_programs_include_libraries(self):
        self.assertIn("not cli", check_layers.wrong_include("gemel/retrieval/a.cpp", "cli/command.h"))
        self.assertEqual(check_layers.wrong_include("cli/train.cpp", "gemel/eval/report.h"), "")

    def test_apache_arrow_stays_in_its_module(self):
        self.assertEqual(check_layers.wrong_include("gemel/data/arrow_module/parquet.cpp", "arrow/api.h"), "")
        self.assertIn("only gemel/data/arrow_module", check_layers.wrong_include("gemel/data/ingest/a.cpp", "parquet/arrow/reader.h"))

    def test_system_headers_and_neighbours_pass(self):
        for included in ("vector", "fmt/format.h", "gemel/nn/loss.h"):
            self.assertEqual(check_layers.wrong_include("gemel/nn/dense.cpp", included), "")

    def test_a_folder_without_a_line_is_wrong(self):
        self.assertIn("no line", check_layers.wrong_include("gemel/utils/a.cpp", "gemel/base/result.h"))


class WholeTree(unittest.TestCase):
    def test_names_file_and_line_and_fails(self):
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            (root / "gemel/base").mkdir(parents=True)
            (root / "gemel/base/a.h").write_text('#pragma once\n#include "gemel/data/ids.h"\n')
            printed = io.StringIO()
            with contextlib.redirect_stdout(printed):
                self.assertEqual(check_layers.main(root), 1)
            self.assertIn("gemel/base/a.h:2: ", printed.getvalue())


if __name__ == "__main__":
    unittest.main()
