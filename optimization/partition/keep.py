"""Results of parts kept between jobs: named by all that decides them, so that no other part can be taken for one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any, Protocol

from network.vehicles import VehicleType
from optimization.cost_curves import CostCurves
from optimization.decisions import FlowPlan, SolveStatus
from optimization.expiry import LotsOnHand
from optimization.flow.data import FlowData, Moves
from optimization.inbound import Inbound
from optimization.partition.codec import decoded, digest, encoded
from optimization.partition.solve import PartFlow, flow_of_part, later_days_of_part, targets_of_part, use_of_part
from optimization.price_search import TonightUse

STAGES = {
    targets_of_part.__name__: "targets",
    use_of_part.__name__: "prices",
    flow_of_part.__name__: "flows",
    later_days_of_part.__name__: "later_days",
}
"""What is kept: name of the stage by function."""
_KINDS: dict[str, type[Any]] = {
    kind.__name__: kind
    for kind in (
        PartFlow,
        TonightUse,
        FlowData,
        FlowPlan,
        SolveStatus,
        CostCurves,
        LotsOnHand,
        Moves,
        Inbound,
        VehicleType,
    )
}


class Files(Protocol):
    """Bytes by name, such as `network.store_parts.PartFiles`."""

    def read(self, name: str) -> bytes | None:
        """Return what is kept under a name, None if nothing whole is."""

    def write(self, name: str, content: bytes) -> None:
        """Keep bytes under a name."""


class PartKeeper:
    """Keeps results of the parts of one plan, and counts them by stage.

    The name of a result hashes the plan's version, the function and the content of the part. What all parts share
    (settings, code, lead times, the network) is decided by the version.

    Parameters
    ----------
    files
        Where.
    version
        The plan's version or its run id, as `engine.run_id_of` gives it.
    """

    def __init__(self, files: Files, version: str) -> None:
        self._files, self._version = files, version
        self.taken: Counter[str] = Counter()
        """Results that were there."""
        self.made: Counter[str] = Counter()
        """Results that were made and kept."""

    def place_of(self, function: Callable[[Any, Any], Any], part: Any) -> str:
        """Name the result of a function of a part."""
        stage = STAGES[function.__name__]
        return f"{stage}-{digest((self._version, stage, part))}"

    def kept(self, place: str) -> Any:
        """Return the result that is kept there, None if there is none."""
        content = self._files.read(place)
        if content is None:
            return None
        self.taken[_stage_of(place)] += 1
        return decoded(content, _KINDS)

    def keep(self, place: str, result: Any) -> None:
        """Keep a result."""
        self._files.write(place, encoded(result))
        self.made[_stage_of(place)] += 1

    def taken_over(self) -> str:
        """Say how many of the parts were there, such as ``targets 2 of 2, flows 1 of 2``; empty without parts."""
        total = self.taken + self.made
        return ", ".join(
            f"{stage.replace('_', ' ')} {self.taken[stage]} of {total[stage]}"
            for stage in STAGES.values()
            if total[stage]
        )


def _stage_of(place: str) -> str:
    return place.split("-")[0]
