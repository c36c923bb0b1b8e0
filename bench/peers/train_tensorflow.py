"""Configuration 1 of bench/train.py in TensorFlow Recommenders, as its users write it: a Retrieval task, joined rows from memory through
shuffle, batch and prefetch, Keras' fit. Ids go in as integers, which spares it the StringLookup of the tutorials.

    python train_tensorflow.py SHOP_FOLDER THREADS STEPS

Prints the seconds of each step, the mean loss a row and the peak of memory as JSON.
"""
import json
import os
import pathlib
import resource
import sys
import time

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import numpy
import tensorflow as tf
import tensorflow_recommenders as tfrs

BATCH, DIM, SHUFFLED = 4096, 64, 100_000
CATEGORIES = {"brand": 200, "series": 600, "category": 40, "type": 120, "gender": 4}
ATTRIBUTES, ACTIONS, DAYS = 300, 5, 366


class Tower(tf.keras.Model):
    def __init__(self, tables, numbers, has_attributes):
        super().__init__()
        self.embeddings = {name: tf.keras.layers.Embedding(rows, DIM) for name, rows in tables.items()}
        self.numbers = numbers
        if has_attributes:
            self.attributes = tf.keras.layers.Embedding(ATTRIBUTES + 1, DIM, mask_zero=True)
            self.pool = tf.keras.layers.GlobalAveragePooling1D()
        self.has_attributes = has_attributes
        self.dense = tf.keras.Sequential([tf.keras.layers.Dense(64, "relu"), tf.keras.layers.Dense(32, "relu"), tf.keras.layers.Dense(32)])

    def call(self, inputs):
        parts = [embedding(inputs[name]) for name, embedding in self.embeddings.items()]
        if self.has_attributes:
            parts.append(self.pool(self.attributes(inputs["attributes"])))
        parts += [tf.reshape(inputs[name], (-1, 1)) for name in self.numbers]
        return self.dense(tf.concat(parts, 1))


class Model(tfrs.Model):
    def __init__(self, num_users, num_items):
        super().__init__()
        self.query = Tower({"user": num_users, "action": ACTIONS, "day": DAYS}, ["weight", "trend"], False)
        self.candidate = Tower({"item": num_items} | CATEGORIES, ["price", "volume"], True)
        self.task = tfrs.tasks.Retrieval()

    def compute_loss(self, inputs, training=False):
        return self.task(self.query(inputs), self.candidate(inputs), candidate_sampling_probability=inputs["share"], compute_metrics=False)


class Clock(tf.keras.callbacks.Callback):
    def on_train_begin(self, logs=None):
        self.at, self.losses = [time.perf_counter()], []

    def on_train_batch_end(self, batch, logs=None):
        self.at.append(time.perf_counter())
        self.losses.append(logs["loss"])


def columns_of(shop, events):
    """Of each event, its product's features beside it."""
    item = shop["item"][events]
    offsets, attributes = shop["attribute_offsets"], shop["attributes"]
    padded = numpy.zeros((len(offsets) - 1, numpy.diff(offsets).max()), numpy.int32)
    for row, (begin, end) in enumerate(zip(offsets, offsets[1:])):
        padded[row, :end - begin] = attributes[begin:end] + 1
    share = numpy.bincount(shop["item"], minlength=len(padded)) / len(shop["item"])
    of_items = {name: shop[name] for name in CATEGORIES} | {"price": numpy.log(shop["price"]), "volume": numpy.log(shop["volume"]),
                                                            "attributes": padded, "share": numpy.maximum(share, 1e-9).astype(numpy.float32)}
    return {name: values[item] for name, values in of_items.items()} | {
        "user": shop["user"][events], "item": item, "action": shop["action"][events], "weight": numpy.log1p(shop["weight"][events]),
        "day": shop["day_time"][events].astype(numpy.int32), "trend": (shop["day_time"][events] / DAYS).astype(numpy.float32)}


def main():
    folder, threads, steps = pathlib.Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(threads)
    shop = dict(numpy.load(folder / "shop.npz"))
    events = numpy.random.default_rng(1).permutation(len(shop["item"]))[:steps * BATCH]
    data = tf.data.Dataset.from_tensor_slices(columns_of(shop, events)).shuffle(SHUFFLED).batch(BATCH, drop_remainder=True)
    model, clock = Model(int(shop["user"].max()) + 1, len(shop["price"])), Clock()
    model.compile(optimizer=tf.keras.optimizers.Adagrad(0.1))
    model.fit(data.prefetch(tf.data.AUTOTUNE), epochs=2, verbose=0, callbacks=[clock])
    seconds = numpy.diff(clock.at)[steps:]  # of the second pass: the graph is traced in the first
    print(json.dumps({"step_seconds": seconds.tolist(), "loss": float(numpy.mean(clock.losses)) / BATCH,
                      "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, "tensorflow": tf.__version__}))


if __name__ == "__main__":
    sys.exit(main())
