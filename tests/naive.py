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
            functions[shapes] = _function(cost, values, example, ids, dtype)
        value, *gradients = functions[shapes](*values.values(), *example.values())
        costs.append(value)
        for table, gradient in zip(values, gradients, strict=True):
            touched = [np.ravel(example[c]) for c, indexed in ids.items() if table in indexed]
            for row in np.unique(np.concatenate(touched).astype(int)):
                values[table][row] = rules[table].step(row, values[table][row], gradient[row], rate)
    return values, float(np.mean(costs))


def _function(cost, values, example, ids, dtype):
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


# --- the block schedule ----------------------------------------------------------------------------------------------


def bucket_order(buckets, columns):
    """The order of the block schedule: by row, column and side, then as in the file."""
    (i, _), (j, _) = buckets.layout.axes
    first, second = buckets.blocks[0].of, buckets.blocks[1].of

    def key(n):
        a, b, side = int(first[columns[i][n]]), int(second[columns[j][n]]), 0
        if buckets.layout.symmetric:
            a, b, side = (b, a, 1) if b < a else (a, b, 0)
            b = b * buckets.groups // buckets.count
        return a, b, side if buckets.sided else 0, n

    return np.array(sorted(range(len(columns[i])), key=key))


def written(buckets, columns, drawn, segment):
    """The (table, row) that a segment's examples may write, negatives included."""
    _, _, _, lo, hi, start, size = segment.tolist()
    spaces = buckets.layout.spaces
    rows = set()
    for (column, _), [table] in zip(buckets.layout.axes, spaces, strict=True):
        rows |= {(table, int(r)) for r in columns[column][lo:hi]}
    [table] = spaces[buckets.layout.sampled["drawn"]]
    return rows | {(table, int(r)) for r in drawn.rows[start : start + size] if hi > lo}


def passed_after(segments, place):
    """How far its row is once a segment is done: what a segment of a later row must need, to wait for it."""
    return max(int(segments[place][2]), int(segments[place][1]))
