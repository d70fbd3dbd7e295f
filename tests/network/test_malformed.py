"""Malformed chains: always breaches or a sound chain, never another error; forged models and names are refused."""

from __future__ import annotations

import hashlib
import io
import json
import pickle
from pathlib import Path

import numpy as np
import pytest

from benchmarks._malformed import accepted, listed_cases, mutated, write_files
from benchmarks._read_once import unchanged_read_once
from network.breach import ContractError
from network.contracts import TABLES
from network.ingest import load_chain
from network.ingest_toml import TomlError, read_toml
from network.store import ModelCorrupted, RunStore
from tests.data.hostile import TRAVERSALS

GOOD = Path(__file__).parents[1] / "data" / "good" / "tiny"
TINY = {file.name: file.read_bytes() for file in sorted(GOOD.iterdir())}
LISTED = list(listed_cases(TINY))
QUARANTINE = f"\n[quarantine]\ntables = {json.dumps(list(TABLES))}\n".encode()
SEEDS, AT_ONCE = 500, 50
SHARES = 4  # of the listed files, so that several workers share them
CALL = b"cos\nsystem\n(S'id'\ntR."


def test_at_least_three_hundred_broken_files_are_listed() -> None:
    assert len({case.name for case in LISTED}) >= 300


@pytest.mark.parametrize("share", range(SHARES))
def test_every_listed_file_is_refused_and_its_table_is_named(share: int, tmp_path: Path) -> None:
    with unchanged_read_once(TINY):
        for case in LISTED[share::SHARES]:
            write_files(case.files, tmp_path)
            assert _tables_refused(tmp_path) >= {case.name.split(".csv")[0]}, case.name


def _tables_refused(folder: Path) -> set[str]:
    with pytest.raises(ContractError) as caught:
        load_chain(folder)
    return {breach.table for breach in caught.value.breaches}


def _mutation(seed: int) -> dict[str, bytes]:
    return mutated({**TINY, "chain.toml": TINY["chain.toml"] + QUARANTINE} if seed % 2 else TINY, seed)


@pytest.mark.parametrize("first", range(0, SEEDS, AT_ONCE))
def test_mutations_end_in_breaches_or_in_a_chain_that_keeps_its_contract(first: int, tmp_path: Path) -> None:
    n_accepted = 0
    with unchanged_read_once(TINY):
        for seed in range(first, first + AT_ONCE):
            write_files(_mutation(seed), tmp_path)
            n_accepted += accepted(tmp_path) is not None
    assert 0 < n_accepted < AT_ONCE


def test_unchanged_tables_read_once_change_no_answer(tmp_path: Path) -> None:
    """Two mutations that are refused and two that are accepted: the same breaches, the same tables."""
    for seed in (0, 1, 2, 3):
        write_files(_mutation(seed), tmp_path)
        plain = _answer(tmp_path)
        with unchanged_read_once(TINY):
            assert _answer(tmp_path) == _answer(tmp_path) == plain


def _answer(folder: Path) -> tuple[object, ...]:
    """What a chain is read as: its breaches, or the content of its tables."""
    try:
        chain = load_chain(folder)
    except ContractError as error:
        return error.breaches
    return tuple((name, table.to_csv()) for name, table in chain.tables.items())


def test_under_quarantine_the_other_rows_stay_and_the_bad_one_goes(tmp_path: Path) -> None:
    good = load_chain(GOOD).tables["sales"]
    lines = TINY["sales.csv"].decode().splitlines()
    bad = lines[1].replace(lines[1].split(",")[1], "NOBODY", 1)
    write_files({**TINY, "chain.toml": TINY["chain.toml"] + QUARANTINE,
                 "sales.csv": "\n".join([*lines, bad]).encode()}, tmp_path)  # fmt: skip
    assert len(load_chain(tmp_path).tables["sales"]) == len(good)


@pytest.mark.parametrize("name", [name for name in TRAVERSALS if "/" in name or "\\" in name or name.startswith(".")])
def test_a_run_or_model_id_that_leads_elsewhere_is_refused(name: str, tmp_path: Path) -> None:
    store = RunStore(tmp_path / "runs")
    with pytest.raises(ValueError, match="cannot name a run"):
        store.path_of(name)
    with pytest.raises(ModelCorrupted):
        store.load_model(name)


def _stored(store: RunStore) -> Path:
    return store.path / "models" / store.save_model({"forecaster.json": "{}"})


def _npy() -> bytes:
    data = io.BytesIO()
    np.save(data, np.array([{"a": 1}], dtype=object), allow_pickle=True)
    return data.getvalue()


FORGED = {
    "pickle": pickle.dumps({"weights": [1, 2]}),
    "pickle that calls": CALL,
    "npy of objects": _npy(),
    "yaml that calls": b"!!python/object/apply:os.system ['id']",
    "zip": b"PK\x03\x04" + bytes(range(256)),
}
"""Forms in which a model that runs code could come."""


@pytest.mark.parametrize("form", FORGED)
@pytest.mark.parametrize("is_manifest_forged", [False, True])
def test_a_model_in_another_form_is_refused(form: str, tmp_path: Path, *, is_manifest_forged: bool) -> None:
    from forecasting.forecaster import Forecaster

    store = RunStore(tmp_path)
    place = _stored(store)
    (place / "forecaster.json").write_bytes(FORGED[form])
    if is_manifest_forged:
        manifest = json.loads((place / "manifest.json").read_text("utf-8"))
        manifest["files"] = {"forecaster.json": hashlib.sha256(FORGED[form]).hexdigest()}
        (place / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    with pytest.raises((ModelCorrupted, ValueError)):
        Forecaster.from_files(store.load_model(place.name))


def test_a_forged_manifest_opens_no_file_outside_the_model(tmp_path: Path) -> None:
    store = RunStore(tmp_path / "runs")
    place = _stored(store)
    (tmp_path / "secret").write_text("key", encoding="utf-8")
    digest = hashlib.sha256(b"key").hexdigest()
    for name in ("../../../secret", str(tmp_path / "secret")):
        (place / "manifest.json").write_text(json.dumps({"files": {name: digest}}), encoding="utf-8")
        with pytest.raises(ModelCorrupted, match="no name of a model's file"):
            store.load_model(place.name)


@pytest.mark.parametrize("form", FORGED)
def test_a_scenario_in_another_form_is_refused(form: str, tmp_path: Path) -> None:
    file = tmp_path / "scenario.toml"
    file.write_bytes(FORGED[form])
    with pytest.raises(TomlError):
        read_toml(file)
