"""Wheel, sdist and editable install hold the whole product, and its generic top-level names resolve to it."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("network", "forecasting", "optimization", "experiments", "cockpit")
NAMES = ("engine", *PACKAGES)


def run(*command: str | Path, cwd: Path) -> str:
    """Output of a command that must succeed."""
    done = subprocess.run(list(map(str, command)), cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def product_files() -> set[str]:
    """Every file of the product as a path inside wheel and sdist."""
    files = (path for name in PACKAGES for path in (ROOT / name).rglob("*") if path.is_file())
    inside = {path.relative_to(ROOT).as_posix() for path in files if "__pycache__" not in path.parts}
    return inside | {"engine.py"}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the sdist and the wheel that was built from it."""
    folder = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, ROOT, cwd=folder)
    return folder


def new_environment(folder: Path) -> Path:
    """A Python in an environment that has our dependencies, and nothing of ours."""
    run(sys.executable, "-m", "venv", "--without-pip", folder, cwd=folder.parent)
    python = folder / "bin" / "python"
    site = Path(run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", cwd=folder).strip())
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib"))
    return python


def install(python: Path, *what: str | Path) -> None:
    options = (
        "--no-deps",
        "--no-build-isolation",
        "--ignore-installed",
        "--no-index",
        "--disable-pip-version-check",
        "-q",
    )
    run(sys.executable, "-m", "pip", "--python", python, "install", *options, *what, cwd=python.parent)


def origins(python: Path, cwd: Path) -> dict[str, Path]:
    """Where each top-level name comes from."""
    code = f"import importlib.util as u\nfor n in {NAMES!r}: print(n, u.find_spec(n).origin)"
    lines = run(python, "-I", "-c", code, cwd=cwd).splitlines()
    return {name: Path(origin) for name, origin in (line.split(" ", 1) for line in lines)}


def test_the_wheel_holds_every_file_and_nothing_else(built: Path) -> None:
    with zipfile.ZipFile(next(built.glob("*.whl"))) as wheel:
        names = {name for name in wheel.namelist() if ".dist-info/" not in name}
        metadata = wheel.read(next(name for name in wheel.namelist() if name.endswith("/METADATA"))).decode()
        assert any(name.endswith("/licenses/LICENSE") for name in wheel.namelist())
    assert names == product_files()
    assert "Classifier: Private :: Do Not Upload" in metadata


def test_the_sdist_holds_every_file(built: Path) -> None:
    with tarfile.open(next(built.glob("*.tar.gz"))) as sdist:
        names = {name.split("/", 1)[1] for name in sdist.getnames() if "/" in name}
    assert names >= product_files() | {"pyproject.toml", "README.md", "LICENSE", "CHANGELOG.md"}


def test_templates_are_inside(built: Path) -> None:
    with zipfile.ZipFile(next(built.glob("*.whl"))) as wheel:
        assert any(name.startswith("cockpit/templates/") and name.endswith(".html") for name in wheel.namelist())


def test_an_installed_wheel_works_from_any_folder(built: Path, tmp_path: Path) -> None:
    python = new_environment(tmp_path / "venv")
    install(python, next(built.glob("*.whl")))
    found = origins(python, tmp_path)
    assert all(origin.is_relative_to(tmp_path / "venv") for origin in found.values()), found
    assert "plan" in run(python.parent / "tierflow", "--help", cwd=tmp_path)
    run(python, "-I", "-c", "import engine, network.ingest, cockpit.cli", cwd=tmp_path)


def test_an_editable_install_points_to_the_tree(tmp_path: Path) -> None:
    python = new_environment(tmp_path / "venv")
    install(python, "--editable", ROOT)
    found = origins(python, tmp_path)
    assert all(origin.is_relative_to(ROOT) for origin in found.values()), found
    assert "plan" in run(python.parent / "tierflow", "--help", cwd=tmp_path)


def test_no_other_distribution_claims_our_names() -> None:
    owners = packages_distributions()
    assert {name: owners[name] for name in NAMES if set(owners.get(name, ())) - {"tierflow"}} == {}


def test_locks_name_no_host() -> None:
    locks = sorted(ROOT.glob("requirements*.lock"))
    assert [lock.name for lock in locks] == ["requirements-dev.lock", "requirements-server.lock", "requirements.lock"]
    for lock in locks:
        lines = [line for line in lock.read_text().splitlines() if not line.startswith("#")]
        assert [line for line in lines if "://" in line or line.startswith("-")] == []


def pins(lock: str) -> set[str]:
    """`name==version` of each line, its platform marker left out."""
    lines = (ROOT / lock).read_text().splitlines()
    return {line.split(";")[0].strip() for line in lines if not line.startswith("#")}


def test_the_two_locks_agree() -> None:
    assert pins("requirements.lock") <= pins("requirements-dev.lock")


def test_run_names_its_verbs_and_refuses_others() -> None:
    assert "./run VERB" in run(ROOT / "run", cwd=ROOT)
    for wrong in (["nonsense"], ["bench"]):
        done = subprocess.run([ROOT / "run", *wrong], cwd=ROOT, capture_output=True, text=True, check=False)
        assert (done.returncode, "usage" in done.stderr) == (2, True)
