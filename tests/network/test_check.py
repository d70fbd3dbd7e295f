"""Every breach of every table is told at once; good chains pass."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from network.breach import ContractError
from network.check import check_tables
from network.columns_check import key_codes
from network.ingest import load_chain, read_chain

DATA = Path(__file__).parents[1] / "data"
BAD = sorted((DATA / "bad").iterdir())


@pytest.mark.parametrize("folder", BAD, ids=lambda folder: folder.name)
def test_a_broken_chain_reports_exactly_its_breaches(folder: Path) -> None:
    expected = tomllib.loads((folder / "expected.toml").read_text(encoding="utf-8"))["breach"]
    with pytest.raises(ContractError) as caught:
        load_chain(folder)
    found = [(breach.table, breach.column, breach.rule, breach.n_rows) for breach in caught.value.breaches]
    assert sorted(found) == sorted((item["table"], item["column"], item["rule"], item["n_rows"]) for item in expected)


def test_there_are_at_least_sixty_broken_chains() -> None:
    assert len(BAD) >= 60


def test_the_broken_chains_are_those_that_their_script_writes(tmp_path: Path) -> None:
    subprocess.run([sys.executable, str(DATA / "make_bad.py"), str(tmp_path)], check=True)
    for kind in ("good", "bad"):
        written = {file.relative_to(tmp_path): file.read_bytes() for file in (tmp_path / kind).rglob("*.*")}
        kept = {file.relative_to(DATA): file.read_bytes() for file in (DATA / kind).rglob("*.*") if file.is_file()}
        assert written == kept


def test_an_error_names_the_cell_the_rule_and_what_to_do() -> None:
    with pytest.raises(ContractError) as caught:
        load_chain(next(folder for folder in BAD if folder.name.endswith("unknown_tier")))
    assert str(caught.value) == (
        "locations.tier: not one of the choices (1 row); row 5: 'foward'. "
        "Use one of supplier, central, forward, store. Did you mean 'forward'?"
    )


@settings(max_examples=25, deadline=None)
@given(st.sets(st.integers(0, 9), min_size=1))
def test_exactly_the_broken_cells_are_named(broken: set[int]) -> None:
    raw = dict(read_chain(DATA / "good" / "tiny").tables)
    units = raw["sales"]["units"].copy()
    units.iloc[sorted(broken)] = "?"
    raw["sales"] = raw["sales"].assign(units=units)
    (breach,) = check_tables(raw, read_chain(DATA / "good" / "tiny").settings).breaches
    assert [row for row, _ in breach.rows] == [number + 2 for number in sorted(broken)]


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 3), st.sampled_from(["", "x", "y"])), max_size=12))
def test_key_codes_order_and_join_rows_as_their_keys_do(keys: list[tuple[str, int, str]]) -> None:
    frame = pd.DataFrame(keys, columns=["first", "second", "third"]).astype({"first": "str", "third": "str"})
    codes = key_codes(frame, ("first", "second", "third")).tolist()
    for left, left_code in zip(keys, codes, strict=True):
        for right, right_code in zip(keys, codes, strict=True):
            assert (left < right) == (left_code < right_code)


def test_a_lone_carriage_return_in_a_header_is_a_breach_not_an_error(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(DATA / "good" / "tiny", tmp_path / "tiny"))
    file = folder / "skus.csv"
    file.write_bytes(b"\x01\r" + file.read_bytes())
    with pytest.raises(ContractError) as caught:
        load_chain(folder)
    assert {breach.table for breach in caught.value.breaches} == {"skus"}


@settings(max_examples=25, deadline=None)
@given(st.sampled_from(["skus.csv", "lanes.csv", "sales.csv", "signals.csv", "chain.toml"]), st.data())
def test_damaged_bytes_end_in_a_chain_or_in_breaches_never_in_another_error(name: str, data: st.DataObject) -> None:
    with tempfile.TemporaryDirectory() as place:
        folder = Path(shutil.copytree(DATA / "good" / "tiny", Path(place) / "tiny"))
        content = bytearray((folder / name).read_bytes())
        for _ in range(data.draw(st.integers(1, 4))):
            start = data.draw(st.integers(0, len(content) - 1))
            content[start : start + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
        (folder / name).write_bytes(bytes(content))
        try:
            load_chain(folder)
        except ContractError as error:
            assert error.breaches
            assert len(error.rejects) >= len(error.breaches)
