"""Published runs as the server holds them: each read once, the newest found anew when another one is published."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from cockpit.runs import newest_first
from network.store import RunStore

if TYPE_CHECKING:
    from network.snapshot import Snapshot

_KEPT = 3


@dataclass(frozen=True, eq=False)
class Run:
    """One published run; its tables are read when first asked for, and once.

    Parameters
    ----------
    store
        Where it is published.
    chain
        The chain folder or file that it was planned from.
    manifest
        What it says of itself.
    """

    store: RunStore
    chain: Path
    manifest: Mapping[str, Any]
    _tables: dict[str, pd.DataFrame] = field(default_factory=dict, repr=False)
    _reading: threading.RLock = field(default_factory=threading.RLock, repr=False)

    @property
    def run_id(self) -> str:
        """Name of the run."""
        return str(self.manifest["run_id"])

    @property
    def cutoff(self) -> pd.Timestamp:
        """Last day whose data the run knows."""
        return pd.Timestamp(str(self.manifest["cutoff"])[:10])

    @property
    def currency(self) -> str:
        """Currency of all its money."""
        return str(self.manifest.get("currency", ""))

    @property
    def folder(self) -> Path:
        """Where its files are."""
        return self.store.path_of(self.run_id)

    def has_table(self, name: str) -> bool:
        """Whether the run has this table; runs of earlier versions lack some."""
        return f"{name}.parquet" in self.manifest["files"]

    def table(self, name: str) -> pd.DataFrame:
        """Return a table; a shallow copy, so that nobody writes into what others read.

        Raises
        ------
        KeyError
            If the run has no such table.
        """
        with self._reading:
            if name not in self._tables:
                self._tables[name] = self.store.read_table(self.run_id, name)
            return self._tables[name].copy(deep=False)

    def snapshot(self) -> Snapshot:
        """Return what is known of the chain at the run's cutoff, as the chain's tables say it now."""
        with self._reading:
            return self._snapshot

    @cached_property
    def _snapshot(self) -> Snapshot:
        from network.ingest import load_snapshot

        return load_snapshot(self.chain, cutoff=self.cutoff.date())


class PublishedRuns:
    """The runs of one chain, newest first.

    Parameters
    ----------
    folder
        The runs folder; may not be there yet.
    chain
        The chain folder or file.
    seconds_between_looks
        How long a list of runs is taken for current [seconds].
    """

    def __init__(self, folder: Path, chain: Path, *, seconds_between_looks: float = 1.0) -> None:
        self.folder = folder
        self.chain = chain
        self.store = RunStore(folder)
        self._seconds_between_looks = seconds_between_looks
        self._lock = threading.Lock()
        self._names: frozenset[str] | None = None
        self._looked_at = -float("inf")
        self._manifests: list[Mapping[str, Any]] = []
        self._runs: OrderedDict[str, Run] = OrderedDict()

    def manifests(self) -> list[Mapping[str, Any]]:
        """Return what every published run says of itself, newest first; read again when a run has come or gone."""
        with self._lock:
            now = time.monotonic()
            if self._names is None or now - self._looked_at >= self._seconds_between_looks:
                names = self._published_names()
                if names != self._names:
                    self._manifests = newest_first(self.store)
                    self._names = names
                self._looked_at = now
            return self._manifests

    def _published_names(self) -> frozenset[str]:
        if not self.folder.is_dir():
            return frozenset()
        return frozenset(path.name for path in self.folder.iterdir() if path.name[0] != "." and path.is_dir())

    def newest(self) -> Run | None:
        """Return the newest published run, None where none is."""
        manifests = self.manifests()
        return self._held(manifests[0]) if manifests else None

    def named(self, run_id: str) -> Run:
        """Return one run.

        Raises
        ------
        KeyError
            If no run is published under this id.
        """
        for manifest in self.manifests():
            if manifest["run_id"] == run_id:
                return self._held(manifest)
        raise KeyError(f"no run {run_id!r}")

    def _held(self, manifest: Mapping[str, Any]) -> Run:
        """Return a run from the few that are kept in memory, or a fresh one."""
        run_id = str(manifest["run_id"])
        with self._lock:
            if run_id not in self._runs:
                self._runs[run_id] = Run(self.store, self.chain, manifest)
            self._runs.move_to_end(run_id)
            while len(self._runs) > _KEPT:
                self._runs.popitem(last=False)
            return self._runs[run_id]
