"""Pages of the site that lie elsewhere in the repository or are made of docstrings, and links that fit the site."""

import os
import re
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File

ROOT = Path(__file__).parents[1]
PAGES = {  # file of the repository -> page of the site
    "README.md": "index.md",
    "SECURITY.md": "security.md",
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changes.md",
    "benchmarks/README.md": "benchmarks.md",
    "docs/decisions": "decisions/structure.md",
}
_LINK = re.compile(r"\[([^\]]*)\]\(([^)\s#]+)(#[^)\s]*)?\)")


def on_files(files: Any, config: Any) -> Any:
    """Add what does not lie in docs."""
    for source, page in PAGES.items():
        if (ROOT / source).is_file():
            text = relinked((ROOT / source).read_text(), source, page)
            files.append(File.generated(config, page, content=text))
    files.append(File.generated(config, "reference.md", content=reference()))
    return files


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Links of the pages in docs."""
    path = page.file.src_uri
    return (
        markdown if path in {*PAGES.values()} - {"decisions/structure.md"} else relinked(markdown, f"docs/{path}", path)
    )


def relinked(text: str, source: str, page: str) -> str:
    """A text whose links lead from its page to other pages; where the site has none, the text of the link is left."""

    def link(found: re.Match[str]) -> str:
        words, target, anchor = found[1], found[2], found[3] or ""
        path = os.path.normpath(os.path.join(os.path.dirname(source), target))
        if "://" in target or not (ROOT / path).exists():
            return found[0]
        to = PAGES.get(path) or (path.removeprefix("docs/") if path.startswith("docs/") else None)
        return words if to is None else f"[{words}]({os.path.relpath(to, os.path.dirname(page))}{anchor})"

    return _LINK.sub(link, text)


def reference() -> str:
    """Every public name with its docstring."""
    import rowspace

    lines = ["# Reference", "", "Every public name, as `import rowspace as rs` has it.", ""]
    for name in sorted(rowspace._HOME, key=str.casefold):
        lines += [f"::: rowspace.{rowspace._HOME[name]}.{name}", ""]
    for room in ("torch", "jax"):
        lines += [f"# rowspace.{room}", ""]
        face = (ROOT / "src" / "rowspace" / room / "__init__.py").read_text()
        for module, names in re.findall(r"^from (rowspace\.\S+) import (.*)$", face, re.M):
            lines += [line for name in names.split(", ") for line in (f"::: {module}.{name}", "")]
    lines += ["::: rowspace.costs", ""]
    return "\n".join(lines)
