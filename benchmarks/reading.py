"""Million words a second: a text read into a vocabulary and ids on disk, by rowspace and by gensim's scan of words.

Each runs in a process of its own, warm, and the best of some rounds counts; memory is the growth of the process's peak
during the first.

usage: reading.py TEXT [--threads 1 2] [--rounds 5]
"""

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable

SMALL = "a b c\n" * 5


def with_rowspace(path: str, threads: int) -> int:
    """Counted, and the ids written."""
    import rowspace as rs

    with rs.read_text(path, threads=threads, progress=False) as text:
        return text.tokens


def with_gensim(path: str, threads: int) -> int:
    """Counted; its tables are made one number wide, so as not to count them."""
    from gensim.models import Word2Vec

    model = Word2Vec(vector_size=1, min_count=5, workers=threads)
    model.build_vocab(corpus_file=path)
    return model.corpus_total_words


CONTENDERS: dict[str, Callable[[str, int], int]] = {"rowspace": with_rowspace, "gensim": with_gensim}


def measure(name: str, path: str, threads: int, rounds: int) -> None:
    """One contender: print its best rate and the memory of its first round."""
    peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as small:
        small.write(SMALL)
        small.flush()
        CONTENDERS[name](small.name, threads)
    before, rates, grown = peak(), [], 0.0
    for k in range(rounds):
        start = time.perf_counter()
        words = CONTENDERS[name](path, threads)
        rates.append(words / (time.perf_counter() - start) / 1e6)
        grown = grown if k else peak() - before
    print(f"| {name} | {threads} | {max(rates):.1f} | {grown:.0f} MB |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("text")
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", choices=CONTENDERS)
    args = parser.parse_args()
    if args.only:
        return measure(args.only, args.text, args.threads[0], args.rounds)
    print("| | threads | million words a second | memory |\n|---|---|---|---|", flush=True)
    for name in CONTENDERS:
        for threads in args.threads if name == "rowspace" else args.threads[-1:]:
            options = ["--only", name, "--threads", str(threads), "--rounds", str(args.rounds)]
            subprocess.run([sys.executable, __file__, args.text, *options], check=True)


if __name__ == "__main__":
    main()
