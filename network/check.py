"""Check every table of a chain against its contract and against each other, and tell of every breach at once."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from network.breach import Breach, ContractError, nearest
from network.columns_check import CheckedTable, check_table
from network.contracts import TABLES, empty
from network.cross_rules import CROSS_RULES
from network.findings import Finding, breaches_of, rejects_frame
from network.rules import Checked
from network.settings import ChainSettings

__all__ = ["Breach", "CheckResult", "ContractError", "check_tables"]


@dataclass(frozen=True)
class CheckResult:
    """What the check found.

    Parameters
    ----------
    tables
        Every table of the contract, canonical: all columns, defaults filled, sorted by key. To be trusted only
        without breaches.
    breaches
        Every breach of every table; empty when the chain is valid.
    rejects
        Every offending cell (table, column, row, value, rule, action), those in quarantine included.
    warnings
        What was put right or left out, for people.
    """

    tables: Mapping[str, pd.DataFrame]
    breaches: tuple[Breach, ...]
    rejects: pd.DataFrame
    warnings: tuple[str, ...]


def check_tables(
    raw: Mapping[str, pd.DataFrame], settings: ChainSettings, *, unread: Collection[str] = ()
) -> CheckResult:
    """Bring raw tables into canonical form and gather every breach.

    Parameters
    ----------
    raw
        Cells by table, as text or typed. An index named ``row`` holds row numbers in the file.
    settings
        Column mappings, time zone and quarantine.
    unread
        Tables whose file is there but could not be read: they are not called missing, and ids in them not unknown.
    """
    findings = _missing_tables(raw, unread) + _unknown_tables(raw)
    checked = {name: check_table(TABLES[name], frame, settings) for name, frame in raw.items() if name in TABLES}
    quarantined: list[Finding] = []
    for name, table in checked.items():
        dropped = [item for item in table.findings if _is_quarantined(item, settings)]
        findings += [item for item in table.findings if not _is_quarantined(item, settings)]
        checked[name] = _without_rows(table, dropped)
        quarantined += dropped
    checked, crossing, dropped = _cross_check(checked, settings, unread)
    findings += crossing + _empty_tables(checked)
    quarantined += dropped
    warnings = [text for table in checked.values() for text in table.warnings]
    warnings += [f"{item.table}.{item.column}: {len(item.rows)} rows left out: {item.rule}" for item in quarantined]
    return CheckResult(
        {name: _canonical(name, checked.get(name)) for name in TABLES},
        breaches_of(findings),
        rejects_frame(findings + quarantined),
        tuple(warnings),
    )


def _missing_tables(raw: Mapping[str, pd.DataFrame], unread: Collection[str]) -> list[Finding]:
    return [
        Finding(name, "", "missing table", f"Add {name}.csv or {name}.parquet.", is_structural=True)
        for name, table in TABLES.items()
        if table.is_required and name not in raw and name not in unread
    ]


def _unknown_tables(raw: Mapping[str, pd.DataFrame]) -> list[Finding]:
    return [unknown_table(name, name) for name in raw if name not in TABLES]


def unknown_table(name: str, shown: str) -> Finding:
    """Finding for a table or file that the contract does not know.

    Parameters
    ----------
    name
        Its name, compared with those of the contract.
    shown
        Its name for people, with its ending.
    """
    hint = nearest(name, TABLES) or "Take it out of the chain folder."
    return Finding(shown, "", "unknown table", hint, is_structural=True)


def _empty_tables(checked: Mapping[str, CheckedTable]) -> list[Finding]:
    return [
        Finding(name, "", "no rows", "Give at least one row.", is_structural=True)
        for name, table in checked.items()
        if TABLES[name].is_required and table.frame.empty
    ]


def _is_quarantined(item: Finding, settings: ChainSettings) -> bool:
    return item.is_droppable and item.table in settings.quarantine


def _without_rows(table: CheckedTable, findings: Collection[Finding]) -> CheckedTable:
    """The table without the offending rows."""
    if not findings:
        return table
    is_kept = ~table.frame.index.isin(np.concatenate([item.rows for item in findings]))
    return replace(table, frame=table.frame[is_kept], key_codes=table.key_codes[is_kept])


def _cross_check(
    checked: dict[str, CheckedTable], settings: ChainSettings, unread: Collection[str]
) -> tuple[dict[str, CheckedTable], list[Finding], list[Finding]]:
    """Rules across tables, again after each quarantine, until nothing more is dropped."""
    quarantined: list[Finding] = []
    while True:
        view = Checked(
            {name: table.frame for name, table in checked.items()},
            {name: table.present for name, table in checked.items()},
            frozenset(unread),
        )
        findings = [item for rule in CROSS_RULES for item in rule(view)]
        dropped = [item for item in findings if _is_quarantined(item, settings)]
        if not dropped:
            return checked, findings, quarantined
        quarantined += dropped
        checked = {
            name: _without_rows(table, [item for item in dropped if item.table == name])
            for name, table in checked.items()
        }


def _canonical(name: str, table: CheckedTable | None) -> pd.DataFrame:
    """The frame in canonical dtypes, sorted by key, with a plain index."""
    if table is None:
        return empty(name)
    frame = table.frame.iloc[np.argsort(table.key_codes.to_numpy(), kind="stable")].reset_index(drop=True)
    dtypes = {
        column.name: column.dtype
        for column in TABLES[name].columns
        if frame[column.name].dtype != column.dtype
        and not (column.dtype == "int64" and frame[column.name].isna().any())
    }
    return frame.astype(dtypes) if dtypes else frame
