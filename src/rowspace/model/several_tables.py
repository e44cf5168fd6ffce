"""Questions to a model of several tables: the first that has the items answers."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import cached_property
from typing import Any, TypeVar, overload

import numpy as np

from rowspace.errors import UnknownItem
from rowspace.model.queries import Neighbours, Queries
from rowspace.model.terms import listed
from rowspace.tables.table import Table
from rowspace.tables.values import Floats

T = TypeVar("T")


class SeveralTables(Queries):
    """Tables, the first of which is asked; names that it does not have are looked for in the others.

    Row numbers are those of the first table. An answer is made of items of one table; `table_of` says which.

    >>> import rowspace as rs
    >>> model = rs.Model({"U": Table(names=["ann", "bob"], dim=2), "V": Table(names=["film", "play"], dim=2)})
    >>> model.most_similar("film")[0][0], model.table_of("film")
    ('play', 'V')
    """

    tables: dict[str, Table]

    def table_of(self, item: str) -> str:
        """The name of the first table that has an item.

        Raises:
            UnknownItem: if none has it.
        """
        for name, table in self.tables.items():
            if item in table:
                return name
        self.table.ids(item)  # which says what is near
        raise UnknownItem(f"no table has the item {item!r}")

    def __contains__(self, item: object) -> bool:
        return super().__contains__(item) or any(item in other.table for other in self._others if isinstance(item, str))

    def __getitem__(self, item: Any) -> Floats:
        return self._ask(lambda one: Queries.__getitem__(one, item), item)

    def get_vector(self, item: Any, norm: bool = False) -> Floats:
        """As `Queries.get_vector`, of whichever table has the item."""
        return self._ask(lambda one: Queries.get_vector(one, item, norm), item)

    def similarity(self, a: Any, b: Any) -> float:
        """The cosine of two items of one table; 0 where either row is zero."""
        return self._ask(lambda one: Queries.similarity(one, a, b), a, b)

    @overload  # type: ignore[override]
    def most_similar(
        self, positive: Any = ..., negative: Any = ..., topn: int = ..., *, restrict_vocab: int | None = ...
    ) -> Neighbours: ...
    @overload
    def most_similar(
        self, positive: Any = ..., negative: Any = ..., *, topn: None, restrict_vocab: int | None = ...
    ) -> Floats: ...
    def most_similar(
        self,
        positive: Any = None,
        negative: Any = None,
        topn: int | None = 10,
        *,
        restrict_vocab: int | None = None,
    ) -> Neighbours | Floats:
        """As `Queries.most_similar`, among the items of whichever table has those asked about."""

        def question(one: Queries) -> Neighbours | Floats:
            return Queries.most_similar(one, positive, negative, topn=topn, restrict_vocab=restrict_vocab)

        return self._ask(question, positive, negative)

    def neighbors(self, items: Any, topn: int = 10, *, restrict_vocab: int | None = None) -> list[Neighbours]:
        """As `Queries.neighbors`; each item may be in a table of its own."""
        items = listed(items)
        if not self._others or all(not isinstance(item, str) or item in self.table for item in items):
            return super().neighbors(items, topn, restrict_vocab=restrict_vocab)
        return [self.most_similar([item], topn=topn, restrict_vocab=restrict_vocab) for item in items]

    @cached_property
    def _others(self) -> list[Queries]:
        return [Queries(table) for table in list(self.tables.values())[1:] if table.names is not None]

    def _ask(self, question: Callable[[Queries], T], *items: Any) -> T:
        """What the first table answers, or else the first other one that knows all the items, which are names."""
        try:
            return question(self)
        except UnknownItem as unknown:
            if not self._others or not all(isinstance(name, str | np.ndarray) for name in _flat(items)):
                raise
            for other in self._others:
                with suppress(UnknownItem):
                    return question(other)
            asked = ", ".join(name for name, table in self.tables.items() if table.names is not None)
            raise UnknownItem(f"{unknown}; no table of the model ({asked}) has all the items of the question") from None


def _flat(items: Any) -> Iterator[Any]:
    """The items of a question without their weights."""
    for item in items:
        if isinstance(item, list):
            yield from _flat(item)
        elif item is not None:
            yield item[0] if isinstance(item, tuple) and item else item
