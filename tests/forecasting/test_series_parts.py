"""Means in parts are those of the whole to the bit, in this process, in others, and when one of these is killed."""

import os
import pickle
import signal
from collections.abc import Callable, Iterable, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from forecasting.classes import demand_classes
from forecasting.features import origin_at
from forecasting.members import BlendedMeans
from forecasting.pipeline import _means_input
from forecasting.series_parts import MeansInput, means_in_parts, means_of_part
from network.graph import build_network
from network.snapshot import snapshot_at
from optimization.partition.dask_run import DaskWorkers
from optimization.partition.run import spread_of

HORIZON = 14


@pytest.fixture(scope="module")
def given(fitted: Any) -> MeansInput:
    chain, cutoff, forecaster = fitted
    snapshot = snapshot_at(chain.tables, chain.settings, cutoff)
    evidence = forecaster.evidence(snapshot, build_network(snapshot), horizon=HORIZON)
    origin = origin_at(evidence, evidence.last_day, horizon=HORIZON)
    classes = demand_classes(evidence.history, evidence.last_day)
    return _means_input(evidence, origin, classes, forecaster=forecaster, horizon=HORIZON)


@pytest.fixture(scope="module")
def rows(given: MeansInput) -> np.ndarray:
    return np.arange(given.evidence.panel.n_series, dtype=np.int64)


def assert_same(one: BlendedMeans, other: BlendedMeans) -> None:
    for item in fields(BlendedMeans):
        assert np.array_equal(getattr(one, item.name), getattr(other, item.name)), item.name


@pytest.mark.parametrize("size", [1, 5, 100])
def test_parts_are_the_whole(given: MeansInput, rows: np.ndarray, size: int) -> None:
    assert_same(means_in_parts(rows, given, part_series=size), means_of_part(rows, given))


def test_no_series_have_no_means(given: MeansInput, rows: np.ndarray) -> None:
    assert means_in_parts(rows[:0], given).mean.shape == (0, HORIZON)


def test_what_crosses_to_another_process_loses_nothing(given: MeansInput, rows: np.ndarray) -> None:
    def sent(function: Callable[[Any, Any], Any], parts: Sequence[Any], shared: Any) -> Iterable[Any]:
        there = pickle.loads(pickle.dumps(shared))
        return [pickle.loads(pickle.dumps(function(pickle.loads(pickle.dumps(part)), there))) for part in parts]

    assert_same(means_in_parts(rows, given, spread=sent, part_series=5), means_of_part(rows, given))


def test_a_single_part_stays_here(given: MeansInput, rows: np.ndarray) -> None:
    def never(function: Callable[[Any, Any], Any], parts: Sequence[Any], shared: Any) -> Iterable[Any]:
        raise AssertionError("a single part is not worth sending")

    assert_same(means_in_parts(rows, given, spread=never), means_of_part(rows, given))


def test_processes_of_this_machine_use_threads_instead() -> None:
    assert spread_of(2) is None


def _dies_once(part: tuple[np.ndarray, str], given: MeansInput) -> BlendedMeans:
    """The means of a part; the first worker that gets the marked one is killed."""
    mark = Path(part[1]) if part[1] else None
    if mark is not None and not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return means_of_part(part[0], given)


@pytest.mark.filterwarnings("ignore")  # of the cluster's own machinery, at its start and end
def test_dask_workers_give_the_same_bits_also_when_one_is_killed(
    given: MeansInput, rows: np.ndarray, tmp_path: Path
) -> None:
    pytest.importorskip("distributed", reason="misses Dask: the extra dask is not installed")
    on_dask = spread_of(DaskWorkers(2))
    assert on_dask is not None
    mark = tmp_path / "killed"

    def killing(function: Callable[[Any, Any], Any], parts: Sequence[Any], shared: Any) -> Iterable[Any]:
        marked = [(part, str(mark) if number == 1 else "") for number, part in enumerate(parts)]
        return on_dask(_dies_once, marked, shared)

    assert_same(means_in_parts(rows, given, spread=killing, part_series=5), means_of_part(rows, given))
    assert mark.exists()
