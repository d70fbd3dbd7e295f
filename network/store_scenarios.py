"""Scenarios that planners try: a folder each below the runs, with what was asked and what came of it."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from network.store_files import json_text, write_file

FOLDER = "whatif"
_SAFE_NAME = re.compile(r"[0-9a-f]{12}")
_ASKED, _RESULT, _PROGRESS = "scenario.json", "result.json", "progress.json"


@dataclass(frozen=True)
class ScenarioStore:
    """The scenarios tried on the runs of a folder.

    Parameters
    ----------
    runs
        The runs folder.
    """

    runs: Path

    def ask(self, run_id: str, scenario: Mapping[str, Any], *, user: str, at: str) -> str:
        """Keep what is asked; asking the same of the same run again gives the same name and changes nothing.

        Parameters
        ----------
        run_id
            Run whose night is planned again.
        scenario
            `name` and `change`, as a scenario file has them.
        user, at
            Who asks and when (ISO, UTC).
        """
        text = json.dumps([run_id, scenario], sort_keys=True, default=str)
        name = hashlib.sha256(text.encode()).hexdigest()[:12]
        if not (self.path_of(name) / _ASKED).is_file():
            self.path_of(name).mkdir(parents=True, exist_ok=True)
            asked = {"id": name, "run_id": run_id, "scenario": scenario, "user": user, "at": at}
            write_file(self.path_of(name) / _ASKED, json_text(asked))
        return name

    def path_of(self, name: str) -> Path:
        """Return the folder of a scenario.

        Raises
        ------
        KeyError
            If it is no name that `ask` gives.
        """
        if not _SAFE_NAME.fullmatch(name):
            raise KeyError(f"no scenario {name!r}")
        return self.runs / FOLDER / name

    def names(self) -> list[str]:
        """Return the names of all scenarios."""
        return sorted(path.parent.name for path in (self.runs / FOLDER).glob(f"*/{_ASKED}"))

    def asked(self, name: str) -> dict[str, Any]:
        """Return what was asked.

        Raises
        ------
        KeyError
            If there is no such scenario.
        """
        found = _read(self.path_of(name) / _ASKED)
        if found is None:
            raise KeyError(f"no scenario {name!r}")
        return found

    def result(self, name: str) -> dict[str, Any] | None:
        """Return what came of a scenario; None as long as nothing has."""
        return _read(self.path_of(name) / _RESULT)

    def progress(self, name: str) -> list[str]:
        """Return the steps that were begun, the present one last."""
        return list((_read(self.path_of(name) / _PROGRESS) or {}).get("steps", ()))

    def set_result(self, name: str, result: Mapping[str, Any]) -> None:
        """Keep what came of a scenario; nothing is kept of one that was dropped meanwhile."""
        self._set(name, _RESULT, result)

    def set_progress(self, name: str, steps: list[str]) -> None:
        """Keep which steps were begun."""
        self._set(name, _PROGRESS, {"steps": steps})

    def _set(self, name: str, file: str, content: Mapping[str, Any]) -> None:
        if (self.path_of(name) / _ASKED).is_file():
            write_file(self.path_of(name) / file, json_text(content))

    def drop(self, name: str) -> None:
        """Remove a scenario with all that came of it."""
        shutil.rmtree(self.path_of(name), ignore_errors=True)


def _read(path: Path) -> dict[str, Any] | None:
    if not path.is_file():
        return None
    loaded: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return loaded
