"""The slow obvious version: dense gradients of whole tables by PyTensor, updates of the touched rows by NumPy."""

import numpy as np
import pytensor
import pytensor.tensor as pt
from pytensor.compile.mode import Mode


def train(cost, tables, data, rule, *, ids, rate=0.1, dtype="float64"):
    """Train copies of `tables` (name -> array) on `data` (column -> list of values); gives them and the mean cost.

    `ids` maps each id column to the tables it indexes; `rule` is one of the classes below.
    """
    values = {t: np.array(v, dtype) for t, v in tables.items()}
    rules = {t: rule(values[t].shape, dtype) for t in values}
    length = len(next(iter(data.values())))
    functions, costs = {}, []
    for n in range(length):
        example = {c: np.asarray(v[n]) for c, v in data.items()}
        shapes = tuple(e.shape for e in example.values())
        if shapes not in functions:
            functions[shapes] = function(cost, values, example, ids, dtype)
        value, *gradients = functions[shapes](*values.values(), *example.values())
        costs.append(value)
        for table, gradient in zip(values, gradients, strict=True):
            touched = [np.ravel(example[c]) for c, indexed in ids.items() if table in indexed]
            for row in np.unique(np.concatenate(touched).astype(int)):
                values[table][row] = rules[table].step(row, values[table][row], gradient[row], rate)
    return values, float(np.mean(costs))


def function(cost, values, example, ids, dtype):
    with pytensor.config.change_flags(floatX=dtype):
        tables = {t: pt.matrix(t, dtype=dtype) for t in values}
        columns = {c: pt.TensorType("int64" if c in ids else dtype, e.shape)(c) for c, e in example.items()}
        total = cost(**tables, **columns)
        outputs = [total, *pytensor.grad(total, list(tables.values()))]
        options = {
            "mode": Mode(linker="py", optimizer=None),
            "allow_input_downcast": True,
            "on_unused_input": "ignore",
        }
        return pytensor.function([*tables.values(), *columns.values()], outputs, **options)


class sgd:
    def __init__(self, shape, dtype):
        pass

    def step(self, row, value, gradient, rate):
        return value - rate * gradient


class momentum:
    def __init__(self, shape, dtype):
        self.velocity = np.zeros(shape, dtype)

    def step(self, row, value, gradient, rate):
        self.velocity[row] = 0.9 * self.velocity[row] + gradient
        return value - rate * self.velocity[row]


class adagrad:
    initial = 0.0

    def __init__(self, shape, dtype):
        self.squares = np.full(shape, self.initial, dtype)

    def step(self, row, value, gradient, rate):
        self.squares[row] += gradient**2
        return value - rate * gradient / (np.sqrt(self.squares[row]) + 1e-10)


class warm_adagrad(adagrad):
    initial = 0.1


class rowwise_adagrad:
    def __init__(self, shape, dtype):
        self.squares = np.zeros(shape[0], dtype)

    def step(self, row, value, gradient, rate):
        self.squares[row] += (gradient**2).mean()
        return value - rate * gradient / (np.sqrt(self.squares[row]) + 1e-10)


class lazy_adam:
    def __init__(self, shape, dtype):
        self.mean, self.square = np.zeros(shape, dtype), np.zeros(shape, dtype)
        self.count = np.zeros(shape[0])

    def step(self, row, value, gradient, rate):
        self.count[row] += 1
        self.mean[row] = 0.9 * self.mean[row] + 0.1 * gradient
        self.square[row] = 0.999 * self.square[row] + 0.001 * gradient**2
        unbiased = self.mean[row] / (1 - 0.9 ** self.count[row])
        spread = np.sqrt(self.square[row] / (1 - 0.999 ** self.count[row]))
        return value - rate * unbiased / (spread + 1e-8)


class decayed_sgd:
    def __init__(self, shape, dtype):
        pass

    def step(self, row, value, gradient, rate):
        return value - rate * (gradient + 0.1 * value)


class clipped_adagrad(adagrad):
    def step(self, row, value, gradient, rate):
        norm = np.sqrt((gradient**2).sum())
        return super().step(row, value, gradient * min(1, 0.5 / norm) if norm else gradient, rate)


class adamw(lazy_adam):
    def step(self, row, value, gradient, rate):
        return super().step(row, value * (1 - 0.2 * rate), gradient, rate)


class short_adagrad(adagrad):
    def step(self, row, value, gradient, rate):
        row = super().step(row, value, gradient, rate)
        return row * min(1, 0.8 / np.sqrt((row**2).sum()))


# --- the block schedule ----------------------------------------------------------------------------------------------


