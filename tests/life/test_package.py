"""The public names, and what importing them costs."""

import subprocess
import sys
from pathlib import Path

import pytest

import rowspace as rs

PUBLIC = """
    CheckpointError CostError DataError DiskFull Diverged EarlyStopping Elsewhere Epoch FormatError Gathered
    GradientError History IdOutOfRange Locked MissingLetters Model ModelError Negatives NoExamples OlderCheckpoint
    OnHost OverMemory Padded Pairs ReadOnly RowGradient RowspaceError RowspaceWarning Sequential ShapeError SlowCost
    SlowTable Table Text TooLarge Trace Trainer Uncached Unkept UnknownItem Unsimplified UnusedColumn Update Waiting
    adagrad adamw check_gradient clip_norm costs evaluate_analogies evaluate_similarity exact explain export
    gradient import_ lazy_adam linear max_norm momentum open plot_cost plot_table plot_trace read_pairs read_text
    read_trace rowwise_adagrad sgd train_pairs train_text weight_decay
""".split()


def imported(program):
    """The modules loaded by a program in a fresh interpreter."""
    show = f"{program}\nimport sys; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", show], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_public_names_are_these():
    assert sorted(rs.__all__) == sorted(PUBLIC)
    assert set(PUBLIC) <= set(dir(rs))


@pytest.mark.parametrize("name", PUBLIC)
def test_every_public_name_loads_and_is_documented(name):
    assert getattr(rs, name).__doc__


def test_editors_see_the_same_names():
    homes = [("", "costs"), (".version", "__version__"), *((f".{home}", name) for name, home in rs._HOME.items())]
    lines = [f"from rowspace{home} import {name} as {name}" for home, name in sorted(homes)]
    assert Path(rs.__file__).with_suffix(".pyi").read_text().splitlines()[2:] == lines


def test_every_error_and_warning_is_public():
    own = {name for name, what in vars(rs.errors).items() if isinstance(what, type) and issubclass(what, Exception)}
    warned = {what.__name__ for what in vars(rs.errors.warnings).values() if isinstance(what, type)}
    assert own | warned <= set(rs.__all__)
    assert all(issubclass(getattr(rs, name), rs.RowspaceWarning) for name in warned)


def test_no_module_is_named_like_a_public_function():
    modules = {path.stem for path in Path(rs.__file__).parent.iterdir()}
    assert not modules & (set(PUBLIC) - {"costs"})


def test_unknown_names_are_refused():
    with pytest.raises(AttributeError, match="module 'rowspace' has no attribute 'Tabel'"):
        _ = rs.Tabel


@pytest.mark.parametrize("heavy", ["pytensor", "numba", "pyarrow", "matplotlib", "rich", "typer", "numpy"])
def test_importing_the_package_imports_nothing_heavy(heavy):
    assert heavy not in imported("import rowspace")


@pytest.mark.parametrize("heavy", ["pytensor", "numba", "pyarrow", "matplotlib"])
def test_tables_and_models_need_neither_compiler_nor_plots(heavy):
    assert heavy not in imported("import rowspace as rs; rs.Table(3, 2)[[0, 1]]; rs.Model; rs.open; rs.sgd(0.1)")
