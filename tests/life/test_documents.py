"""The README and the pages it links to: their Python runs, as written, and their links lead somewhere."""

import gc
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")), ROOT / "benchmarks" / "README.md"]
FILES = [path for folder in ("src", "tests", "benchmarks", "docs") for path in (ROOT / folder).rglob("*.py")]
WITH_CODE = [page for page in PAGES if "```python" in page.read_text()]


@pytest.mark.filterwarnings("ignore:np.dot")  # what PyTensor compiles, where nothing is cached yet
@pytest.mark.parametrize("page", WITH_CODE, ids=lambda page: page.name)
def test_python_runs_as_written(page, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    for library in set(re.findall(r"^import (torch|jax)$", page.read_text(), re.M)):
        pytest.importorskip(library)
    names = {}
    for block in re.findall(r"```python\n(.*?)```", page.read_text(), re.S):
        exec(compile(block, str(page), "exec"), names)
    names.clear()
    gc.collect()  # threads of what a page made end with it, and other tests count threads


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    for target, place in re.findall(r"\]\(([^)#]*)#?([^)]*)\)", page.read_text()):
        if not target.startswith("http"):
            path = page.parent / target if target else page
            assert path.exists(), target
            assert not place or place in headings(path), f"{target}#{place}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_files_that_are_named_are_there(page):
    for name in re.findall(r"`(?:python )?([\w/]+\.py)\b", page.read_text()):
        assert any(path.as_posix().endswith(f"/{name}") for path in FILES), name


def test_comments_lead_to_decisions_that_are_there():
    for path in (ROOT / "src").rglob("*.py"):
        for page, place in re.findall(r"(docs/[\w/-]+\.md)(?:#([\w-]+))?", path.read_text()):
            assert not place or place in headings(ROOT / page), f"{path.name}: {page}#{place}"
            assert (ROOT / page).exists(), f"{path.name}: {page}"


def headings(page):
    """What a link may name: the page's headings as GitHub writes them."""
    found = re.findall(r"^#+ (.*)$", page.read_text(), re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in found}
