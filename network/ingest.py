"""The only reader of outside data: a folder of tables, a database that it names, or a DuckDB file."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd

from network.breach import Breach, ContractError
from network.check import check_tables, unknown_table
from network.contracts import TABLES
from network.csv_text import CsvText, read_csv_bytes
from network.findings import Finding, breaches_of, rejects_frame
from network.ingest_sql import read_source
from network.settings import FILE, ChainSettings, read_settings
from network.snapshot import Snapshot, default_cutoff, snapshot_at

DATA_ENDINGS = (
    ".csv", ".parquet", ".tsv", ".txt", ".xlsx", ".xls", ".json", ".gz", ".zip", ".feather", ".arrow", ".pq", ".duckdb",
)  # fmt: skip
"""A file with one of these endings that is no table of ours is a breach; other files and folders are passed over."""
IGNORED = ("rejects.csv",)
DUCKDB_ENDINGS = (".duckdb", ".db", ".ddb")
SETTINGS_TABLE = "chain"
SOURCE = "source"


@dataclass(frozen=True)
class RawChain:
    """A chain as its files hold it.

    Parameters
    ----------
    settings
        Settings; with a breach, the default.
    tables
        Cells by table; the index named ``row`` holds row numbers in the file.
    findings
        What is wrong with the files and the settings, with every offending row.
    warnings
        What was recognised in reading.
    unread
        Tables whose file is there but could not be read.
    """

    settings: ChainSettings
    tables: Mapping[str, pd.DataFrame]
    findings: tuple[Finding, ...] = ()
    warnings: tuple[str, ...] = ()
    unread: frozenset[str] = frozenset()

    @property
    def breaches(self) -> tuple[Breach, ...]:
        """What is wrong with the files and the settings."""
        return breaches_of(self.findings)


@dataclass(frozen=True)
class Chain:
    """A valid chain.

    Parameters
    ----------
    settings
        Its settings.
    tables
        Every table of the contract, canonical.
    warnings
        What was recognised, put right or left out in reading.
    rejects
        Cells of the rows that were left out under quarantine.
    """

    settings: ChainSettings
    tables: Mapping[str, pd.DataFrame]
    warnings: tuple[str, ...]
    rejects: pd.DataFrame


@dataclass
class _Reading:
    """Tables read so far, and what was found."""

    tables: dict[str, pd.DataFrame] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    unread: set[str] = field(default_factory=set)

    def add(self, name: str, read: CsvText) -> None:
        self.findings += read.findings
        self.warnings += read.warnings
        if read.frame is None:
            self.unread.add(name)
        else:
            self.tables[name] = read.frame


def read_chain(path: Path) -> RawChain:
    """Read the files of a chain, without looking into their cells.

    Parameters
    ----------
    path
        A folder of CSV or Parquet tables with ``chain.toml``, which may name a PostgreSQL database that holds tables
        too (``[source]``), or one DuckDB file whose tables have our names and whose settings are in a table ``chain``
        (columns ``key``, such as ``economics.gross_margin``, and ``value``).

    Raises
    ------
    FileNotFoundError
        If there is nothing at the path.
    """
    if path.is_dir():
        return _read_folder(path)
    if path.is_file():
        return _read_duckdb(path)
    raise FileNotFoundError(f"{path} is neither a chain folder nor a DuckDB file")


def load_chain(path: Path) -> Chain:
    """Read and check a chain.

    Parameters
    ----------
    path
        Folder or DuckDB file, as for `read_chain`.

    Raises
    ------
    ContractError
        With every breach of every table.
    FileNotFoundError
        If there is nothing at the path.
    """
    raw = read_chain(path)
    result = check_tables(raw.tables, raw.settings, unread=raw.unread)
    breaches = raw.breaches + result.breaches
    if breaches:
        rejects = pd.concat([rejects_frame(raw.findings), result.rejects], ignore_index=True)
        raise ContractError(breaches, rejects)
    return Chain(raw.settings, result.tables, raw.warnings + result.warnings, result.rejects)


def load_snapshot(path: Path, *, cutoff: date | None = None) -> Snapshot:
    """Read and check a chain, and freeze what was known at the end of the cutoff day.

    Parameters
    ----------
    path
        Folder or DuckDB file, as for `read_chain`.
    cutoff
        Last day whose data may be used; by default the last day with both sales and stock.

    Raises
    ------
    ContractError
        With every breach of every table.
    """
    chain = load_chain(path)
    return snapshot_at(chain.tables, chain.settings, cutoff or default_cutoff(chain.tables))


def _read_folder(folder: Path) -> RawChain:
    reading = _Reading()
    mapping = _folder_mapping(folder, reading)
    source = mapping.pop(SOURCE, None)
    settings = _checked_settings(mapping, folder.resolve().name, reading)
    files = sorted(item for item in folder.iterdir() if not _is_ignored(item))
    for name in dict.fromkeys(item.stem for item in files):
        found = [item for item in files if item.stem == name and item.is_file() and item.suffix.lower() in _READERS]
        if name in TABLES and len(found) > 1:
            action = f"Keep one of {', '.join(item.name for item in found)}."
            reading.findings.append(Finding(name, "", "two files for one table", action, is_structural=True))
            reading.unread.add(name)
        elif name in TABLES and found:
            reading.add(name, _READERS[found[0].suffix.lower()](name, found[0]))
    reading.findings += [unknown_table(item.stem, item.name) for item in files if _is_strange(item)]
    if source is not None:
        _add_source(source, reading)
    return _raw_chain(settings, reading)


def _add_source(given: object, reading: _Reading) -> None:
    """Add the tables of the database that the settings name; a table is in a file or there, not both."""
    source = read_source(given)
    reading.findings += source.findings
    if source.is_unread:
        reading.unread.update(TABLES)
    for name, read in source.tables.items():
        if name in reading.tables or name in reading.unread:
            action = "Keep the file or the table of the database; [source.tables] says which are read there."
            reading.findings.append(Finding(name, "", "a file and a database table", action, is_structural=True))
        elif name in TABLES:
            reading.add(name, read)
        else:
            reading.findings.append(unknown_table(name, name))


def _raw_chain(settings: ChainSettings, reading: _Reading) -> RawChain:
    return RawChain(
        settings, reading.tables, tuple(reading.findings), tuple(reading.warnings), frozenset(reading.unread)
    )


def _is_ignored(item: Path) -> bool:
    return item.name.startswith((".", "README")) or item.name in (FILE, *IGNORED)


def _is_strange(item: Path) -> bool:
    """Whether a file looks like data, or a folder like a table, but is none that we read."""
    if item.is_dir():
        return item.stem in TABLES
    is_ours = item.stem in TABLES and item.suffix.lower() in _READERS
    return item.suffix.lower() in DATA_ENDINGS and not is_ours


def _read_csv_file(name: str, file: Path) -> CsvText:
    return read_csv_bytes(name, file.read_bytes())


def _read_parquet_file(name: str, file: Path) -> CsvText:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.ParquetFile(file).read()
    except (pa.ArrowException, OSError) as error:
        action = f"Write the Parquet file again: {str(error).splitlines()[0][:120]}"
        return CsvText(None, (Finding(name, "", "not readable", action, is_structural=True),))
    return CsvText(_typed_frame(table))


_READERS: Mapping[str, Callable[[str, Path], CsvText]] = {".csv": _read_csv_file, ".parquet": _read_parquet_file}


def _typed_frame(table: Any) -> pd.DataFrame:
    """Frame of an Arrow table with its types; the first row is row 2."""
    import pyarrow as pa

    columns = [
        column.cast(pa.string()) if pa.types.is_integer(column.type) and column.null_count else column
        for column in table.columns
    ]
    frame = pd.DataFrame(
        {number: column.to_pandas(date_as_object=False) for number, column in enumerate(columns)},
        index=pd.RangeIndex(table.num_rows),
    )
    rows = pd.RangeIndex(2, table.num_rows + 2, name="row")
    return frame.set_axis(list(table.column_names), axis=1).set_axis(rows, axis=0)


def _folder_mapping(folder: Path, reading: _Reading) -> dict[str, Any]:
    file = folder / FILE
    mapping: dict[str, Any] = {}
    if file.is_file():
        try:
            mapping = tomllib.loads(file.read_bytes().decode("utf-8-sig"))
        except UnicodeDecodeError:
            reading.findings.append(_broken_settings("unknown encoding", "Save the file as UTF-8."))
        except tomllib.TOMLDecodeError as error:
            reading.findings.append(_broken_settings("not readable", f"Mend the TOML: {error}."))
    return mapping


def _broken_settings(rule: str, action: str) -> Finding:
    return Finding(FILE, "", rule, action, is_structural=True)


def _checked_settings(mapping: Mapping[str, Any], default_id: str, reading: _Reading) -> ChainSettings:
    settings, breaches = read_settings(mapping, default_id)
    reading.findings += [Finding(item.table, item.column, item.rule, item.action) for item in breaches]
    return settings


def _read_duckdb(file: Path) -> RawChain:
    import duckdb

    reading = _Reading()
    try:
        with duckdb.connect(str(file), read_only=True) as connection:
            names = [row[0] for row in connection.execute("SELECT table_name FROM duckdb_tables() UNION "
                     "SELECT view_name FROM duckdb_views() WHERE NOT internal ORDER BY 1").fetchall()]  # fmt: skip
            frames = {name: _typed_frame(_arrow_of(connection, name)) for name in names}
    except duckdb.Error as error:
        action = f"Give a chain folder or a DuckDB file: {str(error).splitlines()[0][:120]}"
        reading.findings.append(Finding(file.name, "", "not readable", action, is_structural=True))
        reading.unread.update(TABLES)
        return _raw_chain(ChainSettings(id=file.stem), reading)
    settings = _checked_settings(_nested(frames.pop(SETTINGS_TABLE, None)), file.stem, reading)
    reading.tables.update({name: frame for name, frame in frames.items() if name in TABLES})
    reading.findings += [unknown_table(name, name) for name in frames if name not in TABLES]
    return _raw_chain(settings, reading)


def _arrow_of(connection: Any, name: str) -> Any:
    quoted = name.replace('"', '""')
    return connection.sql(f'SELECT * FROM "{quoted}"').to_arrow_table()


def _nested(frame: pd.DataFrame | None) -> dict[str, Any]:
    """Settings from rows of dotted keys and values."""
    nested: dict[str, Any] = {}
    if frame is None or not {"key", "value"} <= set(frame.columns):
        return nested
    for key, value in zip(frame["key"].astype(str), frame["value"].astype(str), strict=True):
        *path, last = key.split(".")
        place = nested
        for part in path:
            place = place.setdefault(part, {})
        place[last] = _toml_value(value)
    return nested


def _toml_value(text: str) -> Any:
    """A number, flag or list as TOML writes it; anything else is the text itself."""
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text
