"""Every breach of every table is told at once; good chains pass."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from network.breach import ContractError
from network.ingest import load_chain

DATA = Path(__file__).parents[1] / "data"
BAD = sorted((DATA / "bad").iterdir())


@pytest.mark.parametrize("folder", BAD, ids=lambda folder: folder.name)
def test_a_broken_chain_reports_exactly_its_breaches(folder: Path) -> None:
    expected = tomllib.loads((folder / "expected.toml").read_text(encoding="utf-8"))["breach"]
    with pytest.raises(ContractError) as caught:
        load_chain(folder)
    found = [(breach.table, breach.column, breach.rule, breach.n_rows) for breach in caught.value.breaches]
    assert sorted(found) == sorted((item["table"], item["column"], item["rule"], item["n_rows"]) for item in expected)
