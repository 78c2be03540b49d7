"""Finding things by what a person types. Each room says what it knows (`Source`); all are asked in one question."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import IntEnum
from typing import Any

from django.contrib.postgres.search import TrigramWordSimilarity
from django.core.exceptions import EmptyResultSet
from django.db import connection as database
from django.db.models import Q, QuerySet, Subquery
from django.db.models.lookups import GreaterThanOrEqual

from agency.models import User

MOST_CHARACTERS = 100
WHOLE_WORDS = 3  # characters; an index of three-letter parts cannot tell what holds fewer
ALIKE = 0.35  # of the three-letter parts; a name of eight with two letters swapped has 0.38
LOOKED_AT = 500  # rows of one kind of match that are put in order, newest first
NEWEST = 1000  # rows that are looked at apart for a word so common that LOOKED_AT older ones hold it


class Rank(IntEnum):
    """How well something fits, best first."""

    EXACT = 0
    BEGINS = 1
    HOLDS = 2
    SIMILAR = 3


@dataclass(frozen=True, slots=True)
class Text:
    """What was typed, ready to look for."""

    typed: str

    @classmethod
    def read(cls, typed: str) -> "Text":
        return cls(" ".join(typed.replace("\0", "").split())[:MOST_CHARACTERS].strip())

    def __bool__(self) -> bool:
        return bool(self.typed)

    @property
    def words(self) -> list[str]:
        return self.typed.split()

    @property
    def is_short(self) -> bool:
        """Only beginnings are looked for."""
        return len(self.typed) < WHOLE_WORDS

    def begins(self, *columns: str) -> Q:
        return _any(f"{column}__istartswith" for column in columns)(self.typed)

    def holds(self, *columns: str) -> Q:
        """Each word stands in one of the columns."""
        anywhere = _any(f"{column}__icontains" for column in columns)
        found = Q()
        for word in self.words:
            found &= anywhere(word)
        return found

    def says(self, *columns: str) -> Q:
        """As `holds`, for large tables: an index is of no use for words of one or two letters by themselves."""
        if any(len(word) < WHOLE_WORDS for word in self.words):
            return _any(f"{column}__icontains" for column in columns)(self.typed)
        return self.holds(*columns)

    def resembles(self, column: str) -> Q:
        """A word of it is written much like this: a letter is missing, or two are swapped. For small tables."""
        return Q(GreaterThanOrEqual(TrigramWordSimilarity(self.typed, column), ALIKE))


def _any(lookups: Iterable[str]) -> Callable[[str], Q]:
    names = list(lookups)

    def condition(value: str) -> Q:
        found = Q()
        for name in names:
            found |= Q(**{name: value})
        return found

    return condition


@dataclass(frozen=True, slots=True)
class Hit:
    """One thing as a list of results shows it."""

    title: str
    url: str
    detail: str = ""  # whose it is and how it stands
    ref: str = ""
    client_id: int | None = None  # whose colour marks it
    rank: Rank = Rank.EXACT


Matches = Sequence[tuple[Rank, Q]]


@dataclass(frozen=True, slots=True)
class Source:
    """One sort of thing that can be found.

    `matches` gives conditions, each of columns of one table, so that each can use that table's index.
    `page` is the name of the thing's own page, and `found_by` what its address says → the field that it names.
    """

    group: str
    visible: Callable[[User], QuerySet[Any]]
    matches: Callable[[Text], Matches]
    hit: Callable[[Any], Hit]
    page: str
    found_by: Mapping[str, str]


@dataclass(slots=True)
class Found:
    """What the sources of one group know. `has_more`: than was asked for."""

    hits: list[Hit] = field(default_factory=list)
    has_more: bool = False


def find(sources: Sequence[Source], user: User, text: Text, *, limit: int) -> dict[str, Found]:
    """Group → the best `limit` things that `user` may see. One query to find, and one per source to draw."""
    found: dict[str, Found] = {}
    ranks = _ranks(sources, user, text, limit + 1) if text else {}
    for number, by_pk in ranks.items():
        source = sources[number]
        group = found.setdefault(source.group, Found())
        rows = source.visible(user).in_bulk(by_pk)
        hits = [(source.hit(rows[pk]), rank) for pk, rank in by_pk.items() if pk in rows]
        known = {hit.url for hit in group.hits}
        group.hits += [
            replace(hit, rank=_rank(hit, rank, text)) for hit, rank in hits if hit.url not in known
        ]
    for group in found.values():
        group.hits.sort(key=lambda hit: (hit.rank, not _begins_a_word(hit.title, text)))
        group.has_more = len(group.hits) > limit
        del group.hits[limit:]
    return {name: group for name, group in found.items() if group.hits}


def _rank(hit: Hit, rank: Rank, text: Text) -> Rank:
    """What holds a text may begin with it, too."""
    begins = hit.ref.casefold().startswith(text.typed.casefold())
    return Rank.BEGINS if begins and rank == Rank.HOLDS else rank


def _begins_a_word(title: str, text: Text) -> bool:
    return bool(re.search(rf"\b{re.escape(text.words[0])}", title, re.IGNORECASE))


def _ranks(sources: Sequence[Source], user: User, text: Text, limit: int) -> dict[int, dict[int, Rank]]:
    """Number of the source → primary key → best rank, in the order in which they are to be shown."""
    parts = list(_parts(sources, user, text, limit))
    if not parts:
        return {}
    sql = " UNION ALL ".join(part for part, _parameters in parts)
    parameters = [parameter for _part, given in parts for parameter in given]
    ranks: dict[int, dict[int, Rank]] = {}
    with database.cursor() as cursor:
        cursor.execute(sql, parameters)
        for number, rank, pk in sorted(cursor.fetchall(), key=lambda row: (row[0], row[1], -row[2])):
            ranks.setdefault(number, {}).setdefault(pk, Rank(rank))
    return {number: dict(list(by_pk.items())[:limit]) for number, by_pk in ranks.items()}


def _parts(
    sources: Sequence[Source], user: User, text: Text, limit: int
) -> Iterator[tuple[str, tuple[Any, ...]]]:
    """One SELECT for each condition of each source, each bounded in what it reads.

    MATERIALIZED keeps PostgreSQL from hoping that a scan of everything meets enough rows soon: for words that stand
    nowhere that hope reads the whole table. It still stops reading when it has enough. Where a word is so common that
    there are more, the newest rows are looked at apart.
    """
    for number, source in enumerate(sources):
        visible = source.visible(user).select_related(None).order_by().values("pk")
        newest = Q(pk__gt=Subquery(visible.model.objects.order_by("-pk").values("pk")[:1]) - NEWEST)
        for rank, condition in source.matches(text):
            try:
                anywhere, sought = visible.filter(condition).query.sql_with_params()
            except EmptyResultSet:
                continue
            lately, others = "", ""
            if rank == Rank.HOLDS:
                sql, sought_lately = visible.filter(newest & condition).query.sql_with_params()
                lately = f", lately (id) AS MATERIALIZED ({sql})"
                others = (
                    f"UNION ALL SELECT id FROM lately WHERE (SELECT count(*) FROM found_first) = {LOOKED_AT}"  # noqa: S608
                )
                sought += sought_lately
            yield (
                f"(WITH found (id) AS MATERIALIZED ({anywhere}),"  # noqa: S608  # what was typed is a parameter
                f" found_first AS MATERIALIZED (SELECT id FROM found LIMIT {LOOKED_AT}){lately}"
                f" SELECT {number}, {int(rank)}, id FROM (SELECT id FROM found_first {others}) AS best"
                f" ORDER BY id DESC LIMIT {limit})",
                sought,
            )


def excerpt(text: str, words: Sequence[str], *, length: int = 90) -> str:
    """The part of a long text in which the first of the words stands."""
    text = " ".join(text.split())
    places = [place for word in words if (place := text.casefold().find(word.casefold())) >= 0]
    start = max(min(places, default=0) - length // 3, 0)
    end = start + length
    return f"{'…' if start else ''}{text[start:end].strip()}{'…' if end < len(text) else ''}"
