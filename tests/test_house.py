"""The house keeps its plan: ceilings of files and functions, floors of imports, a test folder for every room.

Each list here names what does not keep the plan yet, or says why it need not. It may only get shorter: whoever mends
an entry strikes it off.
"""

import ast
import re
import tomllib
from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "rowspace"
MODULES = sorted(SOURCE.rglob("*.py"))

FILE, FUNCTION, ARGUMENTS, FLOORS = 400, 45, 8, 12  # lines, lines without the docstring, arguments, rooms in a chain
LONG_FILES: dict[str, int] = {}  # file -> lines
LONG_FUNCTIONS = {  # file and function -> lines
    "cli/train_pairs.py: pairs": 72,
    "cli/train_text.py: text": 70,
    "recipes/text.py: train_text": 59,
}
MANY_ARGUMENTS = {  # file and function -> why it has so many
    "cli/evaluate.py: evaluate": "a command takes each of its options as an argument",
    "cli/train_pairs.py: pairs": "a command",
    "cli/train_text.py: text": "a command",
    "recipes/pairs.py: train_pairs": "a public call takes each of its options by name",
    "recipes/text.py: train_text": "public",
    "train/trainer.py: fit": "public",
    "read/pairs.py: read_pairs": "public",
    "read/text.py: read_text": "public",
    "read/cooccurrence_loops.py: count_rows": "a compiled loop takes arrays and numbers, one by one",
    "read/cooccurrence_loops.py: merge_rows": "a compiled loop",
    "read/word_loops.py: scan_part": "a compiled loop",
    "read/word_loops.py: absorb": "a compiled loop",
    "recipes/contexts.py: thin_out": "a compiled loop",
    "schedule/sort_loops.py: number_buckets": "a compiled loop",
    "plot/labels.py: place_labels": "to be mended",
    "read/cooccurrence.py: cooccurrences": "to be mended",
}
FOR_TYPES = {  # files that import something for the type checker alone -> why
    "plot/__init__.py": "matplotlib is imported when the first picture is drawn",
}
NO_MODULE = {  # tests that are about no single module -> what they are about
    "cli/test_on_disk.py": "an option that several commands have",
    "kernel/emit/test_edges.py": "shapes at the edge, in every file of the room",
    "kernel/emit/test_ordinary.py": "costs that people write, through every file of the room",
}

PATCHED = {"_GATHERED_NUMBERS", "_LARGE_BYTES", "_LONG", "_NOT_REWRITTEN"}  # by tests


def functions(path: Path) -> Iterator[tuple[str, ast.FunctionDef]]:
    """The functions and methods of a module by name."""
    for node in ast.walk(_parsed(path)):
        if isinstance(node, ast.FunctionDef):
            yield f"{within(path)}: {node.name}", node


@cache
def _parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def within(path: Path) -> str:
    return path.relative_to(SOURCE).as_posix()


def lines(function: ast.FunctionDef) -> int:
    """How many lines a function takes, its docstring left out."""
    whole = function.end_lineno - function.lineno + 1
    if ast.get_docstring(function) is None:
        return whole
    return whole - (function.body[0].end_lineno - function.body[0].lineno + 1)


def arguments(function: ast.FunctionDef) -> int:
    """How many arguments a function takes, `self` left out."""
    every = function.args
    named = [a.arg for a in every.posonlyargs + every.args + every.kwonlyargs]
    return len(named) - (named[:1] in (["self"], ["cls"])) + bool(every.vararg) + bool(every.kwarg)


def assert_only(found: dict[str, int], listed: dict[str, int], most: int) -> None:
    """Only what is listed is above a ceiling, and no further than it was."""
    above = {name: n for name, n in found.items() if n > most}
    assert above.keys() == listed.keys(), "what is mended is struck off, what is new is to be mended"
    assert {name: n for name, n in above.items() if n > listed[name]} == {}


def test_no_file_is_too_long():
    assert_only({within(p): p.read_text(encoding="utf-8").count("\n") for p in MODULES}, LONG_FILES, FILE)


def test_no_function_is_too_long():
    assert_only({name: lines(f) for p in MODULES for name, f in functions(p)}, LONG_FUNCTIONS, FUNCTION)


def test_no_function_takes_too_many_arguments():
    found = {name for p in MODULES for name, f in functions(p) if arguments(f) > ARGUMENTS}
    assert found == MANY_ARGUMENTS.keys()


def test_no_import_is_hidden_from_the_program():
    found = {within(p) for p in MODULES if "TYPE_CHECKING" in p.read_text(encoding="utf-8")}
    assert found == FOR_TYPES.keys()


# --- rooms -----------------------------------------------------------------------------------------------------------


