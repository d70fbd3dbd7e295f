"""The contract is one declaration: schemas, empty frames and the documentation follow from it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from pandera.errors import SchemaErrors

from network.contracts import MODES_BY_TIERS, TABLES, Column, Mode, Tier, empty, markdown, schema

ROOT = Path(__file__).parents[2]
# fmt: off
FIRST_BLOCK = [
    "locations", "skus", "lanes", "sales", "stock", "open_orders", "receipts", "signals", "promotions", "calendar",
    "assortment",
]
SECOND_BLOCK = [
    "zones", "serving", "sourcing", "vehicles", "capacity", "closures", "suppliers", "confirmations", "lots",
    "presales", "relations", "returns", "adjustments", "counts", "aliases",
]
# fmt: on


def test_both_blocks_of_tables_are_in_the_contract() -> None:
    assert [table.name for table in TABLES.values() if table.block == 1] == FIRST_BLOCK
    assert [table.name for table in TABLES.values() if table.block == 2] == SECOND_BLOCK
    assert [name for name, table in TABLES.items() if table.is_required] == FIRST_BLOCK[:5]


def test_the_documentation_is_current() -> None:
    assert (ROOT / "docs" / "data-contracts.md").read_text(encoding="utf-8") == markdown()


def test_every_column_says_what_it_means_and_quantities_have_a_unit() -> None:
    for table in TABLES.values():
        assert table.meaning
        for column in table.columns:
            assert column.meaning.endswith("."), (table.name, column.name)
            if column.kind in ("number", "whole", "share") and column.name not in ("sentiment", "priority"):
                assert column.unit, (table.name, column.name)


def test_every_key_is_made_of_columns_of_its_table() -> None:
    for table in TABLES.values():
        assert set(table.key) <= set(table.column_by_name)
        assert len(table.columns) == len(table.column_by_name)


def test_empty_frames_satisfy_their_schemas() -> None:
    for name in TABLES:
        frame = empty(name)
        schema(name).validate(frame, lazy=True)
        assert list(frame.columns) == [column.name for column in TABLES[name].columns]


def test_an_empty_frame_may_be_changed_without_changing_the_next() -> None:
    frame = empty("zones")
    frame["more"] = 1
    assert "more" not in empty("zones")


def test_a_schema_tells_of_every_failure_at_once() -> None:
    frame = pd.DataFrame(
        {
            "zone": pd.Series(["Z1", "Z1"], dtype="str"),
            "latitude": [91.0, 0.0],
            "longitude": [0.0, -181.0],
        }
    )
    with pytest.raises(SchemaErrors) as caught:
        schema("zones").validate(frame, lazy=True)
    failures = caught.value.failure_cases
    assert set(failures["column"]) >= {"latitude", "longitude"}
    assert len(failures) >= 4


def test_whole_numbers_that_may_be_unknown_are_floats() -> None:
    assert Column("a", "whole").dtype == "float64"
    assert Column("a", "whole", default=0).dtype == "int64"
    assert Column("a", "whole", is_required=True).dtype == "int64"


def test_goods_are_bought_from_suppliers_and_transferred_down_the_tiers() -> None:
    assert MODES_BY_TIERS[Tier.SUPPLIER, Tier.STORE] == {Mode.PURCHASE}
    assert MODES_BY_TIERS[Tier.CENTRAL, Tier.FORWARD] == {Mode.TRANSFER, Mode.EMERGENCY}
    assert MODES_BY_TIERS[Tier.STORE, Tier.STORE] == {Mode.TRANSSHIPMENT}
    assert MODES_BY_TIERS[Tier.STORE, Tier.CENTRAL] == {Mode.RETURN}
    assert MODES_BY_TIERS[Tier.SUPPLIER, Tier.SUPPLIER] == frozenset()
    assert Mode.TRANSFER in MODES_BY_TIERS[Tier.CENTRAL, Tier.CENTRAL]


def test_the_declarations_load_no_heavy_library() -> None:
    code = (
        "import sys, network.contracts, network.settings; assert not {'pandas', 'pandera', 'numpy'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)
