#!/usr/bin/env python3
"""Writes the files behind published tables as CSV that gemel reads: published_data.py NAME FOLDER.

Reads them below GEMEL_DATA. Where a paper has no validation part, one is drawn from its training part, so that nothing is chosen on test.
"""
import csv
import json
import os
import random
import sys
from pathlib import Path

VALIDATION_SHARE = 0.1
SEED = 42


def write(path, header, rows):
    with open(path, "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows(rows)
    print(f"{path}: {len(rows)} rows")


def read_lists(path):
    """Lines of `user item item ...` -> (user, items)."""
    for line in open(path):
        user, *items = line.split()
        yield user, items


def gowalla(data, out):
    """The LightGCN split. A tenth of each customer's training places becomes validation."""
    rng = random.Random(SEED)
    train, validation = [], []
    for user, items in read_lists(data / "gowalla/train.txt"):
        rng.shuffle(items)
        num_validation = int(len(items) * VALIDATION_SHARE)
        validation += [(user, item) for item in items[:num_validation]]
        train += [(user, item) for item in items[num_validation:]]
    test = [(user, item) for user, items in read_lists(data / "gowalla/test.txt") for item in items]
    for name, rows in ("train", train), ("validation", validation), ("test", test):
        write(out / f"{name}.csv", ("user_id", "item_id"), rows)


def amazon_beauty_sequences(data, out):
    """The sequences of S3-Rec: the last item is the test, the one before it validation. Training rows stand in the order of their place in
    the sequence, first places of all customers first, so that neighbouring rows are of different customers."""
    train, validation, test = [], [], []
    for user, items in read_lists(data / "amazon_beauty/sequences_s3rec.txt"):
        train += [(place, user, item) for place, item in enumerate(items[:-2])]
        validation.append((user, items[-2]))
        test.append((user, items[-1]))
    train = [row[1:] for row in sorted(train, key=lambda row: row[0])]
    for name, rows in ("train", train), ("validation", validation), ("test", test):
        write(out / f"{name}.csv", ("user_id", "item_id"), rows)
    attributes = json.load(open(data / "amazon_beauty/item2attributes_s3rec.json"))
    write(out / "items.csv", ("item_id", "attributes"), [(item, "|".join(map(str, values))) for item, values in attributes.items()])


def ml_100k(data, out):
    """80,000 ratings drawn at random to train on, 20,000 to judge by, as the tutorials of TensorFlow Recommenders do."""
    ratings = [line.rstrip("\n").split("\t") for line in open(data / "ml-100k/u.data")]
    random.Random(SEED).shuffle(ratings)
    num_validation = int(80_000 * VALIDATION_SHARE)
    parts = ("train", ratings[: 80_000 - num_validation]), ("validation", ratings[80_000 - num_validation : 80_000]), ("test", ratings[80_000:])
    for name, rows in parts:
        write(out / f"{name}.csv", ("user_id", "movie_id", "rating", "timestamp"), rows)


def ml_1m_temporal(data, out):
    """Ratings of 4 and 5 are what recommendations aim at; the training file holds only those."""
    for name, source in ("train", "train_positives"), ("validation", "val_ratings"), ("test", "test_ratings"):
        with open(data / f"ml-1m_temporal/{source}.csv", newline="") as file:
            rows = [(*row, "like" if float(row[2]) >= 4 else "rating") for row in list(csv.reader(file))[1:]]
        write(out / f"{name}.csv", ("user_id", "movie_id", "rating", "timestamp", "action"), rows)


NAMES = {function.__name__: function for function in (gowalla, amazon_beauty_sequences, ml_100k, ml_1m_temporal)}

if __name__ == "__main__":
    if len(sys.argv) != 3 or sys.argv[1] not in NAMES or "GEMEL_DATA" not in os.environ:
        sys.exit(f"usage: GEMEL_DATA=... published_data.py {'|'.join(NAMES)} FOLDER")
    folder = Path(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    NAMES[sys.argv[1]](Path(os.environ["GEMEL_DATA"]), folder)
