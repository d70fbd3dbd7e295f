"""Parts that are kept: taken instead of being made again, only where nothing has changed, and to the same bits."""

from __future__ import annotations

import errno
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from network.store import RunStore
from optimization.decisions import Decisions
from optimization.partition import solve
from optimization.partition.codec import encoded
from optimization.partition.dask_run import DaskWorkers
from optimization.partition.keep import Files, PartKeeper
from optimization.partition.run import KeepingWorkers
from tests.optimization.partition.test_partition import Chain, assert_same, chain

__all__ = ["chain"]
PART_POINTS = 18
Planned = tuple[pd.DataFrame, Decisions]


class Killed(BaseException):
    """Stands for the end of a process."""


class Dying:
    """Files of a job that dies when it has kept so many parts."""

    def __init__(self, files: Files, n_parts: int, error: Callable[[], BaseException] = Killed) -> None:
        self._files, self._left, self._error = files, n_parts, error

    def read(self, name: str) -> bytes | None:
        return self._files.read(name)

    def write(self, name: str, content: bytes) -> None:
        if not self._left:
            raise self._error()
        self._left -= 1
        self._files.write(name, content)


def planned(chain: Chain, keeper: PartKeeper, workers: int | DaskWorkers = 1, size: int = PART_POINTS) -> Planned:
    return chain.in_parts(KeepingWorkers(workers, keeper), size)


def same(one: Planned, other: Planned) -> None:
    assert encoded(one[0]) == encoded(other[0])
    assert_same(one[1], other[1])
    for name in ("moves", "dropped", "loads", "planned", "cuts", "supply", "objective", "bound", "gap"):
        assert encoded(getattr(one[1], name)) == encoded(getattr(other[1], name)), name


@pytest.fixture(scope="module")
def whole(chain: Chain) -> Planned:
    """The plan that nobody interrupts and nobody keeps."""
    return chain.in_parts(1, PART_POINTS)


@pytest.fixture(scope="module")
def kept(chain: Chain, whole: Planned, tmp_path_factory: pytest.TempPathFactory) -> RunStore:
    """All parts of the plan."""
    store = RunStore(tmp_path_factory.mktemp("runs"))
    keeper = PartKeeper(store.parts("r1"), "r1")
    same(planned(chain, keeper), whole)
    assert not keeper.taken and keeper.made == {"targets": 3, "flows": 5, "later_days": 1}  # two SKU parts again
    assert store.n_parts() == 9
    return store


@pytest.mark.parametrize("n_parts", [2, 4])
def test_a_job_killed_between_two_parts_goes_on_with_those_that_are_there(
    chain: Chain, whole: Planned, tmp_path: Path, n_parts: int
) -> None:
    store = RunStore(tmp_path)
    with pytest.raises(Killed):
        planned(chain, PartKeeper(Dying(store.parts("r1"), n_parts), "r1"))
    keeper = PartKeeper(store.parts("r1"), "r1")
    same(planned(chain, keeper), whole)
    assert (keeper.taken.total(), keeper.made.total()) == (n_parts, 9 - n_parts)


def test_parts_that_are_there_are_not_computed(
    chain: Chain, whole: Planned, kept: RunStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_: object, **__: object) -> None:
        raise AssertionError("computed again")

    for name in ("stock_targets", "build_cost_curves", "solve_flows"):
        monkeypatch.setattr(solve, name, never)
    keeper = PartKeeper(kept.parts("r1"), "r1")
    same(planned(chain, keeper), whole)
    assert keeper.taken_over() == "targets 3 of 3, flows 5 of 5, later days 1 of 1"


def test_processes_keep_and_take_the_same_parts(chain: Chain, whole: Planned, tmp_path: Path) -> None:
    store = RunStore(tmp_path)
    with pytest.raises(Killed):
        planned(chain, PartKeeper(Dying(store.parts("r1"), 4), "r1"), workers=2)
    keeper = PartKeeper(store.parts("r1"), "r1")
    same(planned(chain, keeper, workers=2), whole)
    assert keeper.taken_over() == "targets 3 of 3, flows 1 of 5, later days 0 of 1"


@pytest.mark.filterwarnings("ignore")  # of the cluster's own machinery, at its start and end
def test_what_dask_workers_make_is_kept_here(chain: Chain, whole: Planned, tmp_path: Path) -> None:
    pytest.importorskip("distributed", reason="misses Dask: the extra dask is not installed")
    store = RunStore(tmp_path)
    same(planned(chain, PartKeeper(store.parts("r1"), "r1"), workers=DaskWorkers(1)), whole)
    keeper = PartKeeper(store.parts("r1"), "r1")
    same(planned(chain, keeper), whole)
    assert not keeper.made


def test_another_version_takes_nothing(chain: Chain, kept: RunStore) -> None:
    keeper = PartKeeper(Dying(kept.parts("r1"), 0), "r2")
    with pytest.raises(Killed):  # at the first part that it would keep
        planned(chain, keeper)
    assert not keeper.taken


def test_a_changed_forecast_takes_only_parts_that_it_does_not_touch(chain: Chain, kept: RunStore) -> None:
    """Even under a version that does not say so."""
    is_changed = (chain.forecast.series["sku"] == "K0").to_numpy()
    more = chain.forecast.replace(mean=chain.forecast.mean * np.where(is_changed, 2.0, 1.0)[:, None])
    changed = replace(chain, forecast=more)
    expected = changed.in_parts(1, PART_POINTS)
    store = RunStore(kept.path.with_name("changed"))
    for path in kept.parts("r1").folder.iterdir():
        name = path.name.removesuffix(".part")
        content = kept.parts("r1").read(name)
        assert content is not None
        store.parts("r1").write(name, content)
    keeper = PartKeeper(store.parts("r1"), "r1")
    same(planned(changed, keeper), expected)
    assert keeper.taken["targets"] == 2 and keeper.made["targets"] == 1


def test_a_damaged_part_is_made_again_and_said(
    chain: Chain, whole: Planned, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store = RunStore(tmp_path)
    planned(chain, PartKeeper(store.parts("r1"), "r1"))
    first, second, third, *_ = sorted(store.parts("r1").folder.glob("flows-*"))
    before = first.read_bytes()
    first.write_bytes(before[:-1])
    second.write_bytes(b"")
    flipped = bytearray(third.read_bytes())
    flipped[-1] ^= 1
    third.write_bytes(flipped)
    keeper = PartKeeper(store.parts("r1"), "r1")
    same(planned(chain, keeper), whole)
    assert keeper.taken_over() == "targets 3 of 3, flows 2 of 5, later days 1 of 1"
    assert [record.levelname for record in caplog.records if "is damaged" in record.message] == ["WARNING"] * 3
    assert first.read_bytes() == before


def test_a_chain_of_one_part_keeps_nothing(chain: Chain, tmp_path: Path) -> None:
    keeper = PartKeeper(RunStore(tmp_path).parts("r1"), "r1")
    planned(chain, keeper, size=1000)
    assert not keeper.made and list(tmp_path.iterdir()) == []


def test_a_full_disk_ends_the_plan(chain: Chain, tmp_path: Path) -> None:
    files = Dying(RunStore(tmp_path).parts("r1"), 1, lambda: OSError(errno.ENOSPC, "No space left on device"))
    with pytest.raises(OSError, match="No space left"):
        planned(chain, PartKeeper(files, "r1"))