@cache
def contracts() -> dict[str, dict]:
    """What lint-imports checks, by name."""
    written = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    return {contract["name"]: contract for contract in written["tool"]["importlinter"]["contracts"]}


def layers() -> list[list[str]]:
    """The rooms in the order of the layers, the highest first."""
    [line] = [contract for contract in contracts().values() if contract["type"] == "layers"]
    return [[room.strip() for room in layer.split("|")] for layer in line["layers"]]


@cache
def arrows() -> set[tuple[str, str]]:
    """Which room imports from which, imports within functions among them."""
    found = set()
    for path in MODULES:
        module = ".".join(("rowspace", *path.relative_to(SOURCE).with_suffix("").parts)).removesuffix(".__init__")
        for node in ast.walk(_parsed(path)):
            for name in imported(node):
                if name.startswith("rowspace.") and module != "rowspace":
                    found.add((room_of(module), room_of(name)))
    return {(a, b) for a, b in found if a != b}


def imported(node: ast.AST) -> list[str]:
    """The modules that a statement imports."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if not isinstance(node, ast.ImportFrom):
        return []
    each = [f"{node.module}.{alias.name}" for alias in node.names]
    return [name if is_module(name) else node.module for name in each]


def is_module(name: str) -> bool:
    path = SOURCE.parent.joinpath(*name.split("."))
    return path.with_suffix(".py").exists() or (path / "__init__.py").exists()


def room_of(module: str) -> str:
    """The folder of a module; a module beside the folders is a room of its own."""
    parts = module.split(".")[1:]
    inner = len(parts) > 1 and (SOURCE / parts[0] / parts[1]).is_dir()
    return ".".join(parts[: 2 if inner else 1])


def test_floors():
    """The longest chain of rooms of which each imports from the next."""
    below: dict[str, set[str]] = {}
    for room, lower in arrows():
        below.setdefault(room, set()).add(lower)

    @cache
    def longest(room: str) -> tuple[str, ...]:
        return (room, *max((longest(lower) for lower in below.get(room, ())), key=len, default=()))

    chain = max(map(longest, below), key=len)
    assert len(chain) < FLOORS, " -> ".join(chain)


def test_no_import_is_excused():
    assert not any(contract.get("ignore_imports") for contract in contracts().values())


def test_a_check_that_finds_nothing_would_be_found():
    assert len(MODULES) > 100
    assert ("cli", "recipes") in arrows()
    assert room_of("rowspace.kernel.emit.scalars") == "kernel.emit"
    assert {room for layer in layers() for room in layer} >= {"kernel", "costs", "errors"}


@pytest.mark.parametrize("page", ["architecture.md", "adding.md"])
def test_pages_name_every_room(page):
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    assert {room for room in folders() if f"`{room}`" not in text and f"{room}/" not in text} == set()


def test_the_picture_shows_the_rooms_in_the_order_of_the_layers():
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    table = [line for line in page.splitlines() if line.startswith("|") and "`" in line]
    places = [next(n for n, line in enumerate(table) if f"`{layer[0]}`" in line) for layer in layers()]
    assert all(upper < lower for upper, lower in pairwise(places))


def folders() -> set[str]:
    return {path.parent.name for path in SOURCE.glob("*/__init__.py")}


# --- tests -----------------------------------------------------------------------------------------------------------


def test_tests_stand_as_the_source_does():
    """tests/ROOM/test_MODULE.py is about a module of the room, test_ROOM.py about the room as a whole."""
    lost = set()
    for path in (ROOT / "tests").rglob("test_*.py"):
        place = path.relative_to(ROOT / "tests")
        module = SOURCE / place.parent / place.name.removeprefix("test_")
        whole = module.stem == place.parent.name
        if place.parts[0] not in ("life", "test_house.py") and not module.exists() and not whole:
            lost.add(place.as_posix())
    assert lost == NO_MODULE.keys()


def test_every_room_has_tests():
    assert {room for room in folders() if not (ROOT / "tests" / room).is_dir()} == set()


@pytest.mark.parametrize("room", sorted({p.parent for p in SOURCE.rglob("*.py")} - {SOURCE}), ids=lambda p: p.name)
def test_a_room_lists_its_files(room):
    text = (room / "__init__.py").read_text().split('"""')[1]
    named = set(re.findall(r"`(\w+)\.py`", text))
    assert {path.stem for path in room.glob("*.py")} - {"__init__"} <= named


def test_tests_set_no_private_constants():
    """What a test has to choose is an argument, so that a production number can be moved and renamed freely."""
    texts = [path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("*.py")]
    found = {name for text in texts for name in re.findall(r'setattr\([^\n]*?[."](_[A-Z][A-Z_]+)"', text)}
    assert found == PATCHED
