"""What torch's own tools do with tables: scalers, autocast, compiling, workers, two processes, kills."""

import os
import signal
import subprocess
import sys
import textwrap

import numpy as np
import pytest

import rowspace as rs

torch = pytest.importorskip("torch")
layers = pytest.importorskip("rowspace.torch")
nn = torch.nn

IDS = torch.tensor([[1, 2], [3, 3], [1, 7]])


class Model(nn.Module):
    """Two lookups side by side under a network."""

    def __init__(self, layer):
        super().__init__()
        torch.manual_seed(0)
        self.E, self.top = layer, nn.Sequential(nn.Linear(8, 8), nn.Tanh(), nn.Linear(8, 1))

    def forward(self, ids):
        return self.top(self.E(ids).flatten(1))


def model():
    return Model(layers.Embedding(rs.Table(50, 4, seed=0)))


def dense_model():
    twin = Model(nn.Embedding(50, 4))
    twin.E.weight.data.copy_(torch.from_numpy(rs.Table(50, 4, seed=0).values))
    return twin


def test_a_gradient_scaler():
    own, twin, scaler = model(), dense_model(), torch.amp.GradScaler("cpu", init_scale=1024.0)
    rows, dense = layers.Optimizer(own, rs.adagrad(0.1)), torch.optim.Adagrad(twin.E.parameters(), 0.1)
    scaler.scale(own(IDS).sum()).backward()
    scaler.unscale_(rows)
    scaler.step(rows)
    scaler.update()
    twin(IDS).sum().backward()
    dense.step()
    torch.testing.assert_close(own.E.weight, twin.E.weight)


def test_a_gradient_scaler_leaves_out_a_step_that_is_not_finite():
    own, scaler = model(), torch.amp.GradScaler("cpu", init_scale=1024.0)
    rows, before = layers.Optimizer(own, rs.adagrad(0.1)), own.E.table.values.copy()
    scaler.scale(own(IDS).sum() * float("inf")).backward()
    scaler.step(rows)
    scaler.update()
    assert np.array_equal(own.E.table.values, before)
    assert scaler.get_scale() == 512


def test_autocast():
    own = model()
    rows, before = layers.Optimizer(own, rs.adagrad(0.1)), own.E.table.values.copy()
    with torch.autocast("cpu", torch.bfloat16):
        found = own(IDS)
    found.sum().backward()
    rows.step()
    assert found.dtype == torch.bfloat16
    assert (own.E.table.values != before).any(1).nonzero()[0].tolist() == [1, 2, 3, 7]


def test_a_functional_call_takes_other_weights():
    own, other = model(), torch.zeros(50, 4)
    given = {**dict(own.named_parameters()), "E.weight": other}
    assert torch.equal(torch.func.functional_call(own, given, (IDS,))[0], own.top(torch.zeros(1, 8))[0])


def test_a_closure():
    own = model()
    rows = layers.Optimizer(own, rs.sgd(0.1))

    def cost():
        rows.zero_grad()
        found = own(IDS).square().sum()
        found.backward()
        return found

    first = rows.step(cost)
    assert rows.step(cost) < first


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # of torch's own
def test_torch_compile_around_the_dense_part():
    own, twin = model(), model()
    fast = torch.compile(own)
    for one, called in ((own, fast), (twin, twin)):
        rows = layers.Optimizer(one, rs.adagrad(0.1))
        for _ in range(2):
            rows.zero_grad()
            called(IDS).square().sum().backward()
            rows.step()
    torch.testing.assert_close(own.E.weight, twin.E.weight)


class Rows(torch.utils.data.Dataset):
    """A dataset that looks its examples up in a table."""

    def __init__(self, table):
        self.table = table

    def __len__(self):
        return 16

    def __getitem__(self, n):
        return torch.from_numpy(self.table[[n, n + 1]].copy())


