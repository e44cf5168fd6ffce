"""rowspace and gensim train, or read, in a process that prints in JSON how long that took.

usage: words_libraries.py train|read rowspace|gensim TASK [VECTORS]

The task is given as JSON; vectors go to word2vec's binary file.
"""

import json
import resource
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import NamedTemporaryFile
from time import perf_counter, process_time
from typing import Any

from own_process import MAXRSS
from words_task import DIM, MIN_COUNT, NEGATIVE, SAMPLE, WINDOW, Task

_HEAD = 100_000  # bytes that are trained on before, to compile


def train_with_rowspace(task: Task, vectors: str, watch: "Stopwatch") -> None:
    """`rs.train_text` alone, of a text that is read."""
    import rowspace as rs

    options = {"cost": task.cost, "window": WINDOW, "negative": NEGATIVE, "ns_exponent": 0.75, "sample": SAMPLE}
    options |= {"rate": task.rate, "seed": task.seed, "threads": task.threads}
    with head(task.corpus) as few:
        rs.train_text(rs.read_text(few, min_count=1), DIM, 1, **options)
    text = rs.read_text(task.corpus, min_count=MIN_COUNT, threads=task.threads)
    with watch:
        model = rs.train_text(text, DIM, task.epochs, **options)
    rs.export(next(iter(model.tables.values())), vectors, "word2vec-binary")


def train_with_gensim(task: Task, vectors: str, watch: "Stopwatch") -> None:
    """`Word2Vec.train` alone, of a corpus file whose vocabulary is built."""
    model = _gensim(task)
    model.build_vocab(corpus_file=task.corpus)
    known = {"total_words": model.corpus_total_words, "total_examples": model.corpus_count}
    with watch:
        model.train(corpus_file=task.corpus, epochs=task.epochs, **known)
    model.wv.save_word2vec_format(vectors, binary=True)


def read_with_rowspace(task: Task, watch: "Stopwatch") -> None:
    """`rs.read_text`: the vocabulary, and the whole text as ids on disk."""
    import rowspace as rs

    with head(task.corpus) as few:
        rs.read_text(few, min_count=1, threads=task.threads)
    with watch:
        rs.read_text(task.corpus, min_count=MIN_COUNT, threads=task.threads)


def read_with_gensim(task: Task, watch: "Stopwatch") -> None:
    """`build_vocab`: the vocabulary alone, and the vectors it begins with."""
    with head(task.corpus) as few:
        _gensim(task).build_vocab(corpus_file=few)
    model = _gensim(task)
    with watch:
        model.build_vocab(corpus_file=task.corpus)


def _gensim(task: Task) -> Any:
    from gensim.models import Word2Vec

    options = {"window": WINDOW, "negative": NEGATIVE, "sample": SAMPLE, "min_count": MIN_COUNT, "alpha": task.rate}
    return Word2Vec(vector_size=DIM, sg=task.cost == "skip_gram", workers=task.threads, seed=task.seed, **options)


@contextmanager
def head(corpus: str) -> Iterator[str]:
    """The path of a file with the first words of the corpus."""
    with open(corpus, "rb") as file, NamedTemporaryFile(suffix=".txt") as few:
        few.write(file.read(_HEAD).rpartition(b" ")[0] + b"\n")
        few.flush()
        yield few.name


class Stopwatch:
    """Seconds of the clock and of the processor within a `with`, and the peak of memory before it, in bytes."""

    def __enter__(self) -> None:
        self.peak_before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * MAXRSS
        self._start = perf_counter(), process_time()

    def __exit__(self, *error: object) -> None:
        now = perf_counter(), process_time()
        self.seconds, self.busy = (b - a for a, b in zip(self._start, now, strict=True))


WORK = {
    ("train", "rowspace"): train_with_rowspace,
    ("train", "gensim"): train_with_gensim,
    ("read", "rowspace"): read_with_rowspace,
    ("read", "gensim"): read_with_gensim,
}


def main() -> None:
    """Do the work, print the figures."""
    what, library, task, *vectors = sys.argv[1:]
    watch = Stopwatch()
    WORK[what, library](Task(**json.loads(task)), *vectors, watch)
    print(json.dumps({"seconds": watch.seconds, "busy": watch.busy, "peak_before": watch.peak_before}))


if __name__ == "__main__":
    main()
