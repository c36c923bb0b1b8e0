"""The two-tower of bench/train.py in PyTorch, as somebody who cares for speed would write it: unique rows of the large tables with an update
of their own, fused optimisers for the rest, one [batch, batch] product.

    python train_torch.py time SHOP_FOLDER CONFIGURATION THREADS STEPS [--compile] [--device cuda]
    python train_torch.py replay FILE THREADS

`time` prints the seconds of each step, the mean loss and the peak of memory as JSON. `replay` goes through the steps that `bench_train`
recorded, from the same initial parameters, with plain layers and autograd, in single and in double precision, and prints the losses.
"""
import argparse
import json
import math
import pathlib
import resource
import sys
import time

import numpy
import torch
from torch import nn
from torch.nn import functional

BATCH, DIM = 4096, {1: 64, 2: 32, 3: 64}
CATEGORIES = {"brand": 200, "series": 600, "category": 40, "type": 120, "gender": 4}
ATTRIBUTES, ACTIONS, DAYS = 300, 5, 366
HISTORY, HISTORY_HALF_LIFE, HISTORY_FLOOR = 30, 60.0, 0.05
HALF_LIVES = (2.0, 7.0, 30.0)
RATE = {1: 0.1, 2: 0.1, 3: 0.001}


def as_tensor(values, dtype=None):
    return torch.from_numpy(numpy.ascontiguousarray(values)).to(torch.get_default_device(), dtype)


class Shop:
    """Columns of events and products as tensors."""

    def __init__(self, folder):
        shop = dict(numpy.load(pathlib.Path(folder) / "shop.npz"))
        self.user, self.item = as_tensor(shop["user"], torch.int64), as_tensor(shop["item"], torch.int64)
        self.num_users, self.num_items = int(shop["user"].max()) + 1, len(shop["price"])
        self.day_time = shop["day_time"]
        self.day = as_tensor(shop["day_time"].astype(numpy.int64))
        self.action = as_tensor(shop["action"], torch.int64)
        self.numbers = torch.stack([as_tensor(shop["weight"]).log1p(), as_tensor(shop["day_time"] / DAYS, torch.float32)], 1)
        self.categories = torch.stack([as_tensor(shop[name], torch.int64) for name in CATEGORIES], 1)
        log_price, log_volume = (as_tensor(numpy.log(shop[name])) for name in ("price", "volume"))
        self.product_numbers = torch.stack([log_price - log_price.mean(), log_volume - log_volume.mean()], 1)
        self.attributes = as_tensor(padded(shop["attribute_offsets"], shop["attributes"], ATTRIBUTES))
        counts = torch.bincount(self.item, minlength=self.num_items).float()
        self.log_share = (counts / len(self.item)).clamp_min(1e-9).log()


def padded(offsets, values, padding):
    rows = numpy.full((len(offsets) - 1, numpy.diff(offsets).max()), padding, numpy.int64)
    for row, (begin, end) in enumerate(zip(offsets, offsets[1:])):
        rows[row, :end - begin] = values[begin:end]
    return rows


class Histories:
    """The last products of each customer before an event, read from one array in the order of customers."""

    def __init__(self, shop):
        user = shop.user.numpy(force=True)
        order = numpy.argsort(user, kind="stable")
        self.item, self.at = shop.item[as_tensor(order)], as_tensor(shop.day_time[order], torch.float32)
        place = numpy.empty(len(order), numpy.int64)
        place[order] = numpy.arange(len(order))
        starts = numpy.searchsorted(user[order], numpy.arange(shop.num_users))
        self.place, self.start = as_tensor(place), as_tensor(starts)[shop.user]
        self.back = torch.arange(HISTORY, 0, -1)

    def of(self, events, missing):
        places = self.place[events, None] - self.back
        known = places >= self.start[events, None]
        places = places.clamp_min(0)
        weights = torch.exp2((self.at[places] - self.at[self.place[events], None]) / HISTORY_HALF_LIFE) + HISTORY_FLOOR
        weights = torch.where(known, weights, torch.zeros(()))
        items = torch.where(known, self.item[places], missing)
        empty = ~known.any(1)
        weights[empty, 0] = 1
        return items, weights / weights.sum(1, keepdim=True)


