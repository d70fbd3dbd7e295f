"""What the adapters share: ids, and the files of a chain folder."""

from __future__ import annotations

import tomllib
from pathlib import Path

import chain_writer
import pandas as pd
from chain_writer import ChainFolder, Lane


def test_labels_follow_the_numbers_and_keep_the_index() -> None:
    named = chain_writer.labels("S_{:02d}", pd.Series([7, 3, 7], index=[5, 6, 9]))
    assert named.to_dict() == {5: "S_07", 6: "S_03", 9: "S_07"}


def test_small_tables_are_csv_and_large_ones_parquet(tmp_path: Path) -> None:
    big = pd.DataFrame({"n": range(chain_writer.CSV_ROWS + 1)})
    lanes = chain_writer.lane_table([Lane("A", "B", "transfer", 1)])
    chain = ChainFolder("x", "EUR", "UTC", {"sales": big, "lanes": lanes}, ())
    chain_writer.write_chain(chain, tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["chain.toml", "lanes.csv", "sales.parquet"]


def test_writing_again_replaces_the_other_form(tmp_path: Path) -> None:
    (tmp_path / "sales.parquet").write_bytes(b"old")
    chain = ChainFolder("x", "EUR", "UTC", {"sales": pd.DataFrame({"n": [1]})}, ())
    chain_writer.write_chain(chain, tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["chain.toml", "sales.csv"]


def test_settings_read_back_as_written() -> None:
    chain = ChainFolder(
        "x",
        "EUR",
        "Europe/Berlin",
        {},
        (("stock", 'ein "Lager" in Köln'),),
        country="DE",
        unit_factor=0.01,
        economics={"gross_margin": 0.3},
    )
    assert tomllib.loads(chain_writer.chain_toml(chain)) == {
        "id": "x",
        "currency": "EUR",
        "time_zone": "Europe/Berlin",
        "country": "DE",
        "unit_factor": 0.01,
        "economics": {"gross_margin": 0.3},
        "assumptions": [{"table": "stock", "text": 'ein "Lager" in Köln'}],
    }
