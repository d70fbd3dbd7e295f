"""What the adapters share: ids, lanes, and writing a chain folder."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

import pandas as pd

CSV_ROWS = 20_000
"""Tables up to this many rows are written as CSV, so that they open anywhere; longer ones as Parquet."""


@dataclass(frozen=True)
class ChainFolder:
    """A chain before it is written.

    Parameters
    ----------
    id, currency, time_zone, country
        As in ``chain.toml``; an empty country is left out.
    unit_factor
        Units per number in ``sales.units``.
    tables
        Frames by table name, with the column names of the contract.
    assumptions
        (table, text) pairs: everything that is not in the public data.
    economics
        Money defaults.
    """

    id: str
    currency: str
    time_zone: str
    tables: Mapping[str, pd.DataFrame]
    assumptions: tuple[tuple[str, str], ...]
    country: str = ""
    unit_factor: float = 1.0
    economics: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Lane:
    """One row of the lanes table; None leaves the cell empty."""

    origin: str
    destination: str
    mode: str
    lead_time_days: int
    lead_time_sd_days: float | None = None
    order_days: str | None = None
    unit_cost: float | None = None
    truck_cost: float | None = None
    truck_volume_m3: float | None = None
    parcel_cost: float | None = None
    distance_km: float | None = None


def lane_table(lanes: Iterable[Lane]) -> pd.DataFrame:
    """Lanes as a table of the contract."""
    return pd.DataFrame([asdict(lane) for lane in lanes])


def write_chain(chain: ChainFolder, folder: Path) -> None:
    """Write a chain folder; tables of an earlier writing are replaced, runs and other files stay.

    Parameters
    ----------
    chain
        What to write.
    folder
        Where; made if missing.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for name, table in chain.tables.items():
        for ending in ("csv", "parquet"):
            (folder / f"{name}.{ending}").unlink(missing_ok=True)
        if len(table) <= CSV_ROWS:
            table.to_csv(folder / f"{name}.csv", index=False, date_format="%Y-%m-%d")
        else:
            table.to_parquet(folder / f"{name}.parquet", index=False)
    (folder / "chain.toml").write_text(chain_toml(chain), encoding="utf-8")


def chain_toml(chain: ChainFolder) -> str:
    """The text of ``chain.toml``; JSON strings and numbers are valid TOML."""
    lines = [f"{key} = {quoted(getattr(chain, key))}" for key in ("id", "currency", "time_zone")]
    lines += [f"country = {quoted(chain.country)}"] if chain.country else []
    lines += [f"unit_factor = {chain.unit_factor}"]
    if chain.economics:
        lines += ["", "[economics]", *(f"{key} = {value}" for key, value in chain.economics.items())]
    for table, text in chain.assumptions:
        lines += ["", "[[assumptions]]", f"table = {quoted(table)}", f"text = {quoted(text)}"]
    return "\n".join(lines) + "\n"


def quoted(text: str) -> str:
    """A TOML string."""
    return json.dumps(text, ensure_ascii=False)


def labels(pattern: str, numbers: pd.Series) -> pd.Series:
    """Ids from whole numbers, such as ``STORE_001`` from 1; fast on millions of rows.

    Parameters
    ----------
    pattern
        Format string with one field.
    numbers
        Whole numbers.
    """
    codes, values = pd.factorize(numbers)
    names = pd.array([pattern.format(value) for value in values.tolist()], dtype="str")
    return pd.Series(names.take(codes), index=numbers.index)


def parse_folders(description: str | None, *, has_data: bool = True) -> argparse.ArgumentParser:
    """A parser with the arguments that all adapters share: [DATA] CHAIN."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    if has_data:
        parser.add_argument("data", type=Path, help="folder with the public files")
    parser.add_argument("chain", type=Path, help="chain folder to write")
    return parser