def popularity_prior(shop):
    """[half-lives, days, products] of log(share + floor), counted up to the start of each day."""
    sales = numpy.zeros((DAYS, shop.num_items), numpy.float32)
    numpy.add.at(sales, (shop.day.numpy(force=True), shop.item.numpy(force=True)), 1)
    prior = numpy.empty((len(HALF_LIVES), DAYS, shop.num_items), numpy.float32)
    for h, half_life in enumerate(HALF_LIVES):
        count = numpy.zeros(shop.num_items, numpy.float32)
        for day in range(DAYS):
            prior[h, day] = numpy.log(count / max(count.sum(), 1e-9) + 0.1 / shop.num_items)
            count = (count + sales[day]) * 2 ** (-1 / half_life)
    return as_tensor(prior)


def layers(inputs, configuration):
    if configuration == 2:
        return nn.Linear(inputs, 32)
    return nn.Sequential(nn.Linear(inputs, 64), nn.ReLU(), nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 32))


def table(rows, dim):
    embedding = nn.Embedding(rows, dim)
    nn.init.uniform_(embedding.weight, -0.05, 0.05)
    return embedding


class Towers(nn.Module):
    """Everything but the tables of ids, whose rows of the batch come in ready."""

    def __init__(self, configuration, num_items):
        super().__init__()
        self.configuration, dim = configuration, DIM[configuration]
        num_query, num_candidate, query_numbers, candidate_numbers = 1, 1, 0, 0
        if configuration != 2:
            self.categories = nn.ModuleList([table(rows, dim) for rows in CATEGORIES.values()])
            self.attributes = nn.EmbeddingBag(ATTRIBUTES + 1, dim, mode="mean", padding_idx=ATTRIBUTES)
            nn.init.uniform_(self.attributes.weight, -0.05, 0.05)
            num_candidate, candidate_numbers = 2 + len(CATEGORIES), 2
        if configuration == 1:
            self.action, self.day = table(ACTIONS, dim), table(DAYS, dim)
            num_query, query_numbers = 3, 2
        if configuration == 3:
            self.history = nn.EmbeddingBag(num_items + 1, dim, mode="sum")
            nn.init.uniform_(self.history.weight, -0.05, 0.05)
            self.log_scale = nn.Parameter(torch.tensor(-math.log(0.07)))
            self.prior_weights = nn.Parameter(torch.full((len(HALF_LIVES),), 0.3))
        self.query = layers(num_query * dim + query_numbers, configuration)
        self.candidate = layers(num_candidate * dim + candidate_numbers, configuration)

    def candidates(self, item_rows, categories, attributes, numbers):
        if self.configuration == 2:
            return self.candidate(item_rows)
        parts = [item_rows] + [embedding(categories[:, i]) for i, embedding in enumerate(self.categories)]
        wide = torch.cat(parts + [self.attributes(attributes), numbers], 1)
        return self.candidate(functional.dropout(wide, 0.4) if self.configuration == 3 else wide)

    def forward(self, query, candidate, correction, extra):
        """extra: of configuration 3 alone: the prior of each of the batch's days, the day of each row, the items."""
        targets = torch.arange(len(correction), device=correction.device)
        if self.configuration != 3:
            if self.configuration == 1:
                user_rows, action, day, numbers = query
                query = torch.cat([user_rows, self.action(action), self.day(day), numbers], 1)
            else:
                query = query[0]
            logits = torch.addmm(-correction, self.query(query), self.candidates(*candidate).t())
            return functional.cross_entropy(logits, targets, reduction="sum")
        history, weights = query
        queries = functional.normalize(self.query(functional.dropout(self.history(history, per_sample_weights=weights), 0.4)))
        candidates = functional.normalize(self.candidates(*candidate))
        shares, day_of_row, items = extra
        bias = torch.einsum("h,hdj->dj", self.prior_weights, shares) - correction
        logits = torch.addmm(bias.index_select(0, day_of_row), queries * self.log_scale.exp(), candidates.t())
        is_hit = (items[:, None] == items).fill_diagonal_(False)
        return functional.cross_entropy(logits.masked_fill_(is_hit, -math.inf), targets)


