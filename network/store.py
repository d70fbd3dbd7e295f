"""Write-once store of runs and models: a run is there whole or not at all.

A run is written under a temporary name in the store, every file and folder is forced to the disk, the manifest last,
and then the folder gets its name in one step. A killed run leaves a temporary folder that names its process; the next
publication sweeps it away.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from network.store_files import code_version, file_hash, json_text, sweep_folder, write_file, write_folder
from network.store_lock import ChainLocked, Process, lock, this_process
from network.store_models import ModelCorrupted, load_model, save_model
from network.store_parts import PartFiles, drop_parts, parts_kept, parts_of

if TYPE_CHECKING:
    import datetime
    from contextlib import AbstractContextManager

    import pandas as pd

__all__ = [
    "ChainLocked", "ModelCorrupted", "Process", "RunConflict", "RunStore", "code_version", "lock", "this_process",
]  # fmt: skip

MANIFEST = "manifest.json"
CHAMPION = "champion.json"
CHALLENGER = "challenger.json"
MODELS = "models"
PARTS = "parts"

# Two runs with one id must agree on these where both name them; timings and the like may differ.
IDENTITY = ("chain", "cutoff", "config", "input_hash", "code_version")

_SAFE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


class RunConflict(Exception):
    """A run id is taken by something else than this run."""


@dataclass(frozen=True)
class RunStore:
    """The folder of a chain's runs and models.

    Parameters
    ----------
    path
        The folder; made at the first publication.
    """

    path: Path

    def publish(
        self,
        run_id: str,
        write: Callable[[Path], None],
        manifest: Mapping[str, Any],
        *,
        within: AbstractContextManager[object] | None = None,
    ) -> Path:
        """Publish a run whole or not at all; publishing it again does nothing.

        Parameters
        ----------
        run_id
            Name of the run and of its folder: letters, digits, dot, dash, underscore.
        write
            Writes all files of the run but the manifest into the folder it is given.
        manifest
            What to record. Added are `run_id`, `sequence` (1 for the first run of the store) and `files` (sha256 by
            name).
        within
            Entered for the one step that publishes; what raises in it keeps the run from being published.

        Returns
        -------
        The run's folder.

        Raises
        ------
        ValueError
            If the run id is no safe name.
        RunConflict
            If the id is taken by a run that differs in chain, cutoff, config, input hash or code version, or by a
            folder without a manifest.
        """
        final = self.path_of(run_id)
        self.sweep()
        if final.exists():
            self._require_same(final, manifest)
            return final
        sequence = 1 + max((run.get("sequence", 0) for run in self.runs()), default=0)

        def finish(folder: Path) -> None:
            files = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
            hashes = {name: file_hash(files[name]) for name in sorted(files)}
            record = {**manifest, "run_id": run_id, "sequence": sequence, "files": hashes}
            write_file(folder / MANIFEST, json_text(record))

        try:
            write_folder(final, write, finish=finish, within=within)
        except OSError:
            if not (final / MANIFEST).is_file():
                raise
            self._require_same(final, manifest)  # somebody else published it in the meantime
        return final

    def path_of(self, run_id: str) -> Path:
        """Return the folder of a run, published or not.

        Raises
        ------
        ValueError
            If the run id is no safe name.
        """
        if not _SAFE_NAME.fullmatch(run_id) or run_id in (MODELS, PARTS):
            raise ValueError(f"{run_id!r} cannot name a run: use letters, digits, dot, dash and underscore")
        return self.path / run_id

    def runs(self) -> list[dict[str, Any]]:
        """Return the manifests of all published runs, ordered by cutoff, then as they were published."""
        paths = sorted(self.path.glob(f"[!.]*/{MANIFEST}")) if self.path.is_dir() else []
        manifests = [json.loads(path.read_text(encoding="utf-8")) for path in paths]
        return sorted(manifests, key=lambda run: (str(run.get("cutoff", "")), run.get("sequence", 0)))

    def manifest(self, run_id: str) -> dict[str, Any]:
        """Return the manifest of a published run.

        Raises
        ------
        KeyError
            If there is no such run.
        """
        path = self.path_of(run_id) / MANIFEST
        if not path.is_file():
            raise KeyError(f"no run {run_id!r} in {self.path}")
        loaded: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return loaded

    def previous(self, cutoff: datetime.date | str, chain_id: str | None = None) -> dict[str, Any] | None:
        """Return the manifest of the latest run published with an earlier cutoff.

        Parameters
        ----------
        cutoff
            Cutoff of the coming run.
        chain_id
            Keep to runs whose manifest names this `chain`; any by default.

        Returns
        -------
        The run with the greatest earlier cutoff, of several the last published; None if there is none.
        """
        day = str(cutoff)[:10]
        earlier = [run for run in self.runs() if str(run.get("cutoff", day))[:10] < day]
        ours = [run for run in earlier if chain_id is None or run.get("chain", chain_id) == chain_id]
        return ours[-1] if ours else None

    def parts(self, run_id: str) -> PartFiles:
        """Return what is kept of a run that is being planned; what is kept of others is removed.

        Raises
        ------
        ValueError
            If the run id is no safe name.
        """
        return parts_of(self.path / PARTS, self.path_of(run_id).name)

    def drop_parts(self) -> None:
        """Remove what is kept of runs that are being planned: the caller has published one, or found it published."""
        drop_parts(self.path / PARTS)

    def n_parts(self) -> int:
        """Count what is kept of a run that is being planned, or was when its job was killed."""
        return parts_kept(self.path / PARTS)

    def sweep(self) -> list[str]:
        """Remove what killed processes left half written; return the names."""
        return sweep_folder(self.path) + sweep_folder(self.path / MODELS)

    @staticmethod
    def write_table(folder: Path, name: str, frame: pd.DataFrame, *, csv: bool = True) -> None:
        """Write a table as Parquet and as CSV; equal tables give byte-equal CSV files.

        Parameters
        ----------
        folder
            The folder that `publish` hands to its writer.
        name
            File name without its ending.
        frame
            The table; its index is not written.
        csv
            Write the CSV too.
        """
        frame.to_parquet(folder / f"{name}.parquet", index=False)
        if csv:
            # Floats as their shortest exact text, unknown as empty, UTF-8, one line feed: the same on every machine.
            frame.to_csv(folder / f"{name}.csv", index=False, lineterminator="\n", encoding="utf-8", na_rep="")

    def read_table(self, run_id: str, name: str) -> pd.DataFrame:
        """Read a table of a published run.

        Raises
        ------
        KeyError
            If there is no such run, or no such table in it.
        """
        import pandas as pd

        path = self.path_of(run_id) / f"{name}.parquet"
        if f"{name}.parquet" not in self.manifest(run_id)["files"]:
            raise KeyError(f"run {run_id!r} has no table {name!r}")
        return pd.read_parquet(path)

    def save_model(self, files: Mapping[str, str], about: Mapping[str, Any] | None = None) -> str:
        """Store a model's text files under a name derived from their content.

        Parameters
        ----------
        files
            Text by file name.
        about
            What to record beside the hashes, such as cutoff and scores.

        Returns
        -------
        The model id; the same files always have the same.
        """
        return save_model(self.path / MODELS, files, about=about or {})

    def load_model(self, model_id: str) -> dict[str, str]:
        """Read a stored model after checking every file against its sha256.

        Parameters
        ----------
        model_id
            Result of `save_model`.

        Returns
        -------
        Text by file name.

        Raises
        ------
        ModelCorrupted
            If a file is missing, changed or unreadable.
        """
        return load_model(self.path / MODELS, model_id)

    def champion(self) -> str | None:
        """Return the id of the model in use, None if none was chosen."""
        return self._pointed(CHAMPION)

    def set_champion(self, model_id: str) -> None:
        """Choose the model in use, in one step; a challenger that becomes it is none any more.

        Raises
        ------
        ModelCorrupted
            If the model is not stored whole.
        """
        self.load_model(model_id)
        write_file(self.path / CHAMPION, json_text({"model_id": model_id}))
        if self.challenger() == model_id:
            (self.path / CHALLENGER).unlink()

    def challenger(self) -> str | None:
        """Return the id of the model that may follow the one in use, None if there is none."""
        return self._pointed(CHALLENGER)

    def set_challenger(self, model_id: str) -> None:
        """Name the model to be tested against the one in use.

        Raises
        ------
        ModelCorrupted
            If the model is not stored whole.
        """
        self.load_model(model_id)
        write_file(self.path / CHALLENGER, json_text({"model_id": model_id}))

    def write_note(self, name: str, value: Mapping[str, Any]) -> None:
        """Keep a small record beside the runs, such as what the last job did; replaced in one step."""
        write_file(self.path / f"{name}.json", json_text(value))

    def read_note(self, name: str) -> dict[str, Any] | None:
        """Return a record that `write_note` kept, None where there is none."""
        path = self.path / f"{name}.json"
        if not path.is_file():
            return None
        noted: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return noted

    def _pointed(self, pointer: str) -> str | None:
        path = self.path / pointer
        return str(json.loads(path.read_text(encoding="utf-8"))["model_id"]) if path.is_file() else None

    def _require_same(self, final: Path, manifest: Mapping[str, Any]) -> None:
        """Raise RunConflict unless the published run was made from the same things."""
        if not (final / MANIFEST).is_file():
            raise RunConflict(f"{final} is no published run: it has no {MANIFEST}; move it away and run again")
        published = self.manifest(final.name)
        coming = json.loads(json_text(manifest))
        different = [
            name for name in IDENTITY if name in published and coming.get(name, published[name]) != published[name]
        ]
        if different:
            raise RunConflict(f"run {final.name} is published already, from another {' and '.join(different)}")