def bucket_order(buckets, done, columns):
    """The order of the block schedule: by row, column and side, then as in the file."""
    (i, _), (j, _) = buckets.layout.axes
    first, second = done.blocks[0].of, done.blocks[1].of

    def key(n):
        a, b, side = int(first[columns[i][n]]), int(second[columns[j][n]]), 0
        if buckets.layout.symmetric:
            a, b, side = (b, a, 1) if b < a else (a, b, 0)
            b = b * buckets.groups // buckets.count
        return a, b, side if buckets.sided else 0, n

    return np.array(sorted(range(len(columns[i])), key=key))


def written(buckets, done, segment):
    """The (table, row) that a segment's examples may write, negatives included."""
    _, _, _, lo, hi, start, size = segment.tolist()
    spaces = buckets.layout.spaces
    rows = set()
    for (column, _), [table] in zip(buckets.layout.axes, spaces, strict=True):
        rows |= {(table, int(r)) for r in done.columns[column][lo:hi]}
    [table] = spaces[buckets.layout.sampled["drawn"]]
    return rows | {(table, int(r)) for r in done.pools["drawn"].rows[start : start + size] if hi > lo}


def passed_after(segments, place):
    """How far its row is once a segment is done: what a segment of a later row must need, to wait for it."""
    return max(int(segments[place][2]), int(segments[place][1]))


# --- batches, and the dense optimisers -------------------------------------------------------------------------------


def train_in_batches(cost, tables, data, rule, *, ids, rate, batch):
    """As `train`, with the gradients of a batch at the same tables, and one step for every row it looked up."""
    values = {t: np.array(v, "float64") for t, v in tables.items()}
    rules = {t: rule(values[t].shape, "float64") for t in values}
    functions, costs = {}, []
    length = len(next(iter(data.values())))
    for start in range(0, length, batch):
        sums = {t: np.zeros_like(v) for t, v in values.items()}
        touched = {t: set() for t in values}
        for n in range(start, min(start + batch, length)):
            example = {c: np.asarray(v[n]) for c, v in data.items()}
            shapes = tuple(e.shape for e in example.values())
            if shapes not in functions:
                functions[shapes] = function(cost, values, example, ids, "float64")
            value, *gradients = functions[shapes](*values.values(), *example.values())
            costs.append(value)
            for table, gradient in zip(values, gradients, strict=True):
                sums[table] += gradient
                for column, indexed in ids.items():
                    touched[table] |= set(np.ravel(example[column]).tolist()) if table in indexed else set()
        for table, rows in touched.items():
            for row in sorted(rows):
                values[table][row] = rules[table].step(row, values[table][row], sums[table][row], rate)
    return values, float(np.mean(costs))


class DenseMomentum:
    """torch's SGD with momentum and L2 decay, of the whole table."""

    def __init__(self, rate, momentum, decay):
        self.rate, self.momentum, self.decay = rate, momentum, decay

    def start(self, table):
        self.velocity = np.zeros_like(table)

    def step(self, table, gradient):
        self.velocity = self.momentum * self.velocity + gradient + self.decay * table
        return table - self.rate * self.velocity


class DenseAdam:
    """torch's Adam with L2 decay, of the whole table; or AdamW, where it is the rows that shrink."""

    def __init__(self, rate, beta1, beta2, decay, shrink=0.0):
        self.rate, self.beta1, self.beta2, self.decay, self.shrink = rate, beta1, beta2, decay, shrink

    def start(self, table):
        self.mean, self.square, self.count = np.zeros_like(table), np.zeros_like(table), 0

    def step(self, table, gradient):
        gradient, table = gradient + self.decay * table, table * (1 - self.rate * self.shrink)
        self.mean = self.beta1 * self.mean + (1 - self.beta1) * gradient
        self.square = self.beta2 * self.square + (1 - self.beta2) * gradient**2
        self.count += 1
        mean, square = self.mean / (1 - self.beta1**self.count), self.square / (1 - self.beta2**self.count)
        return table - self.rate * mean / (np.sqrt(square) + 1e-8)


class AtRates:
    """A dense rule whose rate changes with the step: `rates[s]` at step s."""

    def __init__(self, rule, rates):
        self.rule, self.rates = rule, rates

    def start(self, table):
        self.rule.start(table)
        self.left = iter(self.rates)

    def step(self, table, gradient):
        self.rule.rate = next(self.left)
        return self.rule.step(table, gradient)


def train_dense(rule, table, data, batch):
    """The cost (label - a.b)^2, summed over batches, under a dense optimiser in float64."""
    E = table.astype(np.float64)
    rule.start(E)
    for n in range(0, len(data["i"]), batch):
        i, j, label = (data[c][n : n + batch] for c in ("i", "j", "label"))
        error = 2 * ((E[i] * E[j]).sum(1) - label)[:, None]
        gradient = np.zeros_like(E)
        np.add.at(gradient, i, error * E[j])
        np.add.at(gradient, j, error * E[i])
        E = rule.step(E, gradient)
    return E
