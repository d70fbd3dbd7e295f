"""Parts shared by processes: the same results, in order, whatever they share."""

from __future__ import annotations

from optimization.partition.run import part_runner

LONGER_THAN_A_PIPE = b"x" * 1_000_000


def length_with(part: int, shared: bytes) -> int:
    return part + len(shared)


def test_parts_come_back_in_their_order() -> None:
    for workers in (1, 2):
        with part_runner(LONGER_THAN_A_PIPE, workers) as runner:
            assert list(runner.map(length_with, [3, 1, 2])) == [1_000_003, 1_000_001, 1_000_002]
