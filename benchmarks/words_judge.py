"""How good word vectors are: similarities that people gave to pairs of words, and analogies; gensim is the judge.

usage: words_judge.py VECTORS FOLDER, vectors as word2vec's binary file, or text if it ends in .vec; prints JSON
"""

import json
import sys
from pathlib import Path

PAIRS = {"WS-353": "WS-353-ALL.tsv", "SimLex-999": "SimLex999.tsv", "MEN": "MEN-TR-3k.tsv"}
ANALOGIES = {"analogies": "questions-words.txt"}
SCORES = [*PAIRS, *ANALOGIES]
_VOCAB = 30_000  # the most frequent words, which analogies are asked of


def scores(vectors: str, folder: str) -> dict[str, float]:
    """Spearman's correlation with people for each list of pairs, and the share of analogies that are right.

    Pairs and analogies with a word that has no vector are left out.
    """
    from gensim.models import KeyedVectors

    known = KeyedVectors.load_word2vec_format(vectors, binary=not vectors.endswith(".vec"))
    like = {"case_insensitive": True, "dummy4unknown": False}
    found = {}
    for name, file in PAIRS.items():
        _, (spearman, _), _ = known.evaluate_word_pairs(str(Path(folder) / file), **like)
        found[name] = float(spearman)
    for name, file in ANALOGIES.items():
        found[name], _ = known.evaluate_word_analogies(str(Path(folder) / file), restrict_vocab=_VOCAB, **like)
    return found


if __name__ == "__main__":
    print(json.dumps(scores(*sys.argv[1:])))