class RowTable:
    """A table of ids: only the rows of the batch take part in a step."""

    def __init__(self, rows, dim, configuration):
        self.value = torch.empty(rows, dim).uniform_(-0.05, 0.05)
        self.is_adam = configuration == 3
        self.square = torch.full((rows, dim), 0.0 if self.is_adam else 0.1)
        self.mean = torch.zeros(rows, dim) if self.is_adam else None
        self.rate, self.num_steps = RATE[configuration], 0

    def rows(self, ids):
        self.unique, places = torch.unique(ids, return_inverse=True)
        self.leaf = self.value.index_select(0, self.unique).requires_grad_()
        return functional.embedding(places, self.leaf)

    @torch.no_grad()
    def step(self):
        gradient, square = self.leaf.grad, self.square.index_select(0, self.unique)
        if not self.is_adam:
            self.square.index_copy_(0, self.unique, square.addcmul_(gradient, gradient))
            self.value.index_add_(0, self.unique, gradient.div_(square.sqrt_().add_(1e-10)), alpha=-self.rate)
            return
        self.num_steps += 1
        mean = self.mean.index_select(0, self.unique).mul_(0.9).add_(gradient, alpha=0.1)
        square = square.mul_(0.999).addcmul_(gradient, gradient, value=0.001)
        self.mean.index_copy_(0, self.unique, mean)
        self.square.index_copy_(0, self.unique, square)
        root = square.div_(1 - 0.999 ** self.num_steps).sqrt_().add_(1e-8)
        self.value.index_add_(0, self.unique, mean.div_(root), alpha=-self.rate / (1 - 0.9 ** self.num_steps))


