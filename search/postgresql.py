"""PostgreSQL's full text as the index.

A document a row in a schema of its own, its terms a `tsvector` under a GIN index.

Terms are made by `search.analysis`, as for the other index, so the server needs no dictionary and no
extension. The points of a row are BM25's: PostgreSQL's `ts_rank` of one term is a saturated count of its
places; each is weighted by the term's rarity, which is counted when the index is written, and by the row's
length.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from math import log
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from search.analysis import is_plain, query_terms
from search.documents import Document
from search.query import FACETS, GRADES, K1, WHOLE, B, Counts, Hits, Query

_BUILDING, _WRITING = (
    0x676F6E68,
    0x676F6E69,
)  # advisory locks: who makes an index, and who changes the one there is
_NAMES = ("documents", "terms", "sizes")
PLACES = 10  # of one term in one document; more would count for nothing
_COLUMNS = ("key", "kind", "words", "norm", "score", "grade", "items", "regions", "held", "offers")
_TABLES = (
    # The words of a row are read to rank it: they stay in the row, uncompressed, up to a page.
    "CREATE TABLE search.{0}documents (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, key "
    "text NOT NULL UNIQUE, kind text NOT NULL,"
    " words tsvector NOT NULL, norm real NOT NULL, score integer NOT NULL, grade text NOT NULL, "
    "items text[] NOT NULL,"
    " regions text[] NOT NULL, held text[] NOT NULL, offers jsonb NOT NULL) WITH (toast_tuple_target = 8160)",
    "ALTER TABLE search.{0}documents ALTER COLUMN words SET STORAGE MAIN",
    "CREATE TABLE search.{0}terms (term text PRIMARY KEY, documents integer NOT NULL)",
    "CREATE TABLE search.{0}sizes (documents integer NOT NULL, length real NOT NULL)",
)
_MARKS = {
    "kind": "k:",
    "items": "t:",
    "regions": "r:",
    "grade": "g:",
    "held": "q:",
}  # filters are terms too: one index answers all


def _quoted(term: str) -> str:
    return "'" + term.replace("\\", "\\\\").replace("'", "''") + "'"


def _vector(document: Document) -> str:
    """A document's terms with their places, and its filters, as the text of a tsvector."""
    parts = []
    for place, (term, often) in enumerate(Counter(document["words"].split()).items(), start=1):
        places = (min(place + more, 16383) for more in range(min(often, PLACES)))
        parts.append(f"{_quoted(term)}:{','.join(map(str, places))}")
    for field, mark in _MARKS.items():
        values = document[field] if isinstance(document[field], list) else [document[field]]
        parts += [_quoted(mark + value) for value in values if value]
    return " ".join(parts)


def _rows(documents: list[Document], average: float) -> Iterator[tuple[Any, ...]]:
    for d in documents:
        norm = K1 * (1 - B + B * len(d["words"].split()) / max(average, 1.0))
        yield (
            d["key"],
            d["kind"],
            _vector(d),
            norm,
            d["score"],
            d["grade"],
            d["items"],
            d["regions"],
            d["held"],
            json.dumps(d["offers"]),
        )