@pytest.mark.slow
@pytest.mark.parametrize("start", ["fork", "spawn"])
def test_workers_of_a_data_loader_read_a_table(start):
    own = model()
    rows = layers.Optimizer(own, rs.adagrad(0.1), threads=2)
    own(IDS).sum().backward()
    rows.step()
    loader = torch.utils.data.DataLoader(Rows(own.E.table), 8, num_workers=2, multiprocessing_context=start)
    assert [batch.shape for batch in loader] == [(8, 2, 4)] * 2


DISTRIBUTED = """
import os, sys
import numpy as np, torch
import torch.distributed as dist
from torch import nn
import rowspace as rs, rowspace.torch as layers

rank, folder = int(sys.argv[1]), sys.argv[2]
dist.init_process_group("gloo", init_method=f"file://{folder}/meet", rank=rank, world_size=2)
torch.manual_seed(0)
model = nn.Sequential(layers.Embedding(rs.Table(50, 4, seed=rank)), nn.Flatten(), nn.Linear(8, 1))
both = nn.parallel.DistributedDataParallel(model)
rows, dense = layers.Optimizer(model, rs.adagrad(0.1)), torch.optim.SGD(model[2].parameters(), 0.1)
for step in range(4):
    rows.zero_grad(), dense.zero_grad()
    both(torch.tensor([[1 + rank, 2], [3, 4 + rank + step]])).square().sum().backward()
    rows.step(), dense.step()
np.save(f"{folder}/{rank}.npy", model[0].table.values)
dist.destroy_process_group()
"""


@pytest.mark.slow
def test_two_processes_learn_one_table(tmp_path):
    """Rows of both are gathered, summed and stepped once: the first table, and the same bytes in both, and again."""
    found = []
    for again in range(2):
        folder = tmp_path / str(again)
        folder.mkdir()
        command = [sys.executable, "-c", DISTRIBUTED]
        processes = [subprocess.Popen([*command, str(rank), str(folder)]) for rank in (0, 1)]
        assert [process.wait(300) for process in processes] == [0, 0]
        found += [np.load(folder / f"{rank}.npy") for rank in (0, 1)]
    assert all(np.array_equal(values, found[0]) for values in found)
    moved = (found[0] != rs.Table(50, 4, seed=0).values).any(1).nonzero()[0]
    assert moved.tolist() == [1, 2, 3, 4, 5, 6, 7, 8]


KILLED = """
import sys, torch
from torch import nn
import rowspace as rs, rowspace.torch as layers

torch.manual_seed(0)
path, until = sys.argv[1], int(sys.argv[2])
model = nn.Sequential(layers.Embedding(rs.Table(40, 4, seed=0)), nn.Flatten(), nn.Linear(8, 1))
rows = layers.Optimizer(model, rs.exact(rs.lazy_adam(0.05)))
dense = torch.optim.Adam(model[2].parameters())
try:
    step = layers.load(path, model=model, rows=rows, dense=dense)["step"]
except FileNotFoundError:
    step = 0
while step < until:
    torch.manual_seed(step)
    rows.zero_grad(), dense.zero_grad()
    model(torch.randint(40, (16, 2))).square().sum().backward()
    rows.step(), dense.step()
    step += 1
    layers.save(path, model=model, rows=rows, dense=dense, step=step)
    print(step, flush=True)
rows.catch_up()
torch.save(model.state_dict(), path + ".end")
"""


@pytest.mark.slow
def test_a_killed_training_of_rows_and_a_network_goes_on(tmp_path):
    program = [sys.executable, "-c", textwrap.dedent(KILLED)]
    straight, killed, steps = tmp_path / "straight.pt", tmp_path / "killed.pt", "25"
    subprocess.run([*program, straight, steps], check=True, stdout=subprocess.DEVNULL)
    for after in (3, 11):
        with subprocess.Popen([*program, killed, steps], stdout=subprocess.PIPE, text=True) as process:
            for _ in range(after):
                process.stdout.readline()
            os.kill(process.pid, signal.SIGKILL)
    subprocess.run([*program, killed, steps], check=True, stdout=subprocess.DEVNULL)
    expected, found = (torch.load(f"{path}.end") for path in (straight, killed))
    assert all(torch.equal(found[name], values) for name, values in expected.items())
