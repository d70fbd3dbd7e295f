"""An environment of its own for a library that does not fit into ours, such as one that wants an older pandas."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path


def own_python(requirements: tuple[str, ...]) -> Path:
    """Return the Python of an environment that holds these packages; it is made once and kept in the user's cache.

    Parameters
    ----------
    requirements
        What to install, as pip spells it.

    Raises
    ------
    RuntimeError
        If the environment cannot be made, such as without a package index.
    """
    key = hashlib.sha256("\n".join((sys.version, *sorted(requirements))).encode()).hexdigest()[:12]
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = cache / "tierflow" / "environments" / key
    python = folder / "bin" / "python"
    if (folder / "complete").is_file():
        return python
    print(f"making an environment for {', '.join(requirements)} (once)", file=sys.stderr)
    shutil.rmtree(folder, ignore_errors=True)
    folder.parent.mkdir(parents=True, exist_ok=True)
    _call([sys.executable, "-m", "venv", str(folder)])
    _call([str(python), "-m", "pip", "install", "-q", "--disable-pip-version-check", *requirements])
    (folder / "complete").touch()
    return python


def run_there(python: Path, script: Path, *words: str, threads: int = 1) -> str:
    """Run a script with that Python and return what it printed.

    Parameters
    ----------
    python
        From `own_python`.
    script
        The file to run; it imports nothing of ours.
    words
        Its arguments.
    threads
        Threads that numerical libraries may use.

    Raises
    ------
    RuntimeError
        If the script fails.
    """
    names = ("OMP_NUM_THREADS", "NUMBA_NUM_THREADS", "NIXTLA_NUMBA_NUM_THREADS", "OPENBLAS_NUM_THREADS")
    environment = {**os.environ, **dict.fromkeys(names, str(threads))}
    environment.pop("PYTHONPATH", None)
    return _call([str(python), str(script), *words], environment=environment)


def _call(words: list[str], environment: dict[str, str] | None = None) -> str:
    done = subprocess.run(words, capture_output=True, text=True, check=False, env=environment)
    if done.returncode:
        last = "\n".join((done.stderr or done.stdout).strip().splitlines()[-15:])
        raise RuntimeError(f"{' '.join(words[:4])} ... failed:\n{last}")
    return done.stdout
