"""Run store: whole or not at all, never twice, and one run at a time; with processes that really are killed."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

from network.store import (
    ChainLocked,
    ModelCorrupted,
    Process,
    RunConflict,
    RunStore,
    code_version,
    lock,
    this_process,
)

ROOT = Path(__file__).resolve().parents[2]
MANIFEST = {"chain": "demo", "cutoff": "2024-03-10", "config": {"seed": 0}, "input_hash": "abc"}


def write_one(folder: Path) -> None:
    """Write a run of two files, one in a folder of its own."""
    (folder / "orders.csv").write_text("order_id\n1\n", encoding="utf-8")
    (folder / "charts").mkdir()
    (folder / "charts" / "one.svg").write_text("<svg/>", encoding="utf-8")


def start(code: str, *arguments: str) -> subprocess.Popen[str]:
    """Run Python code that uses the store in a process of its own."""
    return subprocess.Popen([sys.executable, "-c", code, *arguments], cwd=ROOT, stdout=subprocess.PIPE, text=True)


def test_a_published_run_is_whole_and_its_manifest_names_every_file(tmp_path: Path) -> None:
    store = RunStore(tmp_path / "runs")
    folder = store.publish("20240310-aa", write_one, MANIFEST)
    manifest = store.manifest("20240310-aa")
    assert folder == tmp_path / "runs" / "20240310-aa"
    assert sorted(manifest["files"]) == ["charts/one.svg", "orders.csv"]
    assert (manifest["run_id"], manifest["sequence"]) == ("20240310-aa", 1)
    assert [path.name for path in store.path.iterdir()] == ["20240310-aa"]


def test_publishing_the_same_run_again_writes_nothing(tmp_path: Path) -> None:
    store = RunStore(tmp_path)
    folder = store.publish("r1", write_one, MANIFEST)
    before = (folder / "manifest.json").read_bytes()

    def never(_: Path) -> None:
        raise AssertionError("written twice")

    assert store.publish("r1", never, {**MANIFEST, "timings": {"fit": 2.0}}) == folder
    assert (folder / "manifest.json").read_bytes() == before


def test_one_run_id_cannot_name_two_runs(tmp_path: Path) -> None:
    store = RunStore(tmp_path)
    store.publish("r1", write_one, MANIFEST)
    with pytest.raises(RunConflict, match="another config and input_hash"):
        store.publish("r1", write_one, {**MANIFEST, "config": {"seed": 1}, "input_hash": "xyz"})
    (tmp_path / "r2").mkdir()
    with pytest.raises(RunConflict, match="no published run"):
        store.publish("r2", write_one, MANIFEST)


@pytest.mark.parametrize("name", ["", "../up", "a/b", ".hidden", "models", "a b"])
def test_a_run_id_is_no_path(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match="cannot name a run"):
        RunStore(tmp_path).publish(name, write_one, MANIFEST)


def test_a_writer_that_fails_leaves_nothing(tmp_path: Path) -> None:
    def fail(folder: Path) -> None:
        write_one(folder)
        raise RuntimeError("disk on fire")

    store = RunStore(tmp_path)
    with pytest.raises(RuntimeError, match="disk on fire"):
        store.publish("r1", fail, MANIFEST)
    assert list(tmp_path.iterdir()) == []
    assert store.runs() == []


def test_a_run_killed_in_the_middle_is_not_there_and_is_swept_at_the_next_publication(tmp_path: Path) -> None:
    code = """
import sys, time
from pathlib import Path
from network.store import RunStore
def write(folder):
    (folder / "orders.csv").write_text("half")
    print("ready", flush=True)
    time.sleep(60)
RunStore(Path(sys.argv[1])).publish("r1", write, {})
"""
    store = RunStore(tmp_path)
    process = start(code, str(tmp_path))
    assert process.stdout is not None
    assert process.stdout.readline().strip() == "ready"
    assert store.sweep() == []  # it still lives
    process.kill()
    process.wait(timeout=10)
    process.stdout.close()
    assert len(list(tmp_path.iterdir())) == 1
    assert store.runs() == []
    store.publish("r1", write_one, MANIFEST)
    assert [path.name for path in tmp_path.iterdir()] == ["r1"]
    assert (tmp_path / "r1" / "orders.csv").read_text(encoding="utf-8") == "order_id\n1\n"


@pytest.mark.parametrize(("step", "is_published"), [(0, 0), (3, 0), (4, 0), (6, 0), (10, 0), (11, 1), (12, 1)])
def test_killed_at_any_step_a_run_is_whole_or_absent(tmp_path: Path, step: int, is_published: int) -> None:
    # The process kills itself before fsync number `step`. There are 12 of them: two files and two folders (0..3), the
    # manifest and its folder (4, 5), everything once more (6..10), rename, and the store's folder (11).
    code = """
