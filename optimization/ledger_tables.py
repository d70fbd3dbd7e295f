"""The tables behind the order ledger, in SQLite or PostgreSQL, and the transactions on them.

SQLite is in WAL mode with ``synchronous=FULL``; a writer takes its lock when it begins. In PostgreSQL a writer locks
the log, so that writers follow one another in both. What a transaction acknowledged by ending survives a crash.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import sqlalchemy as sql

if TYPE_CHECKING:
    from pathlib import Path

METADATA = sql.MetaData()


def _text(name: str, **options: Any) -> sql.Column[str]:
    return sql.Column(name, sql.Text, nullable=False, **options)


def _whole(name: str, default: int | None = None, **options: Any) -> sql.Column[int]:
    given = None if default is None else sql.text(str(default))
    return sql.Column(name, sql.BigInteger, nullable=False, server_default=given, **options)


ORDERS = sql.Table(
    "orders",
    METADATA,
    _text("order_id", primary_key=True),
    _text("run_id", index=True),
    _text("kind"),
    _text("origin"),
    _text("destination"),
    _text("sku"),
    _whole("quantity"),
    _whole("proposed_quantity"),
    _text("ship_date"),
    _text("due_date"),
    _text("state", index=True),
    sql.Column("released_at", sql.Text),
    _whole("lot", 1),
    sql.Column("unit_cost", sql.Float),
    _whole("approvals_needed", 0),
    _text("approved_by", server_default=sql.text("''")),
    _whole("batch", 0),
    _whole("version", 0),
)
"""One row an order line. `lot` is the units that it must be a whole multiple of, `approved_by` the first of two people,
`batch` the release it left in (1 for the first of its run, 0 before), `version` grows by one with every change."""

LOG = sql.Table(
    "log",
    METADATA,
    _whole("sequence", primary_key=True, autoincrement=False),
    _text("at"),
    _text("user"),
    _text("event"),
    _text("order_id"),
    _text("state"),
    _whole("quantity"),
    _text("detail"),
    _text("previous_hash"),
    _text("hash"),
)
"""Every change, each row chained to the one before it by its hash."""

OUTBOX = sql.Table(
    "outbox",
    METADATA,
    _text("run_id", primary_key=True),
    _whole("batch", primary_key=True, autoincrement=False),
    _text("target", primary_key=True),
    _text("format", primary_key=True),
    _text("lines_hash"),
    _text("asked_at"),
    sql.Column("delivered_at", sql.Text),
)
"""What has to leave: written with the release, in one transaction, and ticked off once the file is there."""

ANSWERS = sql.Table(
    "answers",
    METADATA,
    _text("user", primary_key=True),
    _text("key", primary_key=True),
    _text("request"),
    _text("answer"),
    _text("at", index=True),
)
"""What came of a request that its sender gave a key: sent again, it is answered and not carried out."""

FACTS = sql.Table("facts", METADATA, _text("name", primary_key=True), _text("value"))
"""Single values: the chain that the ledger belongs to, and the number of the latest job."""

_ADDED_LATER = {"orders": ("lot", "unit_cost", "approvals_needed", "approved_by", "batch", "version")}
_MAKING = 7_190_411  # any number that only we use, for PostgreSQL's advisory lock while the tables are made


def open_engine(place: Path | str, lock_seconds: float) -> sql.Engine:
    """Open a SQLite file or a database address; tables are made, or brought up to date, if need be.

    Parameters
    ----------
    place
        A file, or an address such as ``postgresql+psycopg://user@host/name``.
    lock_seconds
        How long a writer waits for another [seconds].
    """
    if isinstance(place, str) and "://" in place:
        engine = sql.create_engine(place, poolclass=sql.NullPool)
    else:
        engine = _sqlite_engine(place, lock_seconds)
    is_current = all(sql.inspect(engine).has_table(table.name) for table in METADATA.sorted_tables)
    if not is_current:
        with engine.execution_options(writes=True).begin() as connection:
            if connection.dialect.name != "sqlite":
                connection.execute(sql.select(sql.func.pg_advisory_xact_lock(_MAKING)))
            _add_missing_columns(connection)
            METADATA.create_all(connection)
    return engine


def _sqlite_engine(place: Path | str, lock_seconds: float) -> sql.Engine:
    from pathlib import Path

    path = Path(place)
    path.parent.mkdir(parents=True, exist_ok=True)
    url = sql.URL.create("sqlite", database=str(path))
    engine = sql.create_engine(url, poolclass=sql.NullPool, connect_args={"timeout": lock_seconds})

    @sql.event.listens_for(engine, "connect")
    def prepare(connection: Any, _: object) -> None:
        connection.isolation_level = None  # transactions begin and end where we say so, not where the driver guesses
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")

    @sql.event.listens_for(engine, "begin")
    def begin(connection: sql.Connection) -> None:
        is_writing = connection.get_execution_options().get("writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if is_writing else "BEGIN")

    return engine


def _add_missing_columns(connection: sql.Connection) -> None:
    """Bring the tables of an earlier version up to date; lines that had left count as the first batch of their run."""
    inspector = sql.inspect(connection)
    for name, columns in _ADDED_LATER.items():
        if not inspector.has_table(name):
            continue
        present = {column["name"] for column in inspector.get_columns(name)}
        for column in (METADATA.tables[name].c[each] for each in columns if each not in present):
            clause = sql.schema.CreateColumn(column).compile(dialect=connection.dialect)
            connection.exec_driver_sql(f"ALTER TABLE {name} ADD COLUMN {clause}")
        if "batch" not in present:
            connection.execute(ORDERS.update().where(ORDERS.c.released_at.is_not(None)).values(batch=1))


@contextmanager
def reading(engine: sql.Engine) -> Iterator[sql.Connection]:
    """One view of the ledger."""
    with engine.connect() as connection:
        yield connection


@contextmanager
def writing(engine: sql.Engine, lock_seconds: float) -> Iterator[sql.Connection]:
    """One transaction, and no other writer meanwhile: all of it, or nothing."""
    with engine.execution_options(writes=True).begin() as connection:
        if connection.dialect.name != "sqlite":
            connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{int(1000 * lock_seconds)}ms'")
            connection.exec_driver_sql("LOCK TABLE log IN EXCLUSIVE MODE")
        yield connection


def fact(connection: sql.Connection, name: str) -> str | None:
    """Return a single value, None where it is not there."""
    found = connection.execute(sql.select(FACTS.c.value).where(FACTS.c.name == name)).scalar()
    return None if found is None else str(found)


def set_fact(connection: sql.Connection, name: str, value: str) -> None:
    """Set a single value."""
    connection.execute(FACTS.delete().where(FACTS.c.name == name))
    connection.execute(FACTS.insert().values(name=name, value=value))
