"""Tables of a PostgreSQL database: the same contracts, all of one moment.

``chain.toml`` names the source; the folder that holds it still holds the runs, and may hold further tables as files::

    [source]
    url = "postgresql://planner@db.example:5432/erp"   # or url_variable = "NAME" of an environment variable
    schema = "retail"                                   # default: public

    [source.tables]                                     # default: every table and view of the schema
    sales = "daily_sales_view"

A password belongs in neither: the client takes it from PGPASSWORD or its password file.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from network.breach import Breach, nearest
from network.contracts import TABLES
from network.csv_text import CsvText, read_csv_bytes
from network.findings import Finding

if TYPE_CHECKING:
    from psycopg import Connection

FILE = "chain.toml"
CONNECT_SECONDS = 15
_TIMESTAMPTZ = 1184  # the type's number, the same on every PostgreSQL server
_KEYS = ("url", "url_variable", "schema", "tables")
_DRIVERS = ("postgresql://", "postgres://")
# Text of a moment with a zone, so that the reader sees the same whatever the session's zone and style are.
_MOMENT = "to_char({} AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')"


@dataclass(frozen=True)
class SqlSource:
    """Where the tables of a chain are.

    Parameters
    ----------
    url
        ``postgresql://...``.
    schema
        Schema that holds them.
    tables
        By table of ours, the table or view that holds it; empty for all of the schema, by their names.
    """

    url: str
    schema: str = "public"
    tables: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class SourceTables:
    """What a source holds.

    Parameters
    ----------
    tables
        Cells by table; names that are no table of ours are in it without cells.
    findings
        What is wrong with the source.
    is_unread
        Whether nothing could be read, so that no table can be called missing.
    """

    tables: Mapping[str, CsvText] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()
    is_unread: bool = False


def read_source(given: object) -> SourceTables:
    """Read every table that ``[source]`` names, or say what is wrong with it.

    Parameters
    ----------
    given
        The content of ``[source]`` in ``chain.toml``.
    """
    source, breaches = sql_source(given, os.environ)
    if source is None or breaches:
        findings = tuple(Finding(item.table, item.column, item.rule, item.action) for item in breaches)
        return SourceTables(findings=findings, is_unread=True)
    try:
        import psycopg
    except ImportError:
        return _unread("no PostgreSQL client", "Install the extra: pip install 'tierflow[sql]'.")
    try:
        with psycopg.connect(source.url, connect_timeout=CONNECT_SECONDS, autocommit=True) as connection:
            return _tables_of(connection, source)
    except psycopg.Error as error:
        return _unread("not readable", f"Mend the source or the connection: {_first_line(error, source)}")


def sql_source(given: object, environment: Mapping[str, str]) -> tuple[SqlSource | None, tuple[Breach, ...]]:
    """Settings of a source, and every breach in them.

    Parameters
    ----------
    given
        The content of ``[source]``.
    environment
        Environment variables, for ``url_variable``.
    """
    if not isinstance(given, Mapping):
        return None, (_breach("", "not a table", 'Write [source], then url = "postgresql://...".'),)
    breaches = [
        _breach(key, "unknown setting", nearest(key, _KEYS) or f"Known are {', '.join(_KEYS)}.")
        for key in given
        if key not in _KEYS
    ]
    url, found = _url(given, environment)
    schema = given.get("schema", "public")
    if not isinstance(schema, str) or not schema.strip():
        found = (*found, _breach("schema", "not a text", 'Write it between quotes, such as "public".'))
    tables, wrong = _table_names(given.get("tables", {}))
    breaches += [*found, *wrong]
    return (None if breaches else SqlSource(url, str(schema), tables)), tuple(breaches)


def _url(given: Mapping[str, Any], environment: Mapping[str, str]) -> tuple[str, tuple[Breach, ...]]:
    variable = given.get("url_variable")
    key = "url" if variable is None else "url_variable"
    url = given.get("url") if variable is None else environment.get(str(variable))
    if variable is not None and "url" in given:
        return "", (_breach(key, "two addresses", "Give url or url_variable, not both."),)
    if url is None:
        words = f"Set the environment variable {variable}." if variable else 'Write url = "postgresql://...".'
        return "", (_breach(key, "no address", words),)
    if not isinstance(url, str) or not url.startswith(_DRIVERS):
        return "", (_breach(key, "not an address of PostgreSQL", f"Begin it with {_DRIVERS[0]}."),)
    return url, ()


def _table_names(given: object) -> tuple[dict[str, str], list[Breach]]:
    if not isinstance(given, Mapping) or not all(isinstance(name, str) and name for name in given.values()):
        return {}, [_breach("tables", "not a table", 'Write [source.tables] and lines such as sales = "daily_sales".')]
    unknown = [name for name in given if name not in TABLES]
    wrong = [_breach(f"tables.{name}", "unknown table", nearest(name, TABLES) or "Take it out.") for name in unknown]
    return {str(ours): str(theirs) for ours, theirs in given.items()}, wrong


def _breach(key: str, rule: str, action: str) -> Breach:
    return Breach(FILE, f"source.{key}".rstrip("."), rule, 0, (), action)


def _unread(rule: str, action: str) -> SourceTables:
    return SourceTables(findings=(Finding(FILE, "source", rule, action, is_structural=True),), is_unread=True)


def _first_line(error: Exception, source: SqlSource) -> str:
    """What the server or client says, in one line and without the address, which may hold a password."""
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return lines[0].replace(source.url, "the address")[:200]


def _tables_of(connection: Connection[Any], source: SqlSource) -> SourceTables:
    """Read all tables in one transaction that sees one moment and can change nothing."""
    with connection.transaction():
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        connection.execute("SET LOCAL client_encoding = 'UTF8'")
        connection.execute("SET LOCAL DateStyle = 'ISO, YMD'")
        there = _relations(connection, source.schema)
        if not there:
            return _unread("no tables", f"Schema {source.schema!r} holds no table: name another one as source.schema.")
        names = source.tables or {name: name for name in there}
        findings = tuple(
            Finding(f"{source.schema}.{theirs}", "", "missing table", nearest(theirs, there) or "Name another one.",
                    is_structural=True)
            for theirs in names.values() if theirs not in there
        )  # fmt: skip
        tables = {
            ours: _read_table(connection, ours, theirs, schema=source.schema) if ours in TABLES else CsvText(None)
            for ours, theirs in names.items()
            if theirs in there
        }
    return SourceTables(tables, findings)


def _relations(connection: Connection[Any], schema: str) -> list[str]:
    """Tables and views of a schema that may be read, by name."""
    rows = connection.execute(
        "SELECT c.relname FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace "
        "WHERE n.nspname = %s AND c.relkind IN ('r', 'v', 'm', 'p', 'f') AND NOT c.relispartition ORDER BY 1",
        (schema,),
    ).fetchall()
    return [str(name) for (name,) in rows]


def _read_table(connection: Connection[Any], ours: str, theirs: str, *, schema: str) -> CsvText:
    """The cells of one table or view as text, as its CSV file would hold them."""
    from psycopg import sql

    place = sql.Identifier(schema, theirs)
    described = connection.execute(sql.SQL("SELECT * FROM {} LIMIT 0").format(place)).description or []
    moment = sql.SQL(_MOMENT)
    columns = [
        sql.SQL("{} AS {}").format(moment.format(sql.Identifier(column.name)), sql.Identifier(column.name))
        if column.type_code == _TIMESTAMPTZ
        else sql.Identifier(column.name)
        for column in described
    ]
    if not columns:
        return CsvText(None, (Finding(ours, "", "no columns", "Give it columns.", is_structural=True),))
    query = sql.SQL("COPY (SELECT {} FROM {}) TO STDOUT WITH (FORMAT csv, HEADER)")
    with connection.cursor().copy(query.format(sql.SQL(", ").join(columns), place)) as copied:
        return read_csv_bytes(ours, b"".join(bytes(block) for block in copied))