import os, signal, sys
from pathlib import Path
import network.store_files
from network.store import RunStore
left = [int(sys.argv[2])]
real = os.fsync
def fsync(descriptor):
    left[0] -= 1
    if left[0] < 0:
        os.kill(os.getpid(), signal.SIGKILL)
    real(descriptor)
os.fsync = fsync
def write(folder):
    (folder / "orders.csv").write_text("whole")
    (folder / "charts").mkdir()
    (folder / "charts" / "one.svg").write_text("<svg/>")
RunStore(Path(sys.argv[1])).publish("r1", write, {"cutoff": "2024-03-10"})
"""
    process = start(code, str(tmp_path), str(step))
    assert process.wait(timeout=20) == (0 if step == 12 else -signal.SIGKILL)
    assert process.stdout is not None
    process.stdout.close()
    store = RunStore(tmp_path)
    published = store.runs()
    assert len(published) == is_published
    if published:
        assert sorted(published[0]["files"]) == ["charts/one.svg", "orders.csv"]
        assert (tmp_path / "r1" / "orders.csv").read_text(encoding="utf-8") == "whole"
    store.sweep()
    assert [path.name for path in tmp_path.iterdir()] == (["r1"] if published else [])


def test_the_previous_run_is_the_last_published_with_an_earlier_cutoff(tmp_path: Path) -> None:
    store = RunStore(tmp_path)
    for run_id, cutoff, chain in (("a", "03-08", "demo"), ("z", "03-09", "demo"), ("b", "03-09", "demo"),
                                  ("c", "03-09", "other"), ("d", "03-10", "demo")):  # fmt: skip
        store.publish(run_id, write_one, {"cutoff": f"2024-{cutoff}", "chain": chain})
    assert [run["run_id"] for run in store.runs()] == ["a", "z", "b", "c", "d"]
    previous = store.previous(pd.Timestamp("2024-03-10"), "demo")
    assert previous is not None
    assert previous["run_id"] == "b"
    assert store.previous("2024-03-08", "demo") is None


def test_manifests_are_strict_json(tmp_path: Path) -> None:
    store = RunStore(tmp_path)
    values = {"cutoff": pd.Timestamp("2024-03-10"), "gap": float("nan"), "n": pd.Series([3]).sum(), "s": {"b", "a"}}
    store.publish("r1", write_one, values)
    text = (tmp_path / "r1" / "manifest.json").read_text(encoding="utf-8")
    read = json.loads(text, parse_constant=lambda word: pytest.fail(f"{word} is no JSON"))
    assert (read["cutoff"], read["gap"], read["n"], read["s"]) == ("2024-03-10T00:00:00", None, 3, ["a", "b"])


def test_equal_tables_give_byte_equal_csv_and_read_back_the_same(tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {
            "sku": ["=1+1", "ü"],
            "ship_date": pd.to_datetime(["2024-03-11", None]),
            "value": [0.1 + 0.2, None],
            "n": [1, 2],
        }
    )
    store = RunStore(tmp_path)
    for run_id in ("r1", "r2"):
        store.publish(run_id, lambda folder: store.write_table(folder, "orders", frame.copy()), MANIFEST)
    first, second = ((tmp_path / run_id / "orders.csv").read_bytes() for run_id in ("r1", "r2"))
    expected = "sku,ship_date,value,n\n=1+1,2024-03-11,0.30000000000000004,1\nü,,,2\n"
    assert first == second == expected.encode()
    pd.testing.assert_frame_equal(store.read_table("r1", "orders"), frame, check_dtype=False)
    with pytest.raises(KeyError, match="no table 'loads'"):
        store.read_table("r1", "loads")
    with pytest.raises(KeyError, match="no run 'r9'"):
        store.read_table("r9", "orders")


def test_a_model_is_read_back_only_if_no_byte_of_it_changed(tmp_path: Path) -> None:
    store = RunStore(tmp_path)
    files = {"booster.txt": "tree\r\nleaf=0.1\n", "calibration.json": "{}"}
    model_id = store.save_model(files, {"cutoff": "2024-03-10"})
    assert store.save_model(dict(reversed(files.items()))) == model_id
    assert store.load_model(model_id) == files
    store.set_champion(model_id)
    assert store.champion() == model_id
    (tmp_path / "models" / model_id / "booster.txt").write_text("tree\nleaf=0.2\n", encoding="utf-8")
    with pytest.raises(ModelCorrupted, match=r"booster\.txt has changed"):
        store.load_model(model_id)
    assert store.save_model(files) == model_id  # the damaged copy is replaced
    assert store.load_model(model_id) == files
    assert store.runs() == []


def test_an_unknown_or_unsafe_model_is_refused(tmp_path: Path) -> None:
    store = RunStore(tmp_path)
    assert store.champion() is None
    for model_id in ("0123", "../../etc"):
        with pytest.raises(ModelCorrupted, match="no such model"):
            store.set_champion(model_id)
    with pytest.raises(ValueError, match="cannot name a file"):
        store.save_model({"../x": ""})


def test_a_chain_is_held_by_one_run_at_a_time(tmp_path: Path) -> None:
    with lock(tmp_path) as ours:
        assert ours == this_process()
        with pytest.raises(ChainLocked, match=f"process {os.getpid()} ") as error, lock(tmp_path):
            pass
        assert error.value.holder == ours
    with lock(tmp_path):
        pass


@pytest.fixture
def holder(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds the folder."""
    code = """
import sys, time
from pathlib import Path
from network.store import lock
with lock(Path(sys.argv[1])):
    print("ready", flush=True)
    time.sleep(60)
"""
    process = start(code, str(tmp_path))
    yield process
    process.kill()
    process.wait(timeout=10)
    if process.stdout is not None:
        process.stdout.close()