def batches(shop, configuration):
    """Random examples; in configuration 3 blocks of 32 neighbours in time."""
    block = 32 if configuration == 3 else 1
    while True:
        order = torch.randperm(len(shop.item) // block)
        for first in range(0, len(order) - BATCH // block + 1, BATCH // block):
            starts = order[first:first + BATCH // block].sort().values * block
            yield (starts[:, None] + torch.arange(block)).flatten()


def time_steps(options):
    configuration, shop = options.configuration, Shop(options.shop)
    towers = Towers(configuration, shop.num_items)
    users = RowTable(shop.num_users, DIM[configuration], configuration) if configuration != 3 else None
    items = RowTable(shop.num_items, DIM[configuration], configuration)
    make_optimizer = (lambda p: torch.optim.Adam(p, lr=RATE[3], fused=True)) if configuration == 3 else \
        (lambda p: torch.optim.Adagrad(p, lr=0.1, initial_accumulator_value=0.1, fused=options.device == "cpu" or None))
    optimizer = make_optimizer(list(towers.parameters()))
    histories, prior = (Histories(shop), popularity_prior(shop)) if configuration == 3 else (None, None)
    loss_of = torch.compile(towers) if options.compile else towers
    seconds, losses, supply = [], [], batches(shop, configuration)
    for _ in range(options.steps):
        start = time.perf_counter()
        events = next(supply)
        item = shop.item[events]
        candidate = (items.rows(item), shop.categories[item], shop.attributes[item], shop.product_numbers[item])
        candidate, extra = (candidate if configuration != 2 else candidate[:1] + (None,) * 3), None
        if configuration == 3:
            query = histories.of(events, shop.num_items)
            days, day_of_row = torch.unique_consecutive(shop.day[events], return_inverse=True)
            extra = (prior[:, days][:, :, item], day_of_row, item)
        elif configuration == 1:
            query = (users.rows(shop.user[events]), shop.action[events], shop.day[events], shop.numbers[events])
        else:
            query = (users.rows(shop.user[events]),)
        loss = loss_of(query, candidate, shop.log_share[item], extra)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        for rows in filter(None, (users, items)):
            rows.step()
        losses.append(loss.item() / (1 if configuration == 3 else BATCH))
        seconds.append(time.perf_counter() - start)
    print(json.dumps({"step_seconds": seconds, "loss": sum(losses) / len(losses),
                      "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, "torch": torch.__version__, "device": name_of(options.device)}))


def name_of(device):
    return torch.cuda.get_device_name(device) if device != "cpu" else "cpu"


def read_safetensors(path, dtype):
    raw = pathlib.Path(path).read_bytes()
    size = int.from_bytes(raw[:8], "little")
    kinds = {"F32": numpy.float32, "U32": numpy.uint32}
    tensors = {}
    for name, entry in json.loads(raw[8:8 + size]).items():
        if name != "__metadata__":
            begin, end = entry["data_offsets"]
            values = numpy.frombuffer(raw, kinds[entry["dtype"]], offset=8 + size + begin, count=(end - begin) // 4)
            tensors[name] = torch.from_numpy(values.reshape(entry["shape"]).astype(numpy.int64 if entry["dtype"] == "U32" else kinds["F32"]))
            tensors[name] = tensors[name].to(dtype) if entry["dtype"] == "F32" else tensors[name]
    return tensors


def tower_output(side, inputs, prefix, tables_of_bags, tables, weights):
    parts = []
    for bag, index in enumerate(tables_of_bags.tolist()):
        rows, offsets, weight = (inputs[f"{prefix}.{bag}.{what}"].flatten() for what in ("rows", "offsets", "weights"))
        parts.append(functional.embedding_bag(rows, tables[index], offsets[:-1], mode="sum", per_sample_weights=weight))
    x = torch.cat(parts + [inputs[f"{prefix}.numbers"]], 1)
    num_layers = len(weights[side]) // 2
    for layer in range(num_layers):
        x = x @ weights[side][2 * layer] + weights[side][2 * layer + 1]
        x = torch.relu(x) if layer + 1 < num_layers else x
    return x


def replay(options):
    ours = read_safetensors(options.file, torch.float64)["losses"].flatten().tolist()
    print(json.dumps({"ours": ours, "float32": replayed_losses(options, torch.float32), "float64": replayed_losses(options, torch.float64)}))


def replayed_losses(options, dtype):
    inputs = read_safetensors(options.file, dtype)
    names = sorted(name for name in inputs if name.startswith("parameter."))
    parameters = {name: inputs[name].requires_grad_() for name in names if inputs[name].numel() > 0 and "log_scale" not in name}
    tables = [value for name, value in parameters.items() if ".table." in name]
    weights = {side: [value for name, value in parameters.items() if f".{side}_tower." in name] for side in ("query", "candidate")}
    optimizer = torch.optim.Adagrad(parameters.values(), lr=inputs["learning_rate"].item(), initial_accumulator_value=0.1)
    losses = []
    for step in range(inputs["losses"].numel()):
        prefix = f"step.{step:02}"
        positive = inputs[f"{prefix}.positive"]
        queries = tower_output("query", inputs, f"{prefix}.query", inputs["query_tables"], tables, weights)
        candidates = tower_output("candidate", inputs, f"{prefix}.candidate", inputs["candidate_tables"], tables, weights)
        logits = queries @ candidates[positive].t() - inputs[f"{prefix}.correction"].flatten()[positive]
        loss = functional.cross_entropy(logits, torch.arange(len(positive)), reduction="sum")
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        # Ours takes all draws of the positive together, which is log(multiplicity) less and has the same gradient.
        together = inputs[f"{prefix}.multiplicity"].flatten()[positive].log().mean()
        losses.append(loss.item() / len(positive) - together.item())
    return losses


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    modes = parser.add_subparsers(dest="mode", required=True)
    timed = modes.add_parser("time")
    timed.add_argument("shop")
    timed.add_argument("configuration", type=int, choices=(1, 2, 3))
    timed.add_argument("threads", type=int)
    timed.add_argument("steps", type=int)
    timed.add_argument("--compile", action="store_true")
    timed.add_argument("--device", default="cpu", help="where everything lies, the batches drawn there too: cpu or cuda")
    replayed = modes.add_parser("replay")
    replayed.add_argument("file")
    replayed.add_argument("threads", type=int)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.set_default_device(getattr(options, "device", "cpu"))
    torch.set_float32_matmul_precision("high")  # a GPU may multiply in TF32; CPUs stay at float32
    torch.manual_seed(0)
    return time_steps(options) if options.mode == "time" else replay(options)


if __name__ == "__main__":
    sys.exit(main())
