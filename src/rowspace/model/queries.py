"""Questions to one table in gensim's words, over rows that are never copied."""

import operator
from collections.abc import Iterable, Sequence
from typing import Any, TypeVar

import numpy as np

from rowspace.columns.subwords import Unseen
from rowspace.errors import ShapeError
from rowspace.errors.checks import is_integer, whole
from rowspace.errors.quoting import quoted
from rowspace.model.search import cosine, cosines, nearer, nearest, norms
from rowspace.model.terms import listed, numbers_of, several, vector_of, weighted
from rowspace.model.top import TopK
from rowspace.tables.table import Table
from rowspace.tables.values import Floats

Item = str  # as checkers of types see it: where a table has no names, the number of a row
T = TypeVar("T")
Neighbours = list[tuple[Item, float]]


class Queries:
    """What is near what in a table; the keys of a table without names are its ids.

    Args:
        table: the table to ask.
        unseen: what gives a vector to names that are not in the table, or None. They may be asked
            about wherever a vector is all that is needed, and are not in the answers.

    >>> E = Table.from_array(np.array([[1, 0], [2, 1], [0, 3]], np.float32), ["a", "b", "c"])
    >>> Queries(E).most_similar("a", topn=1)
    [('b', 0.894427190...)]
    """

    def __init__(self, table: Table, unseen: Unseen | None = None) -> None:
        self.table = table
        self._unseen = unseen
        self._kept: np.ndarray | None = None

    @property
    def vectors(self) -> Floats:
        """(n, d) float32: the table's own values."""
        return self.table.values

    @property
    def vector_size(self) -> int:
        """The number of columns."""
        return self.table.dim

    @property
    def index_to_key(self) -> Sequence[Item]:
        """The names in the order of the rows, or range(n) without names."""
        return range(len(self.table)) if self.table.names is None else self.table.names  # type: ignore[return-value]

    @property
    def key_to_index(self) -> dict[Item, int]:
        """The id of each name (of each id, without names)."""
        names = self.table.name_index
        numbered: Any = range(len(self.table))
        return {i: i for i in numbered} if names is None else names.key_to_index

    @property
    def norms(self) -> Floats:
        """(n,) float32: the length of each row; kept where the table is read-only, or after `fill_norms`."""
        if self._kept is not None:
            return self._kept
        if self.table.values.flags.writeable:
            return norms(self.table.values)  # it may be trained on, so nothing is kept
        self._kept = norms(self.table.values)
        return self._kept

    def fill_norms(self, force: bool = False) -> None:
        """Keep the lengths of the rows of a table that can be written, so that one query does not take them anew.

        Args:
            force: take them again: to be called after the rows have changed.
        """
        if self._kept is None or force:
            self._kept = norms(self.table.values)

    def __len__(self) -> int:
        return len(self.table)

    def __contains__(self, item: object) -> bool:
        self._check_meant(item)
        return item in self.table

    def __getitem__(self, item: Any) -> Floats:
        """Vectors of a name or an id (d,), or of lists of them (m, d)."""
        return self._vectors(item)

    def _vectors(self, item: Any) -> Floats:
        self._check_meant(item)
        if not self._some_unseen(item):
            return self.table[item]
        names = np.array(item, dtype=object)
        rows = [self._row(name) for name in names.ravel().tolist()]
        return np.stack(rows).reshape(*names.shape, self.vector_size)

    def get_vector(self, item: Any, norm: bool = False) -> Floats:
        """The vector of an item.

        Args:
            item: a name or an id; a name not in the table where the model has subwords.
            norm: scale it to length 1 (a zero row stays zero).

        Returns:
            (d,) float32.

        Raises:
            UnknownItem, IdOutOfRange: for an item that is not in the table and has no n-gram.
        """
        return self._vector(item, norm)

    def _vector(self, item: Any, norm: bool = False) -> Floats:
        vector = self._row(item)
        length = float(norms(np.atleast_2d(vector))[0])
        with np.errstate(invalid="ignore"):  # of a row with infinity
            return vector / np.float32(length) if norm and length > 0 else vector

    def most_similar(
        self,
        positive: Any = None,
        negative: Any = None,
        topn: int | None = 10,
        *,
        restrict_vocab: int | None = None,
    ) -> Neighbours | Floats:
        """The items nearest to a sum of vectors by cosine, without the items asked about.

        The vectors of items are scaled to length 1 before they are added, as in gensim; vectors
        given as arrays are taken as they are.

        Args:
            positive: what to add: an item, a vector (d,), or a list of items, vectors and
                (item, weight) pairs.
            negative: what to subtract, likewise.
            topn: how many; None for the cosines of all rows.
            restrict_vocab: look at that many first rows only.

        Returns:
            [(item, cosine), ...], best first, the lower id first of equal ones; or, with
            topn=None, (n,) float32.

        Raises:
            UnknownItem, IdOutOfRange: for an item that is not in the table.
            ShapeError: without any item, for a vector of another width, or a negative topn.
        """
        rows = self.rows(restrict_vocab)
        query, asked = self._sum(listed(positive), listed(negative))
        if topn is None:
            return cosines(self.vectors[:rows], query, self._known_norms(rows))
        return self._nearest([query], [asked], topn, rows)[0]

    def neighbors(self, items: Any, topn: int = 10, *, restrict_vocab: int | None = None) -> list[Neighbours]:
        """What `most_similar` finds for each of many items, in one pass over the table for hundreds of them.

        Args:
            items: a list of items and vectors (d,), or an array of vectors (q, d).
            topn: how many of each.
            restrict_vocab: look at that many first rows only.

        Returns:
            q lists of [(item, cosine), ...], best first.

        Raises:
            UnknownItem, IdOutOfRange, ShapeError: as `most_similar`.

        >>> E = Table.from_array(np.array([[1, 0], [2, 1], [0, 3]], np.float32), ["a", "b", "c"])
        >>> [[key for key, _ in near] for near in Queries(E).neighbors(["a", "c"], 1)]
        [['b'], ['b']]
        """
        queries, asked = [], []
        for item in listed(items):
            query, own = self._sum([item], [])
            queries.append(query)
            asked.append(own)
        return self._nearest(queries, asked, topn, self.rows(restrict_vocab))

    def most_similar_cosmul(
        self, positive: Any = None, negative: Any = None, topn: int | None = 10, *, restrict_vocab: int | None = None
    ) -> Neighbours | Floats:
        """The items nearest by the product of cosines instead of their sum: 3CosMul of Levy and Goldberg (2014).

        The product over `positive` of (1 + cosine) / 2, over 1e-6 + the product over `negative`: one large cosine
        counts for less than in `most_similar`. https://aclanthology.org/W14-1618, equation 4.

        Args:
            positive: at least one item or vector (d,).
            negative: items and vectors.
            topn: how many; None for the scores of all rows.
            restrict_vocab: look at that many first rows only (gensim takes it and looks at all).

        Returns:
            [(item, score), ...], best first; or, with topn=None, (n,) float32.

        Raises:
            UnknownItem, IdOutOfRange, ShapeError: as `most_similar`; and without a positive item.
        """
        rows, added, removed = self.rows(restrict_vocab), listed(positive), listed(negative)
        if not added:
            raise ShapeError("give at least one positive item or vector to compare with")
        scores = self._product(added, rows) / (self._product(removed, rows) + np.float32(1e-6))
        if topn is None:
            return scores
        topn = whole("topn", topn, 0, error=ShapeError)
        items = [term for term in (*added, *removed) if not isinstance(term, np.ndarray)]
        asked = {i for item in items for i in self._ids_of(item)}
        best = TopK(1, 1 + topn + len(asked))
        best.take(0, scores[None])
        found = [i for i in best.ids()[0].tolist() if i not in asked][:topn]
        return [(self.index_to_key[i], float(scores[i])) for i in found]

    def similar_by_vector(
        self, vector: Any, topn: int | None = 10, restrict_vocab: int | None = None
    ) -> Neighbours | Floats:
        """The items nearest to a vector (d,); see `most_similar`."""
        vector = vector_of(numbers_of("a vector", vector), self.vector_size)
        return self.most_similar([vector], topn=topn, restrict_vocab=restrict_vocab)

    def similar_by_key(self, key: Any, topn: int | None = 10, restrict_vocab: int | None = None) -> Neighbours | Floats:
        """The items nearest to an item; see `most_similar`."""
        return self.most_similar([key], topn=topn, restrict_vocab=restrict_vocab)

    similar_by_word = similar_by_key

    def similarity(self, a: Any, b: Any) -> float:
        """The cosine of two items; 0 where either row is zero."""
        return cosine(self._row(a), self._row(b))

    def distance(self, a: Any, b: Any) -> float:
        """1 - the cosine of two items."""
        return 1 - self.similarity(a, b)

    def n_similarity(self, some: Any, others: Any) -> float:
        """The cosine of the mean vectors of two lists of items."""
        some, others = several(some), several(others)
        for items in (some, others):
            if not items:
                raise ShapeError("n_similarity needs at least one item in each list")
        means = (self._vectors(list(items)).mean(axis=0) for items in (some, others))
        return cosine(*means)

    def rank_by_centrality(self, items: Iterable[T], use_norm: bool = True) -> list[tuple[float, T]]:
        """[(cosine, item), ...] of a list of items with their mean, the nearest to it first.

        Args:
            items: at least one item.
            use_norm: scale each to length 1 before the mean is taken.
        """
        items = several(items)
        if not items:
            raise ShapeError("rank_by_centrality and doesnt_match need at least one item")
        vectors = np.stack([self._vector(item, norm=use_norm) for item in items])
        scores = cosines(vectors, vectors.mean(axis=0)).tolist()
        return sorted(zip(scores, items, strict=True), reverse=True)

    def doesnt_match(self, items: Iterable[T]) -> T:
        """Which of a list of items is farthest from their mean, each scaled to length 1."""
        return self.rank_by_centrality(items)[-1][1]

    def most_similar_to_given(self, item: Any, others: Iterable[T]) -> T:
        """Which of a list of other items is nearest to an item."""
        others = several(others)
        if not others:
            raise ShapeError("most_similar_to_given needs at least one other item")
        return max(others, key=lambda other: self.similarity(item, other))

    def distances(self, item: Any, others: Any = ()) -> Floats:
        """(m,) float32: 1 - the cosine of an item or a vector (d,) with each of a list of items, or with every row."""
        vector = item if isinstance(item, np.ndarray) and item.ndim else self._vector(item)
        others = several(others)
        if others:
            return 1 - cosines(self._vectors(others), vector)
        return 1 - cosines(self.vectors, vector, self._known_norms(len(self)))

    def get_mean_vector(
        self,
        items: Any,
        weights: Any = None,
        pre_normalize: bool = True,
        post_normalize: bool = False,
        ignore_missing: bool = True,
    ) -> Floats:
        """(d,) float32: the weighted mean of items and vectors, over the sum of the weights' sizes; or zeros.

        Args:
            items: a list of items and vectors (d,).
            weights: a number for each; None for 1.
            pre_normalize: scale the vectors of items to length 1 first.
            post_normalize: scale the mean to length 1.
            ignore_missing: leave out items that are not in the table, instead of raising.

        Raises:
            ShapeError: without items, or with another number of weights.
            UnknownItem, IdOutOfRange: for a missing item, if they are not ignored.
        """
        items = several(items)
        weights = np.ones(len(items)) if weights is None else numbers_of("weights", weights)
        if not items or weights.shape != (len(items),):
            raise ShapeError(f"a mean needs items and as many weights, got {len(items)} and {weights.shape}")
        total, size = np.zeros(self.vector_size), 0.0
        for item, weight in zip(items, weights.tolist(), strict=True):
            is_vector = isinstance(item, np.ndarray) and item.ndim > 0
            if not is_vector and ignore_missing and not Queries.__contains__(self, item) and not self._is_unseen(item):
                continue
            vector = vector_of(item, self.vector_size) if is_vector else self._vector(item, norm=pre_normalize)
            total, size = total + weight * vector, size + abs(weight)
        mean = total / size if size else total
        length = np.linalg.norm(mean) if post_normalize else 0
        return (mean / length if length else mean).astype(np.float32)

    def closer_than(self, a: Any, b: Any) -> list[Item]:
        """The items nearer to `a` than `b` is; those whose rows are equal to that of `b` are none."""
        first, second = self._ids_of(a), self._id(b)
        found = nearer(self.vectors, self._row(a), second, lengths=self._known_norms(len(self)))
        return [self.index_to_key[i] for i in found.tolist() if i not in first]

    def rank(self, a: Any, b: Any) -> int:
        """1 if `b` is the nearest to `a`, 2 if one item is nearer, and so on."""
        return len(self.closer_than(a, b)) + 1

    def _product(self, terms: list[Any], rows: int) -> Floats:
        """The product over terms of (1 + cosine) / 2 with each of the first rows."""
        product, lengths = np.ones(rows, np.float32), self._known_norms(rows)
        for term in terms:
            vector, _ = self._sum([term], [])
            scores = cosines(self.vectors[:rows], vector, lengths)
            product *= (1 + np.float32(np.linalg.norm(vector)) * scores) / 2
        return product

    def rows(self, restrict_vocab: int | None) -> int:
        """How many of the first rows a question looks at: all, or at most so many."""
        if restrict_vocab is None:
            return len(self)
        return min(len(self), whole("restrict_vocab", restrict_vocab, 1, error=ShapeError))

    def _nearest(self, queries: list[np.ndarray], asked: list[set[int]], topn: Any, rows: int) -> list[Neighbours]:
        """The items nearest to each query, without those asked about."""
        topn = whole("topn", topn, 0, error=ShapeError)
        if not queries:
            return []
        most = topn + max(map(len, asked))
        ids, scores = nearest(self.vectors[:rows], np.stack(queries), most, lengths=self._known_norms(rows))
        keys, found = self.index_to_key, zip(ids.tolist(), scores.tolist(), asked, strict=True)
        return [[(keys[i], c) for i, c in zip(near, cs, strict=True) if i not in own][:topn] for near, cs, own in found]

    def _known_norms(self, rows: int) -> np.ndarray | None:
        return None if self._kept is None and self.vectors.flags.writeable else self.norms[:rows]

    def _sum(self, positive: list[Any], negative: list[Any]) -> tuple[np.ndarray, set[int]]:
        """The weighted sum in float64, and the ids of the items in it."""
        if not positive and not negative:
            raise ShapeError("give at least one item or vector to compare with")
        total, asked = np.zeros(self.vector_size), set[int]()
        for sign, terms in ((1.0, positive), (-1.0, negative)):
            for item, weight in (weighted(term, sign) for term in terms):
                if isinstance(item, np.ndarray) and item.ndim:
                    total += weight * vector_of(item, self.vector_size)
                else:
                    asked |= self._ids_of(item)
                    total += weight * self._vector(item, norm=True).astype(np.float64)
        return total, asked

    def _row(self, item: Any) -> Floats:
        """(d,): the row of an item, or what the n-grams of an unseen name give."""
        composed = self._unseen.vector(item) if self._unseen is not None and self._is_unseen(item) else None
        return self.vectors[self._id(item)] if composed is None else composed

    def _ids_of(self, item: Any) -> set[int]:
        """The id of an item; none of an unseen name."""
        return set() if self._is_unseen(item) else {self._id(item)}

    def _is_unseen(self, item: Any) -> bool:
        return self._unseen is not None and isinstance(item, str) and item not in self.table

    def _some_unseen(self, items: Any) -> bool:
        """Whether there are unseen names among an item or items in a list or array."""
        if self._unseen is None or isinstance(items, str | tuple):
            return self._is_unseen(items)
        try:
            named = np.asarray(items).dtype.kind in "OUT"
        except ValueError:  # lists of unequal lengths: the table has words for that
            return False
        return named and any(map(self._is_unseen, np.array(items, dtype=object).ravel().tolist()))

    def _check_meant(self, item: Any) -> None:
        """Refuse a whole number that is the name of another row than its own."""
        if is_integer(item) and self.table.name_index is not None:
            self.table.name_index.check_meant(operator.index(item))

    def _id(self, item: Any) -> int:
        self._check_meant(item)
        ids = self.table.ids(item)
        if ids.ndim:
            raise ShapeError(f"expected one item, got {quoted(item)}")
        return int(ids)