def test_the_lock_of_a_killed_run_is_taken_over(tmp_path: Path, holder: subprocess.Popen[str]) -> None:
    assert holder.stdout is not None
    assert holder.stdout.readline().strip() == "ready"
    with pytest.raises(ChainLocked, match=f"process {holder.pid} "), lock(tmp_path):
        pass
    holder.kill()
    deadline = time.monotonic() + 10
    while holder.poll() is None and time.monotonic() < deadline:
        time.sleep(0.01)
    with lock(tmp_path) as ours:
        assert json.loads((tmp_path / ".lock").read_text(encoding="utf-8"))["pid"] == ours.pid


def test_a_lock_file_alone_counts_as_long_as_its_process_lives(tmp_path: Path) -> None:
    # Without flock (some network drives) the file's own words decide: pid 1 lives, but did not start at tick 1.
    ours = this_process()
    parent = os.getppid()
    stat = Path(f"/proc/{parent}/stat")
    if not stat.exists():
        pytest.skip("no /proc here to read start times from")
    started = stat.read_text(encoding="utf-8").rpartition(")")[2].split()[19]
    file = tmp_path / ".lock"
    file.write_text(json.dumps({"pid": parent, "start": started, "place": ours.place}), encoding="utf-8")
    with pytest.raises(ChainLocked), lock(tmp_path):
        pass
    file.write_text(json.dumps({"pid": parent, "start": "1", "place": ours.place}), encoding="utf-8")
    with lock(tmp_path):
        pass
    file.write_text('{"pid": 12', encoding="utf-8")  # killed while writing
    with lock(tmp_path):
        pass


def test_a_process_is_not_taken_for_a_later_one_with_its_number() -> None:
    ours = this_process()
    assert ours.is_alive()
    assert not Process(ours.pid, "1", ours.place).is_alive()
    assert not Process(ours.pid, ours.start, "other_boot").is_alive()
    assert not Process(2**22 + 1, ours.start, ours.place).is_alive()


def test_the_code_version_is_the_same_every_time() -> None:
    assert code_version() == code_version()
    assert len(code_version()) == 16


def test_a_challenger_that_becomes_the_champion_challenges_no_more(tmp_path: Path) -> None:
    store = RunStore(tmp_path)
    first, second = (store.save_model({"a.txt": text}) for text in ("1", "2"))
    store.set_champion(first)
    assert store.challenger() is None
    store.set_challenger(second)
    store.set_champion(first)
    assert store.challenger() == second
    store.set_champion(second)
    assert (store.champion(), store.challenger()) == (second, None)
    with pytest.raises(ModelCorrupted, match="no such model"):
        store.set_challenger("0123")
