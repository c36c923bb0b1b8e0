#!/usr/bin/env python3
"""Opens the pages that gemel writes in a real browser: no error on the console, nothing loaded from elsewhere, every chart drawn, nothing
wider than the window.

pages_test.py GEMEL
"""
import csv
import json
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile
import unittest

SKIPPED = 77  # of CMakeLists.txt
WIDTHS = (1280, 400)


def skip(what: str) -> None:
    print("skipped:", what)
    sys.exit(SKIPPED)


try:
    from playwright.sync_api import sync_playwright
except ImportError:
    skip("no Python module playwright (scripts/requirements-test.txt)")
BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
if BROWSER is None:
    skip("no chromium (scripts/debian-packages-test.txt)")
GEMEL = str(pathlib.Path(sys.argv.pop(1)).resolve()) if len(sys.argv) > 1 else skip("no program given")

SHOP = """
[events]
path = "events.csv"
time = "time"
user = "user"
item = "item"
[items]
path = "items.csv"
id = "item"
name = "name"
[items.features]
kind = "category"
[split]
validation = 0.2
test = 0.2
[models.two_tower]
epochs = 2
embedding_dim = 8
query_layers = ["8 linear"]
candidate_layers = ["8 linear"]
"""


def write_shop(folder: pathlib.Path) -> None:
    """60 customers of three tastes, 45 products of three kinds; one product's name is markup, and must stay a name."""
    chance = random.Random(5)
    (folder / "shop.toml").write_text(SHOP, encoding="utf-8")
    with open(folder / "items.csv", "w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(["item", "name", "kind"])
        for item in range(45):
            rows.writerow([item, "</script><img src=x onerror=alert(1)>" if item == 0 else f"Tea no. {item}", ("green", "black", "herbal")[item % 3]])
    with open(folder / "events.csv", "w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(["time", "user", "item"])
        for _ in range(1500):
            user = chance.randrange(60)
            item = user % 3 + 3 * int(15 * chance.random() * chance.random()) if chance.random() < 0.7 else chance.randrange(45)
            rows.writerow([1_600_000_000 + int(100 * 86400 * chance.random()), f"customer {user}", item])


class Pages(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.temporary = tempfile.TemporaryDirectory(prefix="gemel-pages-")
        cls.folder = pathlib.Path(cls.temporary.name)
        write_shop(cls.folder)
        cls.gemel("ingest", "shop.toml", "--out", "dataset")
        cls.playwright = sync_playwright().start()
        cls.browser = cls.playwright.chromium.launch(executable_path=BROWSER, args=["--no-sandbox"])

    @classmethod
    def tearDownClass(cls):
        cls.browser.close()
        cls.playwright.stop()
        cls.temporary.cleanup()

    @classmethod
    def gemel(cls, *arguments: str) -> None:
        subprocess.run([GEMEL, *arguments, "--quiet"], cwd=cls.folder, check=True, stdout=subprocess.DEVNULL)

    def open(self, name: str, width: int):
        """The page once all is drawn, and what the browser complained about."""
        page = self.browser.new_page(viewport={"width": width, "height": 900})
        complaints = []
        page.on("console", lambda message: complaints.append(message.text) if message.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda request: complaints.append("loads " + request.url) if not request.url.startswith(("file:", "data:")) else None)
        page.goto((self.folder / name).as_uri())
        page.wait_for_function("document.documentElement.dataset.drawn === 'true' || document.documentElement.dataset.errors !== '0'")
        return page, complaints

    def expect_sound(self, name: str, min_charts: int) -> None:
        for width in WIDTHS:
            with self.subTest(page=name, width=width):
                page, complaints = self.open(name, width)
                state = page.evaluate("({...document.documentElement.dataset})")
                self.assertEqual(complaints, [])
                self.assertEqual(state["errors"], "0")
                self.assertGreaterEqual(int(state["charts"]), min_charts)
                # A chart is there when it has marks of its data, not only axes.
                drawn = page.eval_on_selector_all(
                    "figure .chart", "charts => charts.map(c => c.querySelectorAll('svg .role-mark path, svg .role-mark line, svg .role-mark text').length)")
                self.assertEqual(len(drawn), int(state["charts"]))
                self.assertNotIn(0, drawn)
                self.assertLessEqual(page.evaluate("document.documentElement.scrollWidth"), width)
                page.close()

    def test_report(self):
        self.gemel("report", "dataset", "--models", "popularity,item_knn,two_tower", "--out", "report.html", "--json", "report.json")
        self.expect_sound("report.html", min_charts=10)
        page, complaints = self.open("report.html", 1280)
        report = json.loads((self.folder / "report.json").read_text(encoding="utf-8"))
        text = page.inner_text("main")
        for said in (report["title"], *report["summary"], report["command"]):
            self.assertIn(said, text)
        for model in report["models"]:
            self.assertIn(f"{model['all']['metrics']['ndcg_at_20']['value']:.4f}", text)
        self.assertEqual(page.locator("main img").count(), 0)
        # Another metric is drawn where it is asked for.
        page.select_option("#comparison select", "recall_at_100")
        page.wait_for_function("document.querySelector('#comparison svg').textContent.includes('recall@100')")
        self.assertEqual(complaints, [])

    def test_tuning(self):
        self.gemel("tune", "item_knn,popularity", "dataset", "--trials", "11", "--out", "tuning")
        self.expect_sound("tuning/tuning.html", min_charts=2 + 5 + 1)
        page, _ = self.open("tuning/tuning.html", 1280)
        tuning = json.loads((self.folder / "tuning/tuning.json").read_text(encoding="utf-8"))
        text = page.inner_text("main")
        for model in tuning["models"]:
            self.assertIn(f"{model['attempts'][model['best']]['ndcg_at_20']:.4f}", text)


if __name__ == "__main__":
    unittest.main()
