"""Words from Jane Austen's six novels: which others stand in their place."""

from collections.abc import Callable
from importlib.resources import as_file, files
from pathlib import Path

import rowspace as rs
from rowspace.model.model import Model
from rowspace.read.text import Text

ASKED = "sister letter walked evening five elizabeth".split()
NEAREST = 5
KINDS = {  # for the picture; the training knows nothing of them
    "family": "father mother sister brother uncle aunt cousin daughter son wife husband",
    "women of the novels": "elizabeth elinor marianne fanny emma catherine anne jane",
    "men of the novels": "darcy wickham bingley willoughby edmund henry knightley wentworth",
    "times": "morning evening day night week month year winter summer spring monday thursday",
    "numbers": "two three four five six seven ten twenty thirty fifty",
    "ways to move": "walked went came ran drove turned moved returned rode stepped",
    "places": "house room garden parlour cottage park village road street church",
}


def novels() -> Text:
    """The words of all six in lower case, a paragraph a line; those that occur less than five times are left out."""
    with as_file(files("rowspace") / "data" / "austen.txt.bz2") as path:
        return rs.read_text(path, tokens="words", lower=True, progress=False)


def train(text: Text, seed: int = 0, *, progress: bool | None = None) -> Model:
    """The model of the demo: CBOW, more epochs and larger steps than for a large text.

    On one thread, which learns the same bytes and has one loop less to compile.
    """
    return rs.train_text(text, dim=50, epochs=10, cost="cbow", rate=0.1, seed=seed, threads=1, progress=progress)


def tell(folder: Path, say: Callable[[str], None]) -> None:
    """Train, save, draw and print."""
    with novels() as text:
        say(
            f"The six novels of Jane Austen: {text.tokens:,} words, {len(text.names):,} different ones that occur at\n"
            "least five times. Each gets 50 numbers, learned from the words around it: no grammar, no dictionary.\n"
        )
        model = train(text)
    model.save(folder / "words")
    _draw(model, folder / "words.png")
    say("\n".join(_neighbours(model, word) for word in ASKED) + "\n")
    say(f"  {folder / 'words'}: the model\n  {folder / 'words.png'}: some of them, coloured by kind\n")


def _neighbours(model: Model, word: str) -> str:
    near = ", ".join(f"{other} {cosine:.2f}" for other, cosine in model.most_similar(word, topn=NEAREST))
    return f"  {word:<10} {near}"


def _draw(model: Model, path: Path) -> None:
    kind = {word: name for name, words in KINDS.items() for word in words.split()}
    title = "Words of Jane Austen, by the words around them"
    rs.plot_table(model.table, path, items=list(kind), color=kind, labels=list(kind), title=title)
