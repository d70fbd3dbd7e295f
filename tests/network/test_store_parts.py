"""Kept parts are whole or not there, belong to one run, and go with it."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from network.store import RunStore


def names(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def test_a_part_is_read_back_only_as_it_was_written(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    parts = RunStore(tmp_path).parts("r1")
    assert parts.read("flows-1") is None
    parts.write("flows-1", b"content" * 100)
    assert parts.read("flows-1") == b"content" * 100
    (path,) = parts.folder.iterdir()
    stored = path.read_bytes()
    for size in range(0, len(stored), 7):
        path.write_bytes(stored[:size])
        assert parts.read("flows-1") is None
    for at in range(0, len(stored), 5):
        path.write_bytes(stored[:at] + bytes([stored[at] ^ 4]) + stored[at + 1 :])
        assert parts.read("flows-1") is None
    assert all("damaged" in record.message for record in caplog.records)
    parts.write("flows-1", b"content" * 100)
    assert path.read_bytes() == stored


def test_the_parts_of_another_run_go_when_a_run_begins(tmp_path: Path) -> None:
    store = RunStore(tmp_path)
    store.parts("r1").write("targets-1", b"a")
    assert store.parts("r1").read("targets-1") == b"a"
    store.parts("r2").write("targets-1", b"b")
    assert names(tmp_path) == ["parts/r2/targets-1.part"]
    assert store.n_parts() == 1
    store.drop_parts()
    assert names(tmp_path) == [] and store.n_parts() == 0
    store.drop_parts()


def test_parts_are_no_run_and_no_run_is_called_so(tmp_path: Path) -> None:
    store = RunStore(tmp_path)
    store.parts("r1").write("targets-1", b"a")
    assert store.runs() == []
    with pytest.raises(ValueError, match="cannot name a run"):
        store.parts("parts")
    with pytest.raises(ValueError, match="cannot name a run"):
        store.parts("../r1")


def test_what_a_killed_process_left_half_written_is_swept(tmp_path: Path) -> None:
    parts = RunStore(tmp_path).parts("r1")
    parts.write("targets-1", b"a")
    (parts.folder / ".writing-4194304-0-x-targets-2.part").write_bytes(b"half")
    assert RunStore(tmp_path).n_parts() == 1
    RunStore(tmp_path).parts("r1")
    assert names(tmp_path) == ["parts/r1/targets-1.part"]


def test_a_full_disk_leaves_no_half_part(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    parts = RunStore(tmp_path).parts("r1")

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        parts.write("targets-1", b"a")
    assert names(tmp_path) == []


def test_parts_that_cannot_be_removed_are_said_and_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    store = RunStore(tmp_path)
    store.parts("r1").write("targets-1", b"a")

    def refused(path: Path) -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr("shutil.rmtree", refused)
    store.drop_parts()
    assert "could not be removed" in caplog.text
    assert store.n_parts() == 1
