"""Malformed chains: always breaches or a sound chain, never another error; forged models and names are refused."""

from __future__ import annotations

import hashlib
import io
import json
import pickle
from pathlib import Path

import numpy as np
import pytest

from benchmarks._malformed import Case, accepted, listed_cases, mutated, write_files
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
EVERY = 5  # of the listed files; benchmarks/malformed_input.py reads them all
CALL = b"cos\nsystem\n(S'id'\ntR."


def test_at_least_three_hundred_broken_files_are_listed() -> None:
    assert len({case.name for case in LISTED}) >= 300


def test_every_listed_file_is_refused_and_its_table_is_named(tmp_path: Path) -> None:
    for case in LISTED[::EVERY]:
        assert _tables_told(case, tmp_path) >= {case.name.split(".csv")[0]}, case.name


def _tables_told(case: Case, folder: Path) -> set[str]:
    write_files(case.files, folder)
    with pytest.raises(ContractError) as caught:
        load_chain(folder)
    return {breach.table for breach in caught.value.breaches}


@pytest.mark.parametrize("first", range(0, SEEDS, AT_ONCE))
def test_mutations_end_in_breaches_or_in_a_chain_that_keeps_its_contract(first: int, tmp_path: Path) -> None:
    quarantined = {**TINY, "chain.toml": TINY["chain.toml"] + QUARANTINE}
    n_accepted = 0
    for seed in range(first, first + AT_ONCE):
        write_files(mutated(quarantined if seed % 2 else TINY, seed), tmp_path)
        n_accepted += accepted(tmp_path) is not None
    assert 0 < n_accepted < AT_ONCE


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
