"""A callback may end a training; EarlyStopping does so once its cost no longer falls."""

import numpy as np
import pytest

import rowspace as rs

DATA = {"i": [0, 2, 4], "j": [1, 3, 5], "label": [1.0, 0.0, 1.0]}
OTHERS = {"i": [0], "j": [1], "label": [0.2]}  # fits for a while, and then less and less


def trainer(rate=0.1):
    return rs.Trainer(rs.costs.squared_dot, {"E": rs.Table(6, 2, seed=0)}, rs.sgd(rate))


def stop_after(epochs):
    def stop(trainer):
        if len(trainer.history) == epochs:
            raise StopIteration

    return stop


def test_stop_iteration_ends_a_training_well():
    ended, whole, called = trainer(), trainer(), []

    class Told:
        def on_train_end(self, trainer):
            called.append("end")

    history = ended.fit(DATA, 10, callbacks=[stop_after(3), lambda t: called.append(len(t.history)), Told()])
    assert len(history) == 3
    assert called == [1, 2, 3, "end"]
    assert ended.tables["E"].values.tobytes() == (whole.fit(DATA, 3), whole.tables["E"].values)[1].tobytes()


@pytest.mark.parametrize("event", ["on_train_begin", "on_epoch_begin"])
def test_a_training_may_end_before_it_began(event):
    def stop(self, trainer):
        raise StopIteration

    assert trainer().fit(DATA, 10, callbacks=[type("Stop", (), {event: stop})()]) == []


def test_one_that_was_ended_goes_on_where_it_was(tmp_path):
    trainer().fit(DATA, 10, checkpoint=tmp_path, callbacks=[stop_after(3)])
    resumed, whole = trainer(), trainer()
    assert resumed.resume(tmp_path, DATA).cost == whole.fit(DATA, 10).cost
    assert resumed.tables["E"].values.tobytes() == whole.tables["E"].values.tobytes()


def costs(*values):
    """A trainer whose epochs had these costs."""
    found = trainer()
    found.history[:] = [rs.Epoch(n, cost, 1, 1, 1.0) for n, cost in enumerate(values, 1)]
    return found


def ends_after(stopping, values):
    """After how many of these costs a training ends, None if it does not."""
    seen = costs()
    stopping.on_train_begin(seen)
    for n, cost in enumerate(values, 1):
        seen.history.append(rs.Epoch(n, cost, 1, 1, 1.0))
        try:
            stopping.on_epoch_end(seen)
        except StopIteration:
            return n
    return None


@pytest.mark.parametrize(
    ("options", "values", "after", "best"),
    [
        ({"patience": 2}, [3, 2, 2.5, 2.6, 1], 4, 2),
        ({"patience": 2}, [3, 2, 2.5, 1, 2, 0.5], None, 6),
        ({"patience": 1, "min_delta": 0.5}, [3, 2, 1.9, 1], 3, 2),
        ({"patience": 3}, [float("nan")] * 5, 3, None),
        ({"patience": 1}, [1, 1], 2, 1),
    ],
)
def test_early_stopping_waits_so_many_epochs(options, values, after, best):
    stopping = rs.EarlyStopping(**options)
    assert ends_after(stopping, values) == after
    assert (stopping.best and stopping.best.number) == best


def test_it_looks_at_what_is_held_out_if_there_is_any():
    seen, stopping = costs(), rs.EarlyStopping(patience=1)
    stopping.on_train_begin(seen)
    seen.history[:] = [rs.Epoch(1, 3, 1, 1, 1.0, 0.5), rs.Epoch(2, 2, 1, 1, 1.0, 0.6)]
    with pytest.raises(StopIteration):
        stopping.on_epoch_end(seen)


def test_the_tables_of_the_best_epoch_are_kept():
    kept = []
    stopping, stopped = rs.EarlyStopping(patience=3, keep_best=True), trainer()
    copy = lambda t: kept.append(t.tables["E"].values.copy())
    history = stopped.fit(DATA, 200, held_out=OTHERS, callbacks=[copy, stopping])
    best = int(np.argmin(history.held_out))
    assert best + 4 == len(history) < 200
    assert stopping.best is history[best]
    assert stopped.tables["E"].values.tobytes() == kept[best].tobytes()


def test_without_keep_best_the_tables_are_those_of_the_last():
    kept, stopped = [], trainer()
    copy = lambda t: kept.append(t.tables["E"].values.copy())
    stopped.fit(DATA, 200, held_out=OTHERS, callbacks=[copy, rs.EarlyStopping()])
    assert stopped.tables["E"].values.tobytes() == kept[-1].tobytes()


def test_a_resumed_training_that_was_stopped_stays_so(tmp_path):
    begin = lambda: {"held_out": OTHERS, "callbacks": [rs.EarlyStopping(patience=2)]}
    first = trainer().fit(DATA, 200, checkpoint=tmp_path, **begin())
    assert len(first) < 200
    assert trainer().resume(tmp_path, DATA, **begin()).held_out == first.held_out


def test_the_best_tables_are_not_in_a_checkpoint(tmp_path):
    with pytest.raises(rs.DataError, match="leave out keep_best or checkpoint"):
        trainer().fit(DATA, 2, checkpoint=tmp_path / "kept", callbacks=[rs.EarlyStopping(keep_best=True)])
    assert not (tmp_path / "kept").exists()


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"patience": 0}, "patience is 0; give a whole number of at least 1"),
        ({"min_delta": -1}, "min_delta is -1"),
        ({"keep_best": "yes"}, "keep_best is 'yes'"),
    ],
)
def test_options_that_mean_nothing_are_refused(options, match):
    with pytest.raises(rs.DataError, match=match):
        rs.EarlyStopping(**options)


def test_it_shows_its_options():
    assert repr(rs.EarlyStopping(2)) == "EarlyStopping(patience=2, min_delta=0, keep_best=False)"
