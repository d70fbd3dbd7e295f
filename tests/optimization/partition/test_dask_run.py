"""Parts on Dask: real processes give the bits of one, also when one of them is killed in the middle."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from optimization.config import PlanConfig
from optimization.partition.cut import SharedInput, SkuPart, cut_chain
from optimization.partition.dask_run import DaskWorkers, NoScheduler, OtherCode, _call, _local_cluster
from optimization.partition.run import part_runner
from optimization.partition.solve import targets_of_part
from tests.optimization.partition.test_partition import Chain, assert_same, chain

__all__ = ["chain"]
pytest.importorskip("distributed", reason="misses Dask: the extra dask is not installed")
pytestmark = pytest.mark.filterwarnings("ignore")  # of the cluster's own machinery, at its start and end
PART_POINTS = 18


def _dies_once(part: tuple[SkuPart, str], shared: SharedInput) -> pd.DataFrame:
    """The targets of a part; the first worker that gets the marked one is killed."""
    mark = Path(part[1]) if part[1] else None
    if mark is not None and not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return targets_of_part(part[0], shared)


def test_one_two_and_four_workers_of_a_running_scheduler_give_the_bits_of_this_process(chain: Chain) -> None:
    from distributed import Client

    one_targets, one = chain.in_parts(1, PART_POINTS)
    with _local_cluster(1) as cluster, Client(cluster, set_as_default=False) as client:
        for count in (1, 2, 4):
            cluster.scale(count)
            client.wait_for_workers(count)
            workers: Any = DaskWorkers(scheduler=cluster.scheduler_address)
            targets, several = chain.in_parts(workers, PART_POINTS)
            pd.testing.assert_frame_equal(one_targets, targets, check_exact=True)
            assert_same(one, several)
            assert (one.objective, one.bound, one.gap) == (several.objective, several.bound, several.gap)


def test_a_worker_killed_in_mid_run_changes_nothing(chain: Chain, tmp_path: Path) -> None:
    cut = cut_chain(chain.snapshot, chain.network, chain.forecast, positions=chain.positions, config=PlanConfig())
    parts = [cut.take(skus) for skus in cut.parts(PART_POINTS)]
    expected = [targets_of_part(part, cut.shared) for part in parts]
    marked = [(part, str(tmp_path / "killed") if number == 1 else "") for number, part in enumerate(parts)]
    with part_runner(cut.shared, DaskWorkers(2)) as runner:
        found = list(runner.map(_dies_once, marked))
    assert (tmp_path / "killed").exists()
    for left, right in zip(expected, found, strict=True):
        pd.testing.assert_frame_equal(left, right, check_exact=True)


def test_a_worker_with_other_code_refuses(chain: Chain) -> None:
    cut = cut_chain(chain.snapshot, chain.network, chain.forecast, positions=chain.positions, config=PlanConfig())
    with pytest.raises(OtherCode, match="install the same on all machines"):
        _call(targets_of_part, cut.take(cut.parts()[0]), cut.shared, "other")


def test_a_scheduler_that_does_not_answer_is_an_error_of_its_own(chain: Chain, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("optimization.partition.dask_run.WAIT_SECONDS", 1)
    with pytest.raises(NoScheduler, match=r"tcp://127\.0\.0\.1:1"):
        chain.in_parts(DaskWorkers(scheduler="tcp://127.0.0.1:1"), PART_POINTS)