class FullText:
    """The index in the market's own database.

    It is therefore as safe, and as shared, as everything else.
    """

    name = "postgresql"
    in_database = True

    def __init__(self) -> None:
        self._seen = False

    def exists(self, session: Session) -> bool:
        self._seen = self._seen or bool(
            session.scalar(text("SELECT to_regclass('search.documents') IS NOT NULL"))
        )
        return self._seen

    def forget(self) -> None:
        self._seen = False

    @contextmanager
    def alone(self, session: Session | None) -> Iterator[None]:
        """Until the end of the session's transaction."""
        assert session is not None
        session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _WRITING})
        yield

    def update(self, session: Session, documents: dict[str, Document | None]) -> None:
        self._put(session, "", documents)

    def _put(self, session: Session, new: str, documents: dict[str, Document | None]) -> None:
        average = session.scalar(text(f"SELECT length FROM search.{new}sizes")) or 1.0
        session.execute(
            text(f"DELETE FROM search.{new}documents WHERE key = ANY(:keys)"), {"keys": list(documents)}
        )
        self._copy(session, f"{new}documents", [d for d in documents.values() if d is not None], average)

    def write(
        self,
        session: Session,
        documents: Iterable[Document],
        late: Callable[[], dict[str, Document | None]] = dict,
    ) -> int:
        """Beside the old one.

        The two are swapped at the transaction's end, for whose last moment alone readers may have to wait.
        """
        session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _BUILDING})
        session.execute(text("CREATE SCHEMA IF NOT EXISTS search"))
        for table in _NAMES:
            session.execute(text(f"DROP TABLE IF EXISTS search.new_{table}"))
        for statement in _TABLES:
            session.execute(text(statement.format("new_")))
        every = list(documents)
        words = [d["words"].split() for d in every]
        average = sum(map(len, words)) / max(1, len(words))
        self._copy(session, "new_documents", every, average)
        often = Counter(term for terms in words for term in set(terms))
        with (
            self._cursor(session) as cursor,
            cursor.copy("COPY search.new_terms (term, documents) FROM STDIN") as copy,
        ):
            for pair in often.items():
                copy.write_row(pair)
        session.execute(
            text("INSERT INTO search.new_sizes VALUES (:documents, :length)"),
            {"documents": len(every), "length": average},
        )
        session.execute(
            text("CREATE INDEX ON search.new_documents USING gin (words) WITH (fastupdate = off)")
        )
        for table in _NAMES:
            session.execute(text(f"ANALYZE search.new_{table}"))
        with self.alone(session):
            self._put(session, "new_", late())
            for table in _NAMES:
                session.execute(text(f"DROP TABLE IF EXISTS search.{table}"))
                session.execute(text(f"ALTER TABLE search.new_{table} RENAME TO {table}"))
        return len(every)

    @staticmethod
    def _cursor(session: Session) -> Any:
        return session.connection().connection.driver_connection.cursor()  # type: ignore[union-attr]

    def _copy(self, session: Session, table: str, documents: list[Document], average: float) -> None:
        with (
            self._cursor(session) as cursor,
            cursor.copy(f"COPY search.{table} ({', '.join(_COLUMNS)}) FROM STDIN") as copy,
        ):
            for row in _rows(documents, average):
                copy.write_row(row)

    def search(self, session: Session, query: Query) -> Hits:
        wanted = query_terms(query.words, typing=query.typing)
        if query.words.strip() and not wanted:
            return Hits(backend=self.name)
        known = self._known(session, wanted)
        points, values = self._points(wanted, known)
        values |= {"size": query.size, "first": (query.page - 1) * query.size, "item": query.item}
        limits = self._priced(query, values)
        asked = self._asked(query, self._any(wanted))
        whole = [term for term in known if is_plain(term)]
        narrow = self._asked(query, " & ".join(map(_quoted, whole))) if len(whole) > 1 else ""
        keys: list[str] = []
        total = None
        if (
            narrow and query.order_by == "relevance"
        ):  # where those with every word fill the page, no others need to be ranked
            found = self._page(session, query, narrow, limits, points, values)
            if len(found) == query.size:
                keys, total = [key for key, _total in found], self._count(session, asked, limits, values)
        if total is None:
            first = (
                f"CASE WHEN words @@ CAST(:narrow AS tsquery) THEN {WHOLE} ELSE 0 END + " if narrow else ""
            )
            found = self._page(session, query, asked, limits, first + points, {**values, "narrow": narrow})
            keys = [key for key, _total in found]
            total = (
                found[0][1] if found else self._count(session, asked, limits, values) if query.page > 1 else 0
            )
        return Hits(
            keys,
            total,
            self._counts(session, query, wanted, limits, values) if query.counts else {},
            self.name,
        )

    @staticmethod
    def _page(
        session: Session, query: Query, asked: str, limits: str, points: str, values: dict[str, Any]
    ) -> list[Any]:
        """The keys of a page, each with the number of all."""
        order = {
            "grade": "score DESC",
            "price": "(offers -> :item ->> 0)::bigint",
            "speed": "(offers -> :item ->> 1)::integer",
        }.get(query.order_by, "points DESC, score DESC")
        statement = (
            "SELECT key, count(*) OVER () FROM ("
            f"SELECT id, key, score, offers, {points} AS points FROM search.documents"
            f" WHERE words @@ CAST(:asked AS tsquery){limits}"
            f") AS found ORDER BY {order}, score DESC, id LIMIT :size OFFSET :first"
        )
        return list(session.execute(text(statement), {**values, "asked": asked}))

    @staticmethod
    def _known(session: Session, wanted: dict[str, float]) -> dict[str, float]:
        """The wanted terms the index knows, each with its rarity: log(documents / those that have it) + 1.

        A beginning counts as a rare one.
        """
        if not wanted:
            return {}
        counted = text(
            "SELECT term, t.documents, s.documents FROM search.terms t, search.sizes s WHERE "
            "term = ANY(:terms)"
        )
        found = {
            term: log(size / (often + 1)) + 1
            for term, often, size in session.execute(counted, {"terms": list(wanted)})
        }
        return {**found, **{term: 6.0 for term in wanted if term.endswith("*")}}

    def _points(self, wanted: dict[str, float], known: dict[str, float]) -> tuple[str, dict[str, Any]]:
        """The expression of a row's points, and its values: Σ weight × rarity × saturated count ÷ length."""
        values = {f"t{place}": self._term(term) for place, term in enumerate(known)}
        gains = [
            f"{wanted[term] * rarity:.5f} * ts_rank(words, CAST(:t{place} AS tsquery))"
            for place, (term, rarity) in enumerate(known.items())
        ]
        return f"({' + '.join(gains)}) / (1 + norm)" if gains else "0", values

    @staticmethod
    def _term(term: str) -> str:
        return f"{_quoted(term[:-1])}:*" if term.endswith("*") else _quoted(term)

    def _any(self, wanted: dict[str, float]) -> str:
        return " | ".join(map(self._term, wanted))

    @staticmethod
    def _asked(query: Query, words: str, but: str = "") -> str:
        """The tsquery: these words, and every filter except that of one field."""
        must = {"kind": (query.kind,), **query.filters}
        parts = [
            f"({' | '.join(_quoted(_MARKS[field] + value) for value in values)})"
            for field, values in must.items()
            if field != but
        ]
        return " & ".join([*parts, f"({words})"] if words else parts)

    @staticmethod
    def _priced(query: Query, values: dict[str, Any]) -> str:
        """The limits of a price, where an item makes prices comparable."""
        if not query.item or (query.least is None and query.most is None):
            return ""
        values |= {
            "item": query.item,
            "least": query.least or 0,
            "most": query.most if query.most is not None else 10**15,
        }
        return " AND (offers -> :item ->> 0)::bigint BETWEEN :least AND :most"

    @staticmethod
    def _count(session: Session, asked: str, limits: str, values: dict[str, Any]) -> int:
        counted = f"SELECT count(*) FROM search.documents WHERE words @@ CAST(:asked AS tsquery){limits}"
        return int(session.scalar(text(counted), {**values, "asked": asked}) or 0)

    def _counts(
        self, session: Session, query: Query, wanted: dict[str, float], limits: str, values: dict[str, Any]
    ) -> Counts:
        """Per field the number of each value. Fields without a filter of their own share one pass."""
        groups: dict[str, list[str]] = {}
        for field in FACETS:
            groups.setdefault(self._asked(query, self._any(wanted), field), []).append(field)
        found: Counts = {field: {} for field in FACETS}
        for asked, fields in groups.items():
            columns = ", ".join(
                f"ARRAY[{field}] AS {field}" if field == "grade" else field for field in fields
            )
            each = " UNION ALL ".join(
                f"SELECT '{field}', value, count(*) FROM matched, unnest({field}) AS value GROUP BY value"
                for field in fields
            )
            matched = f"SELECT {columns} FROM search.documents WHERE words @@ CAST(:asked AS tsquery){limits}"
            for field, value, number in session.execute(
                text(f"WITH matched AS MATERIALIZED ({matched}) {each}"), {**values, "asked": asked}
            ):
                found[field][value] = number
        return {**found, "grade": dict.fromkeys(GRADES, 0) | {k: v for k, v in found["grade"].items() if k}}
