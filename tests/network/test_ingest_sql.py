"""A chain in a real PostgreSQL database is the chain of its files: same cells, same breaches, one moment."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from network.breach import ContractError
from network.contracts import TABLES
from network.ingest import Chain, load_chain, load_snapshot
from network.ingest_sql import sql_source
from tests.data.hostile import SQL_IDS
from tests.data.postgres_server import ServerMissing, running_server

psycopg = pytest.importorskip("psycopg", reason="misses the PostgreSQL source: the extra sql is not installed")
GOOD = Path(__file__).parents[1] / "data" / "good"
TYPES = {"whole": "bigint", "number": "double precision", "share": "real", "flag": "boolean", "date": "date"}


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    try:
        with running_server() as url:
            yield url
    except ServerMissing as missing:
        pytest.skip(f"misses the PostgreSQL source: {missing}")


@pytest.fixture
def database(address: str) -> Iterator[Any]:
    """A connection with an empty schema ``retail``."""
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute("DROP SCHEMA IF EXISTS retail CASCADE")
        connection.execute("CREATE SCHEMA retail")
        connection.execute("SET search_path = retail")
        yield connection


def _fill(database: Any, chain: Path, *, is_typed: bool) -> None:
    """Put the tables of a folder into the database, with the types that such columns have or as text."""
    for file in sorted(chain.glob("*.csv")):
        frame = pd.read_csv(file, dtype=str, keep_default_na=False)
        kinds = {column.name: column.kind for column in TABLES[file.stem].columns}
        columns = ", ".join(f'"{name}" {TYPES.get(kinds[name], "text") if is_typed else "text"}' for name in frame)
        database.execute(f'CREATE TABLE "{file.stem}" ({columns})')
        marks = ", ".join(["%s"] * len(frame.columns))
        rows = [[cell or None for cell in row] for row in frame.itertuples(index=False, name=None)]
        with database.cursor() as cursor:
            cursor.executemany(f'INSERT INTO "{file.stem}" VALUES ({marks})', rows)


def _folder(address: str, place: Path, more: str = "") -> Path:
    """A chain folder whose tables are in the database."""
    place.mkdir(exist_ok=True)
    settings = (GOOD / "tiny" / "chain.toml").read_text("utf-8")
    source = f'\n[source]\nurl = "{address}"\nschema = "retail"\n{more}'
    (place / "chain.toml").write_text(settings + source, encoding="utf-8")
    return place


def _same(left: Chain, right: Chain) -> None:
    for name in TABLES:
        pd.testing.assert_frame_equal(left.tables[name], right.tables[name], check_exact=False, rtol=1e-6)


@pytest.mark.parametrize("is_typed", [True, False])
def test_a_database_holds_the_chain_of_its_files(
    address: str, database: Any, tmp_path: Path, *, is_typed: bool
) -> None:
    _fill(database, GOOD / "tiny", is_typed=is_typed)
    _same(load_chain(_folder(address, tmp_path / "tiny")), load_chain(GOOD / "tiny"))


def test_a_text_database_gives_the_very_same_snapshot(address: str, database: Any, tmp_path: Path) -> None:
    _fill(database, GOOD / "tiny", is_typed=False)
    read = load_snapshot(_folder(address, tmp_path / "tiny"))
    assert read.content_hash == load_snapshot(GOOD / "tiny").content_hash


def test_views_under_other_names_and_files_beside_them_are_read(address: str, database: Any, tmp_path: Path) -> None:
    _fill(database, GOOD / "minimal", is_typed=True)
    database.execute('CREATE VIEW "Daily; Sales" AS SELECT * FROM sales')
    mapped = '[source.tables]\nsales = "Daily; Sales"\nskus = "skus"\nlanes = "lanes"\nstock = "stock"\n'
    folder = _folder(address, tmp_path / "minimal", mapped)
    shutil.copy(GOOD / "minimal" / "locations.csv", folder)
    _same(load_chain(folder), load_chain(GOOD / "minimal"))


def test_moments_with_a_zone_come_in_the_chains_own(address: str, database: Any, tmp_path: Path) -> None:
    _fill(database, GOOD / "tiny", is_typed=False)
    database.execute("SET TimeZone = 'America/New_York'")
    text = "to_timestamp(known_at, 'YYYY-MM-DD')"
    database.execute(f"ALTER TABLE signals ALTER known_at TYPE timestamptz USING {text}")
    known = load_chain(_folder(address, tmp_path / "tiny")).tables["signals"]["known_at"]
    # midnight in New York is noon or one in the afternoon in Shanghai, the zone of the chain
    assert set(known.dt.hour) <= {12, 13}


@pytest.mark.parametrize("sku", SQL_IDS)
def test_an_id_that_looks_like_sql_is_an_id(address: str, database: Any, tmp_path: Path, sku: str) -> None:
    _fill(database, GOOD / "minimal", is_typed=True)
    for table in ("skus", "sales", "stock"):
        database.execute(f"UPDATE {table} SET sku = %s", (sku,))
    chain = load_chain(_folder(address, tmp_path / "minimal"))
    assert set(chain.tables["sales"]["sku"]) == {sku}
    assert database.execute("SELECT count(*) FROM sales").fetchone() == (2,)


def test_breaches_of_a_database_are_those_of_files(address: str, database: Any, tmp_path: Path) -> None:
    _fill(database, GOOD / "minimal", is_typed=True)
    database.execute("UPDATE sales SET units = -1")
    database.execute("ALTER TABLE skus RENAME TO skuz")
    folder = _folder(address, tmp_path / "minimal")
    shutil.copy(GOOD / "minimal" / "stock.csv", folder)
    with pytest.raises(ContractError) as caught:
        load_chain(folder)
    found = {(breach.table, breach.rule) for breach in caught.value.breaches}
    assert {("sales", "below 0"), ("skuz", "unknown table"), ("stock", "a file and a database table")} <= found


def test_the_tables_are_of_one_moment(address: str, database: Any, tmp_path: Path) -> None:
    """A load that is under way when we read is seen not at all."""
    _fill(database, GOOD / "minimal", is_typed=True)
    with psycopg.connect(address) as loading:
        loading.execute("UPDATE retail.sales SET units = 77")
        units = load_chain(_folder(address, tmp_path / "minimal")).tables["sales"]["units"]
        assert not np.isin(77, units)
        loading.rollback()


def test_a_server_that_is_not_there_is_a_breach_without_the_address(tmp_path: Path) -> None:
    folder = _folder("postgresql://planner:secret@127.0.0.1:1/erp", tmp_path / "tiny")
    with pytest.raises(ContractError) as caught:
        load_chain(folder)
    assert [(breach.table, breach.column, breach.rule) for breach in caught.value.breaches] == [
        ("chain.toml", "source", "not readable")
    ]
    assert "secret" not in str(caught.value)


def test_a_schema_or_table_that_is_not_there_is_a_breach(address: str, database: Any, tmp_path: Path) -> None:
    with pytest.raises(ContractError, match="holds no table"):
        load_chain(_folder(address, tmp_path / "empty"))
    _fill(database, GOOD / "minimal", is_typed=True)
    with pytest.raises(ContractError, match=r"retail\.sale: missing table"):
        load_chain(_folder(address, tmp_path / "other", '[source.tables]\nsales = "sale"\n'))


def test_settings_of_a_source_are_checked_all_at_once() -> None:
    given = {"url": "mysql://x", "shema": "a", "schema": 3, "tables": {"salez": "x"}}
    source, breaches = sql_source(given, {})
    assert source is None
    assert {breach.column for breach in breaches} == {
        "source.url", "source.shema", "source.schema", "source.tables.salez"
    }  # fmt: skip
    assert sql_source("x", {})[0] is None
    assert sql_source({"url_variable": "DSN"}, {})[0] is None
    assert sql_source({"url_variable": "DSN", "url": "postgresql://a"}, {"DSN": "postgresql://a"})[0] is None
    source, breaches = sql_source({"url_variable": "DSN"}, {"DSN": "postgresql://a/b"})
    assert (source.url if source else "", breaches) == ("postgresql://a/b", ())
