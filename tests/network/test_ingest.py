"""What a folder or DuckDB file of any habit becomes: canonical tables, settings, warnings, or one error."""

from __future__ import annotations

import codecs
import shutil
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest

from network.breach import REJECT_COLUMNS, ContractError
from network.check import check_tables
from network.contracts import TABLES, schema
from network.ingest import Chain, load_chain, load_snapshot, read_chain
from network.settings import Assumption, ChainSettings, settings_from_mapping

GOOD = Path(__file__).parents[1] / "data" / "good"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(GOOD / "minimal", tmp_path / "minimal"))


def _swap(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")


def _same(left: Chain, right: Chain) -> None:
    for name in TABLES:
        pd.testing.assert_frame_equal(left.tables[name], right.tables[name])


@pytest.mark.parametrize("name", ["tiny", "minimal", "chinese"])
def test_a_good_chain_satisfies_every_schema(name: str) -> None:
    chain = load_chain(GOOD / name)
    assert list(chain.tables) == list(TABLES)
    for table, frame in chain.tables.items():
        schema(table).validate(frame, lazy=True)
        assert isinstance(frame.index, pd.RangeIndex)


def test_what_is_left_out_takes_its_default() -> None:
    chain = load_chain(GOOD / "minimal")
    sales, skus, stock = (chain.tables[name] for name in ("sales", "skus", "stock"))
    assert sales["channel"].tolist() == ["walk_in", "walk_in"]
    assert sales["zone"].tolist() == ["", ""]
    assert sales["is_promotion"].tolist() == [False, False]
    assert sales["availability"].isna().all()
    assert skus["case_pack"].tolist() == [1]
    assert np.isnan(skus["unit_cost"].iloc[0])
    assert stock["allocated"].tolist() == [0, 0]
    assert stock["stock_type"].tolist() == ["free", "free"]
    assert chain.settings.id == "minimal"
    assert chain.warnings == ()


def test_settings_are_read() -> None:
    settings = load_chain(GOOD / "tiny").settings
    assert settings.time_zone == "Asia/Shanghai"
    assert settings.economics.gross_margin == 0.35
    assert settings.economics.holding_rate_per_year == 0.25
    assert settings.assumptions == (Assumption("lanes", "Truck costs are a planner's guess."),)


def test_settings_from_a_mapping_name_the_nearest_key() -> None:
    with pytest.raises(ContractError, match="Did you mean 'unit_factor'"):
        settings_from_mapping({"unit_facto": 2})
    settings = settings_from_mapping({"quarantine": ["sales"], "assumptions": {"stock": "guessed"}, "plan": {"a": 1}})
    assert settings.quarantine == {"sales"}
    assert settings.assumptions == (Assumption("stock", "guessed"),)


def test_chinese_files_in_gb18030_with_mapped_headers_and_full_width_digits_are_read() -> None:
    chain = load_chain(GOOD / "chinese")
    sales = chain.tables["sales"]
    assert sales["units"].tolist() == [3.0, 12.0, 5.0]
    assert sales["is_promotion"].tolist() == [False, False, True]
    assert chain.tables["skus"]["case_pack"].sum() == 6 + 12
    assert chain.tables["lanes"]["lead_time_days"].sum() == 7 + 1 + 2
    assert "sales: read as GB18030" in chain.warnings
    assert "sales.units: 1 cells with full-width digits were read as plain digits" in chain.warnings


@pytest.mark.parametrize("encoding", ["utf-8-sig", "gb18030", "utf-16"])
def test_the_encoding_of_a_file_does_not_change_its_table(folder: Path, encoding: str) -> None:
    plain = load_chain(folder)
    _swap(folder / "skus.csv", "sku\nK1", "sku,category\nK1,茶")
    for name in ("skus.csv", "sales.csv"):
        file = folder / name
        file.write_bytes(file.read_text(encoding="utf-8").encode(encoding))
    chain = load_chain(folder)
    assert chain.tables["skus"]["category"].tolist() == ["茶"]
    pd.testing.assert_frame_equal(chain.tables["sales"], plain.tables["sales"])


def test_a_byte_order_mark_is_no_part_of_the_first_header(folder: Path) -> None:
    file = folder / "sales.csv"
    file.write_bytes(codecs.BOM_UTF8 + file.read_bytes())
    _same(load_chain(folder), load_chain(GOOD / "minimal"))


@pytest.mark.parametrize(("old", "new"), [(b"\n", b"\r\n"), (b"\n", b"\r"), (b"\n", b"\n\n"), (b"A1", b'"A1"')])
def test_line_ends_blank_lines_and_quotes_do_not_matter(folder: Path, old: bytes, new: bytes) -> None:
    for file in folder.glob("*.csv"):
        file.write_bytes(file.read_bytes().replace(old, new))
    _same(load_chain(folder), load_chain(GOOD / "minimal"))


def test_row_numbers_are_lines_of_the_file_even_after_blank_lines_and_line_breaks_in_quotes(folder: Path) -> None:
    (folder / "sales.csv").write_text(
        'date,sku,location,zone,units\n2026-11-19,K1,A1,"two\nlines",2\n\n2026-11-20,K1,A1,,many\n', encoding="utf-8"
    )
    with pytest.raises(ContractError) as caught:
        load_chain(folder)
    # The header is line 1, the first row lines 2 and 3, line 4 is blank, so "many" stands in line 5.
    assert caught.value.breaches[0].rows == ((5, "many"),)


def test_parquet_gives_the_same_tables_as_csv(tmp_path: Path) -> None:
    chain = load_chain(GOOD / "tiny")
    typed = tmp_path / "tiny"
    typed.mkdir()
    shutil.copy(GOOD / "tiny" / "chain.toml", typed)
    for name, frame in chain.tables.items():
        if len(frame):
            frame.sample(frac=1, random_state=0).to_parquet(typed / f"{name}.parquet", index=False)
    _same(load_chain(typed), chain)


def test_whole_ids_in_parquet_become_text(folder: Path) -> None:
    (folder / "skus.csv").unlink()
    pd.DataFrame({"sku": [1, 2], "barcode": [6901234567892, None]}).to_parquet(folder / "skus.parquet")
    for name in ("sales.csv", "stock.csv"):
        _swap(folder / name, "K1", "1")
    skus = load_chain(folder).tables["skus"]
    assert skus["sku"].tolist() == ["1", "2"]
    assert skus["barcode"].tolist() == ["6901234567892", ""]


def test_a_duckdb_file_gives_the_same_tables_and_its_settings(tmp_path: Path) -> None:
    file = tmp_path / "tiny.duckdb"
    with duckdb.connect(str(file)) as connection:
        for csv in sorted((GOOD / "tiny").glob("*.csv")):
            connection.execute(f"CREATE TABLE {csv.stem} AS SELECT * FROM read_csv('{csv}', all_varchar = true)")
        connection.execute("CREATE TABLE chain (key VARCHAR, value VARCHAR)")
        rows = [("id", "tiny"), ("time_zone", "Asia/Shanghai"), ("economics.gross_margin", "0.35")]
        connection.executemany("INSERT INTO chain VALUES (?, ?)", rows)
    chain = load_chain(file)
    _same(chain, load_chain(GOOD / "tiny"))
    assert chain.settings.id == "tiny"
    assert chain.settings.economics.gross_margin == 0.35


def test_a_duckdb_table_that_no_contract_knows_is_a_breach(tmp_path: Path) -> None:
    file = tmp_path / "chain.duckdb"
    with duckdb.connect(str(file)) as connection:
        connection.execute("CREATE TABLE salez (a INTEGER)")
    with pytest.raises(ContractError, match=r"salez: unknown table\. Did you mean 'sales'"):
        load_chain(file)


def test_a_file_that_is_no_database_is_a_breach_and_nothing_is_called_missing(tmp_path: Path) -> None:
    file = tmp_path / "chain.duckdb"
    file.write_text("this is no database")
    with pytest.raises(ContractError) as caught:
        load_chain(file)
    assert [(breach.table, breach.rule) for breach in caught.value.breaches] == [("chain.duckdb", "not readable")]


def test_nothing_at_the_path_is_no_breach_of_contract(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_chain(tmp_path / "nowhere")


def test_runs_truth_notes_and_hidden_files_are_passed_over(folder: Path) -> None:
    for name in ("runs", "truth"):
        (folder / name).mkdir()
        (folder / name / "sales.csv").write_text("anything")
    for name in ("README.md", ".hidden.csv", "notes.md", "rejects.csv"):
        (folder / name).write_text("anything")
    _same(load_chain(folder), load_chain(GOOD / "minimal"))


def test_a_bare_date_is_known_at_the_end_of_its_day_in_the_zone_of_the_chain() -> None:
    known_at = load_chain(GOOD / "tiny").tables["signals"].set_index("signal")["known_at"]
    assert known_at["buzz"] == pd.Timestamp("2026-11-20T23:59:59")
    assert known_at["search_index"].iloc[0] == pd.Timestamp("2026-11-20T08:00")


def test_a_day_that_says_nothing_about_work_follows_its_weekday() -> None:
    calendar = load_chain(GOOD / "tiny").tables["calendar"].set_index("event")["is_workday"]
    assert calendar["Double 11"]  # 2026-11-11 is a Wednesday
    assert not calendar["Spring Festival"]
    assert calendar["Moved working day"]  # 2027-02-21 is a Sunday


def test_every_offending_cell_is_in_the_rejects_and_twenty_are_shown(folder: Path) -> None:
    rows = "".join(f"2026-10-{day:02d},K1,A1,-{day}\n" for day in range(1, 31))
    (folder / "stock.csv").write_text("as_of,sku,location,on_hand\n" + rows)
    with pytest.raises(ContractError) as caught:
        load_chain(folder)
    (breach,) = caught.value.breaches
    assert breach.n_rows == 30
    assert breach.rows[:2] == ((2, "-1"), (3, "-2"))
    assert len(breach.rows) == 20
    assert list(caught.value.rejects.columns) == list(REJECT_COLUMNS)
    assert caught.value.rejects["row"].tolist() == list(range(2, 32))
    assert "stock.on_hand: below 0 (30 rows); row 2: '-1'" in str(caught.value)


def test_quarantine_leaves_the_offending_rows_out_and_lists_them(folder: Path) -> None:
    (folder / "chain.toml").write_text('[quarantine]\ntables = ["sales"]\n')
    (folder / "sales.csv").write_text(
        "date,sku,location,units\n2026-11-19,K1,A1,2\n2026-11-20,K1,A1,many\n2026-11-20,K7,A1,1\n2026-11-19,K1,A1,9\n"
    )
    chain = load_chain(folder)
    assert chain.tables["sales"]["units"].tolist() == [2.0]
    assert chain.rejects[["row", "rule"]].to_numpy().tolist() == [
        [3, "not a number"], [5, "duplicate key"], [4, "unknown sku"],
    ]  # fmt: skip
    assert len(chain.warnings) == 3


def test_dropping_a_location_in_quarantine_makes_its_sales_unknown(folder: Path) -> None:
    (folder / "chain.toml").write_text('[quarantine]\ntables = ["locations"]\n')
    _swap(folder / "locations.csv", "A1,store", "A1,shop")
    with pytest.raises(ContractError) as caught:
        load_chain(folder)
    found = {(breach.table, breach.column, breach.rule) for breach in caught.value.breaches}
    assert found == {
        ("sales", "location", "unknown location"),
        ("stock", "location", "unknown location"),
        ("lanes", "destination", "unknown location"),
    }


def test_tables_are_sorted_by_key_whatever_the_order_in_the_file() -> None:
    raw = dict(read_chain(GOOD / "tiny").tables)
    plain = check_tables(raw, ChainSettings(time_zone="Asia/Shanghai")).tables
    mixed = {name: frame.sample(frac=1, random_state=3) for name, frame in raw.items()}
    again = check_tables(mixed, ChainSettings(time_zone="Asia/Shanghai")).tables
    for name in TABLES:
        pd.testing.assert_frame_equal(plain[name], again[name])
    assert plain["sales"]["date"].is_monotonic_increasing


def test_typed_frames_without_row_numbers_count_from_row_two() -> None:
    raw = {name: frame.reset_index(drop=True) for name, frame in load_chain(GOOD / "minimal").tables.items()}
    raw["sales"] = raw["sales"].assign(units=[1.0, -2.0])
    (breach,) = check_tables(raw, ChainSettings()).breaches
    assert (breach.column, breach.rows) == ("units", ((3, "-2"),))


def test_a_snapshot_is_taken_at_the_last_day_with_sales_and_stock() -> None:
    assert load_snapshot(GOOD / "tiny").cutoff == pd.Timestamp("2026-11-20")
    earlier = load_snapshot(GOOD / "tiny", cutoff=pd.Timestamp("2026-11-19").date())
    assert earlier.tables["sales"]["date"].max() == pd.Timestamp("2026-11-19")
