"""What is kept of a run while it is planned: results of its parts, which a job that is taken up again need not make.

A part is a file that is there whole or not at all: a sha256, and what it is of, compressed. One that is not what its
sha256 says is taken for none.
"""

from __future__ import annotations

import hashlib
import logging
import shutil
import zlib
from dataclasses import dataclass
from pathlib import Path

from network.store_files import sweep_folder, write_bytes

ENDING = ".part"
# The fastest: cost curves repeat themselves so much that 28 MB become 2 MB in half a second.
COMPRESSION = 1
_DIGEST_BYTES = hashlib.sha256().digest_size
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class PartFiles:
    """The kept parts of one run, by name.

    Parameters
    ----------
    folder
        Where they are; made with the first one.
    """

    folder: Path

    def read(self, name: str) -> bytes | None:
        """Return a part; None if it is not there, or damaged, which is logged."""
        path = self._path_of(name)
        if not path.is_file():
            return None
        try:
            stored = path.read_bytes()
        except OSError as error:
            _log.warning("A kept part cannot be read and is made again: %s", error)
            return None
        packed = stored[_DIGEST_BYTES:]
        if hashlib.sha256(packed).digest() != stored[:_DIGEST_BYTES]:
            _log.warning("A kept part is damaged and is made again: %s", path)
            return None
        return zlib.decompress(packed)

    def write(self, name: str, content: bytes) -> None:
        """Keep a part, in one step; its name says all that decides it."""
        packed = zlib.compress(content, COMPRESSION)
        write_bytes(self._path_of(name), hashlib.sha256(packed).digest() + packed)

    def _path_of(self, name: str) -> Path:
        return self.folder / f"{name}{ENDING}"


def parts_of(folder: Path, run_id: str) -> PartFiles:
    """Return the parts of a run, and remove those of others: nobody takes those jobs up any more.

    Parameters
    ----------
    folder
        Folder of all kept parts.
    run_id
        The run that is being planned.
    """
    for other in sorted(folder.iterdir()) if folder.is_dir() else []:
        if other.name != run_id:
            shutil.rmtree(other)
    sweep_folder(folder / run_id)
    return PartFiles(folder / run_id)


def drop_parts(folder: Path) -> None:
    """Remove all kept parts; what the system does not let go is logged, and the next job tries again."""
    try:
        if folder.is_dir():
            shutil.rmtree(folder)
    except OSError as error:
        _log.warning("Parts of a finished run could not be removed: %s", error)


def parts_kept(folder: Path) -> int:
    """Count all kept parts."""
    return sum(1 for _ in folder.glob(f"*/[!.]*{ENDING}"))
