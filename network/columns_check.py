"""The rules of one table alone: its headers, its cells, its key."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from network import publication_lag
from network.breach import nearest
from network.cells import NOT_A, read_cells
from network.columns import Column, Table
from network.contracts import column_checks
from network.findings import Finding, finding_of
from network.settings import ChainSettings


@dataclass(frozen=True)
class CheckedTable:
    """One table, read and checked on its own.

    Parameters
    ----------
    frame
        Every column of the contract; the index is the row number in the file. Unknown where a cell is wrong.
    present
        Columns that the file has.
    key_codes
        Number of each row's key (n,), in the order of the key; -1 where part of it is missing.
    findings
        What is wrong.
    warnings
        What was put right in reading.
    """

    frame: pd.DataFrame
    present: frozenset[str]
    key_codes: pd.Series
    findings: tuple[Finding, ...]
    warnings: tuple[str, ...]


def check_table(table: Table, raw: pd.DataFrame, settings: ChainSettings) -> CheckedTable:
    """Read one table into canonical columns and gather everything wrong with it.

    Parameters
    ----------
    table
        Its declaration.
    raw
        Its cells; an index named ``row`` holds the row numbers, otherwise the first row is row 2.
    settings
        Column mappings and time zone.
    """
    if raw.index.name != "row":
        raw = raw.set_axis(pd.RangeIndex(2, len(raw) + 2), axis=0)
    header = settings.columns.get(table.name, {})
    warnings: list[str] = []
    if table.name == publication_lag.TABLE:
        raw, notes = publication_lag.with_known_at(raw, settings.publication_lag_days, header)
        warnings += notes
    raw, findings = _our_columns(table, raw, header)
    columns: dict[str, pd.Series] = {}
    for column in table.columns:
        if column.name in raw:
            values, found, told = _check_column(table, column, raw[column.name], time_zone=settings.time_zone)
            findings += found
            warnings += told
        else:
            values = _filled(_unknown(column, raw.index), column)
        columns[column.name] = values
    frame = pd.DataFrame(columns, index=raw.index)
    frame = _with_weekday_flags(table, frame, raw)
    codes, found = _check_key(table, frame, raw)
    return CheckedTable(frame, frozenset(raw.columns), codes, (*findings, *found), tuple(warnings))


def _our_columns(
    table: Table, raw: pd.DataFrame, mapping: Mapping[str, str]
) -> tuple[pd.DataFrame, list[Finding]]:  # fmt: skip
    """Columns under our names, and what is wrong with the headers."""
    raw = raw.set_axis([str(name).strip() for name in raw.columns], axis=1)
    findings = [
        _header(table, ours, "mapped column is missing", f"The file has no column {theirs!r}; mend chain.toml.")
        for ours, theirs in mapping.items()
        if theirs not in raw.columns
    ]
    raw = raw.rename(columns={theirs: ours for ours, theirs in mapping.items() if theirs in raw.columns})
    twice = list(dict.fromkeys(raw.columns[raw.columns.duplicated()]))
    findings += [_header(table, name, "duplicate column", "Keep one of the columns of this name.") for name in twice]
    raw = raw.loc[:, ~raw.columns.duplicated()]
    known = table.column_by_name
    findings += [_unknown_column(table, name, raw) for name in raw.columns if name not in known]
    mapped_in_vain = {finding.column for finding in findings if finding.rule == "mapped column is missing"}
    findings += [
        _header(table, column.name, "missing column", "Add it, or map its header in chain.toml.")
        for column in table.columns
        if column.is_required and column.name not in raw.columns and column.name not in mapped_in_vain
    ]
    return raw[[name for name in raw.columns if name in known]], findings


def _header(table: Table, column: str, rule: str, action: str) -> Finding:
    return Finding(table.name, column, rule, action, is_structural=True)


def _unknown_column(table: Table, name: str, raw: pd.DataFrame) -> Finding:
    free = [known for known in table.column_by_name if known not in raw.columns]
    hint = nearest(name, free) or nearest(name, table.column_by_name)
    return _header(
        table, name, "unknown column", hint or f"Map it in chain.toml below [columns.{table.name}], or leave it out."
    )


def _check_column(
    table: Table, column: Column, raw: pd.Series, *, time_zone: str
) -> tuple[pd.Series, list[Finding], list[str]]:
    cells = read_cells(raw, column, time_zone=time_zone)
    place = pd.DataFrame(index=raw.index)
    findings: list[Finding] = []
    if column.kind in NOT_A:
        rule, action = NOT_A[column.kind]
        findings += finding_of(
            place, cells.is_wrong, table=table.name, column=column.name, rule=rule, action=action, shown=raw
        )
    if column.is_required and column.default is None:
        findings += finding_of(
            place, cells.is_missing, table=table.name, column=column.name, rule="empty cell",
            action="Fill it in, or take the row out.", shown=raw,
        )  # fmt: skip
    known = np.flatnonzero(~(cells.is_missing | cells.is_wrong))
    for check in column_checks(column):
        is_bad = np.zeros(len(raw), dtype=bool)
        is_bad[known] = ~check(cells.values.iloc[known]).check_output.to_numpy(dtype=bool)
        findings += finding_of(
            place, is_bad, table=table.name, column=column.name, rule=check.error,
            action=_range_action(column, raw, is_bad), shown=raw,
        )  # fmt: skip
    told = [] if cells.n_full_width == 0 else [
        f"{table.name}.{column.name}: {cells.n_full_width} cells with full-width digits were read as plain digits"
    ]  # fmt: skip
    values = cells.values.mask(cells.is_missing, column.default is True) if column.kind == "flag" else cells.values
    return _filled(values, column), findings, told


def _range_action(column: Column, raw: pd.Series, is_bad: np.ndarray) -> str:
    if not is_bad.any():
        return ""
    if column.choices is not None:
        choices = [str(choice) for choice in column.choices if choice]
        hint = nearest(str(raw.to_numpy()[is_bad.argmax()]), choices)
        return f"Use one of {', '.join(choices)}. {hint}".strip()
    low = "" if column.minimum is None else f" of at least {column.minimum:g}"
    high = "" if column.maximum is None else f"{' and' if low else ' of'} at most {column.maximum:g}"
    return f"Give a number{low}{high}{f' [{column.unit}]' if column.unit else ''}."


def _unknown(column: Column, index: pd.Index) -> pd.Series:
    if column.dtype == "bool":
        return pd.Series(column.default is True, index=index, dtype="bool")
    value = np.datetime64("NaT", "ns") if column.dtype == "datetime64[ns]" else np.nan
    return pd.Series(value, index=index, dtype="float64" if column.dtype == "int64" else column.dtype)


def _filled(values: pd.Series, column: Column) -> pd.Series:
    """Values with the default in empty cells; what has none stays unknown, text stays empty."""
    if column.dtype == "str":
        return values.fillna("" if column.default is None else str(column.default))
    if column.dtype == "bool" or column.default is None:
        return values
    return values.fillna(column.default)


def _with_weekday_flags(table: Table, frame: pd.DataFrame, raw: pd.DataFrame) -> pd.DataFrame:
    """Flags whose default is the weekday: an empty cell is true from Monday to Friday."""
    for column in (column for column in table.columns if column.default == "weekday"):
        is_given = np.zeros(len(frame), dtype=bool)
        if column.name in raw:
            is_given = (raw[column.name].fillna("").astype("str").str.strip() != "").to_numpy(dtype=bool)
        frame[column.name] = frame[column.name].where(is_given, frame["date"].dt.day_of_week < 5)
    return frame


def _check_key(table: Table, frame: pd.DataFrame, raw: pd.DataFrame) -> tuple[pd.Series, list[Finding]]:
    """Number every row by its key, and find the keys that come again."""
    columns = table.column_by_name
    required = [name for name in table.key if columns[name].is_required]
    codes = key_codes(frame, table.key)
    is_whole = np.ones(len(frame), dtype=bool)
    for name in required:
        has_default = columns[name].default is not None
        is_whole &= np.ones(len(frame), dtype=bool) if has_default else _is_known(frame[name])
    codes = codes.where(is_whole, -1)
    if not set(required) <= set(raw.columns):
        return codes, []
    is_again = codes.duplicated().to_numpy() & is_whole
    if not is_again.any():
        return codes, []
    shown = frame.loc[is_again, list(table.key)].astype("str").agg(" / ".join, axis=1).reindex(frame.index)
    return codes, finding_of(
        frame, is_again, table=table.name, column=", ".join(table.key), rule="duplicate key",
        action="Keep one row for each key.", shown=shown,
    )  # fmt: skip


def _is_known(values: pd.Series) -> np.ndarray:
    return (values != "").to_numpy() if values.dtype == "str" else values.notna().to_numpy()


def key_codes(frame: pd.DataFrame, key: tuple[str, ...]) -> pd.Series:
    """Number of each row's key (n,): equal keys share a number, and numbers follow the order of the key.

    Parameters
    ----------
    frame
        Canonical columns.
    key
        Columns of the key, the most significant first.
    """
    codes = np.zeros(len(frame), dtype=np.int64)
    for name in key:
        part, distinct = pd.factorize(frame[name], sort=True)
        codes = codes * (len(distinct) + 1) + (part + 1)
        if len(frame) and codes.max() > 2**31:
            codes = np.unique(codes, return_inverse=True)[1].astype(np.int64)
    return pd.Series(codes, index=frame.index)
