"""What is released: one version everywhere, and a wheel that works where nothing else is installed."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import rowspace as rs

ROOT = Path(__file__).parents[2]


def test_the_version_is_the_same_everywhere():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    cited = re.search(r"^version: (.*)$", (ROOT / "CITATION.cff").read_text(), re.MULTILINE)
    assert cited is not None
    assert project["version"] == cited[1] == rs.__version__
    assert (
        f"({rs.__version__})" in (ROOT / "CHANGELOG.md").read_text()
        or f"## {rs.__version__} " in (ROOT / "CHANGELOG.md").read_text()
    )


def test_workflows_and_make_know_the_same_versions_of_python():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    named = re.findall(r"Python :: (3\.\d+)", "\n".join(project["classifiers"]))
    assert re.findall(r"3\.\d+", project["requires-python"])[0] == named[0]
    workflow = (ROOT / ".github" / "workflows" / "test.yml").read_text()
    assert set(re.findall(r'"(3\.\d+)"', workflow)) <= {*named}
    assert f"Python {named[0]} to {named[-1]}" in (ROOT / "Makefile").read_text()


@pytest.mark.slow
def test_a_wheel_and_a_source_install_where_nothing_else_is(tmp_path):
    """Built from the files that git knows, for what lies beside them must not be needed."""

    def run(*command, **options):
        done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, **options)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    source = tmp_path / "source"
    run("git", "clone", "--quiet", str(ROOT), str(source))
    run(sys.executable, "-m", "venv", str(tmp_path / "builds"))
    builds = str(tmp_path / "builds" / "bin" / "python")
    run(builds, "-m", "pip", "install", "--quiet", "build")
    run(builds, "-m", "build", "--outdir", str(tmp_path / "dist"), str(source))
    [wheel] = (tmp_path / "dist").glob("*.whl")
    assert len([*(tmp_path / "dist").glob("*.tar.gz")]) == 1
    run(sys.executable, "-m", "venv", str(tmp_path / "users"))
    run(str(tmp_path / "users" / "bin" / "python"), "-m", "pip", "install", "--quiet", str(wheel))
    command = str(tmp_path / "users" / "bin" / "rowspace")
    assert rs.__version__ in run(command, "--version")
    assert "six-items" in run(command, "demo")
