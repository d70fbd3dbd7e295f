"""The rooms and their fences: who may import whom, who may touch files, clocks and heavy libraries."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
LAYERS = ("network", "forecasting", "optimization", "engine", "experiments", "cockpit")
HEAVY = ("pandas", "lightgbm", "statsmodels", "mlflow", "ortools")
# What may be loaded before a command is chosen: Typer with what it needs, and nothing slow of the standard library.
START_LIBRARIES = {"typer", "click", "shellingham", "annotated_doc", "typing_extensions"}
SLOW_STANDARD = {"asyncio", "concurrent", "email", "http", "multiprocessing", "sqlite3", "ssl", "unittest", "xml"}
DISTRIBUTION_MODULES = ("forecasting.forecast", "forecasting.distribution", "forecasting.counts")
FORBIDDEN_FOLDERS = {"src", "utils", "common", "core", "helpers", "misc"}
MAX_FILE_LINES, MAX_TEST_LINES, MAX_FUNCTION_LINES = 350, 600, 70

# library -> the path prefixes that may import it; a door may be split into files that start with its name
FENCES = {
    "lightgbm": ("forecasting/models/",),
    "statsmodels": ("forecasting/models/",),
    "ortools": ("optimization/flow/", "optimization/loads.py"),
    "mlflow": ("experiments/tracking",),
    "duckdb": ("network/ingest",),
    "sqlalchemy": ("network/ingest", "optimization/ledger", "cockpit/web/accounts.py"),
    "psycopg": ("network/ingest",),
    "dask": ("optimization/partition/",),
    "distributed": ("optimization/partition/",),
    "sqlite3": (),
    "xlsxwriter": ("optimization/export",),
    "lxml": ("optimization/export",),
    "typer": ("cockpit/",),
    "rich": ("cockpit/",),
    "jinja2": ("cockpit/",),
    "fastapi": ("cockpit/web/",),
    "starlette": ("cockpit/web/",),
    "uvicorn": ("cockpit/web/",),
    "flask": (),
    "jwt": ("cockpit/web/",),
    "prometheus_client": ("cockpit/web/",),
    "babel": ("cockpit/web/",),
    "argon2": ("cockpit/web/",),
    "pickle": (),
    "joblib": (),
    "sklearn": (),
}
FILE_DOORS = (
    "network/ingest",
    "network/store",
    "optimization/export",
    "optimization/ledger",
    "cockpit/web/accounts.py",
    "cockpit/web/keys.py",
    "experiments/world",
    "experiments/tracking",
)
CLOCK_DOORS = ("cockpit/",)

FILE_METHODS = {
    *("open", "write_text", "write_bytes", "read_text", "read_bytes", "mkdir", "rmdir", "unlink", "touch"),
    *("read_csv", "read_parquet", "read_excel", "read_json", "read_sql", "read_feather", "read_pickle", "read_html"),
    *("to_csv", "to_parquet", "to_excel", "to_sql", "to_feather", "to_pickle", "to_hdf", "tofile", "fromfile"),
    *("save_model", "write_table", "ParquetWriter", "ParquetFile", "ExcelWriter", "create_engine"),
}
FILE_FUNCTIONS = {
    *(f"os.{name}" for name in ("replace", "rename", "remove", "makedirs", "mkdir", "open", "fsync", "unlink", "link")),
    *(f"np.{name}" for name in ("save", "savez", "savez_compressed", "savetxt", "load", "loadtxt", "genfromtxt")),
    *(f"shutil.{name}" for name in ("copy", "copy2", "copyfile", "copytree", "move", "rmtree")),
    *(f"tempfile.{name}" for name in ("mkdtemp", "mkstemp", "TemporaryDirectory", "NamedTemporaryFile")),
    *("sqlite3.connect", "duckdb.connect"),
}
CLOCK_METHODS = {"now", "utcnow", "today"}
CLOCK_FUNCTIONS = {f"time.{name}" for name in ("time", "time_ns", "localtime", "gmtime", "ctime", "strftime")}
CLOCK_STRINGS = {"now", "today"}


def sources() -> list[Path]:
    """Every Python file of the product, tests and scripts left out."""
    packages = (ROOT / name for name in LAYERS if name != "engine")
    return [ROOT / "engine.py", *(path for package in packages for path in sorted(package.rglob("*.py")))]


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def imported(tree: ast.AST) -> Iterator[tuple[str, int]]:
    """Dotted names imported anywhere, lazily or by name as well; relative imports start with a dot."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level:
            yield "." * node.level + (node.module or ""), node.lineno
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from ((f"{node.module}.{alias.name}", node.lineno) for alias in node.names)
        elif isinstance(node, ast.Call) and called(node) in {"__import__", "importlib.import_module", "import_module"}:
            yield from ((str(a.value), node.lineno) for a in node.args[:1] if isinstance(a, ast.Constant))


def called(call: ast.Call) -> str:
    """Dotted name of what is called, as written; an unnamed receiver reads '?'."""
    names: list[str] = []
    node: ast.expr = call.func
    while isinstance(node, ast.Attribute):
        names.append(node.attr)
        node = node.value
    names.append(node.id if isinstance(node, ast.Name) else "?")
    return ".".join(reversed(names))


def layer_of(path: str) -> str:
    return path.split("/")[0].removesuffix(".py")


def layer_breaches(path: str, tree: ast.AST) -> list[str]:
    """Imports that point to the left, out of the product, or are relative."""
    mine = LAYERS.index(layer_of(path))
    found = []
    for name, line in imported(tree):
        top = name.split(".")[0]
        if name.startswith("."):
            found.append(f"{path}:{line} relative import {name}")
        elif top in LAYERS and LAYERS.index(top) > mine:
            found.append(f"{path}:{line} {layer_of(path)} imports {name}")
        elif top in {"tests", "benchmarks", "examples"}:
            found.append(f"{path}:{line} product imports {name}")
        elif layer_of(path) == "optimization" and top == "forecasting" and not is_distribution(name):
            found.append(f"{path}:{line} optimization knows the forecast's distribution only, not {name}")
    return found


def is_distribution(name: str) -> bool:
    """The forecast and the formulas of its distribution: all that decisions may know of futures."""
    return ".".join(name.split(".")[:2]) in DISTRIBUTION_MODULES


def fence_breaches(path: str, tree: ast.AST) -> list[str]:
    """Fenced libraries imported outside their fence."""
    return [
        f"{path}:{line} imports {name}"
        for name, line in imported(tree)
        if name.split(".")[0] in FENCES and not path.startswith(FENCES[name.split(".")[0]] or ("\0",))
    ]


def touches_files(call: ast.Call) -> bool:
    name = called(call)
    method = name.split(".")[-1]
    if call.args and reads_memory(call.args[0]):
        return False
    if name == "open" or name.replace("numpy.", "np.") in FILE_FUNCTIONS:
        return True
    if method == "to_csv" and not call.args and not any(k.arg == "path_or_buf" for k in call.keywords):
        return False  # without a path it returns text
    return "." in name and method in FILE_METHODS and not is_run_store(name)


def reads_memory(source: ast.expr) -> bool:
    """A buffer in memory, or the null device."""
    if isinstance(source, ast.Call):
        return called(source).split(".")[-1] in {"BytesIO", "StringIO", "py_buffer", "BufferReader"}
    return isinstance(source, ast.Attribute) and source.attr == "devnull"


def is_run_store(name: str) -> bool:
    """The run store's own methods are the door, wherever they are called."""
    return "store" in name.split(".")[-2].lower()


def file_breaches(path: str, tree: ast.AST) -> list[str]:
    """File access outside the doors."""
    if path.startswith(FILE_DOORS):
        return []
    calls = (node for node in ast.walk(tree) if isinstance(node, ast.Call))
    return [f"{path}:{call.lineno} calls {called(call)}" for call in calls if touches_files(call)]


def reads_clock(call: ast.Call) -> bool:
    name = called(call)
    method = name.split(".")[-1]
    if name in CLOCK_FUNCTIONS or ("." in name and method in CLOCK_METHODS):
        return True
    first = call.args[0] if call.args else None
    is_word = isinstance(first, ast.Constant) and first.value in CLOCK_STRINGS
    return is_word and method in {"Timestamp", "to_datetime", "datetime64"}


def clock_breaches(path: str, tree: ast.AST) -> list[str]:
    """Wall clock outside cockpit/, also when `time` was imported by name."""
    if path.startswith(CLOCK_DOORS):
        return []
    by_name = [f"{path}:{line} imports {name}" for name, line in imported(tree) if name in CLOCK_FUNCTIONS]
    calls = (node for node in ast.walk(tree) if isinstance(node, ast.Call))
    return by_name + [f"{path}:{call.lineno} calls {called(call)}" for call in calls if reads_clock(call)]


def function_lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines of a function without decorators and docstring."""
    lines = (node.end_lineno or node.lineno) - node.lineno + 1
    if ast.get_docstring(node) is not None:
        lines -= (node.body[0].end_lineno or 0) - node.body[0].lineno + 1
    return lines


def size_breaches(path: str, text: str) -> list[str]:
    """Files and functions beyond the house's hard limits."""
    limit = MAX_TEST_LINES if path.startswith("tests/") else MAX_FILE_LINES
    found = [f"{path} has {n} lines"] if (n := len(text.splitlines())) > limit else []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and function_lines(node) > MAX_FUNCTION_LINES:
            found.append(f"{path}:{node.lineno} {node.name} has {function_lines(node)} lines")
    return found


def forbidden_folders(paths: list[str]) -> list[str]:
    return [path for path in paths if FORBIDDEN_FOLDERS & {part.removesuffix(".py") for part in Path(path).parts}]


def machine_paths(text: str) -> list[str]:
    """Absolute paths of somebody's machine, such as a home folder."""
    return re.findall(r"(?<![\w.])/(?:home|root|work|Users)/\w+|[A-Z]:\\+Users\b", text)


def tracked_files() -> list[str]:
    """Files under version control; without git, every file outside hidden folders and chains."""
    listing = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listing.returncode == 0 and listing.stdout:
        return [name for name in listing.stdout.splitlines() if (ROOT / name).is_file()]
    top = (path for path in ROOT.iterdir() if not path.name.startswith(".") and path.name != "demo")
    files = (path for entry in top for path in ([entry] if entry.is_file() else entry.rglob("*")))
    return sorted(relative(path) for path in files if path.is_file() and "__pycache__" not in path.parts)


def breaches(detector: str) -> list[str]:
    check = globals()[detector]
    return [line for path in sources() for line in check(relative(path), ast.parse(path.read_text("utf-8")))]


def test_every_room_is_there_and_has_source() -> None:
    rooms = {layer_of(relative(path)) for path in sources() if path.is_file()}
    assert rooms == set(LAYERS)


@pytest.mark.parametrize("detector", ["layer_breaches", "fence_breaches", "file_breaches", "clock_breaches"])
def test_the_tree_keeps_its_fences(detector: str) -> None:
    assert breaches(detector) == []


def test_files_and_functions_stay_short() -> None:
    tests = sorted((ROOT / "tests").rglob("*.py"))
    examples = sorted(path for name in ("examples", "benchmarks") for path in (ROOT / name).rglob("*.py"))
    found = [size_breaches(relative(path), path.read_text("utf-8")) for path in [*sources(), *tests, *examples]]
    assert [line for lines in found for line in lines] == []


def test_no_forbidden_folder_or_module_name() -> None:
    assert forbidden_folders(tracked_files()) == []


def test_tests_are_no_package() -> None:
    assert list((ROOT / "tests").rglob("__init__.py")) == []


def test_no_file_names_a_machine() -> None:
    found = []
    for name in tracked_files():
        data = (ROOT / name).read_bytes()
        if b"\0" not in data[:4096]:
            found += [f"{name}: {path}" for path in machine_paths(data.decode("utf-8", errors="replace"))]
    assert found == []


def loaded_after(code: str) -> set[str]:
    """Heavy libraries loaded by a fresh interpreter that ran this code."""
    probe = f"import sys\n{code}\nprint('LOADED', *sorted(set({HEAVY!r}) & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", probe], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return set(done.stdout.splitlines()[-1].split()[1:])


def test_help_loads_no_heavy_library() -> None:
    code = "from cockpit.cli import main\nsys.argv = ['tierflow', '--help']\n"
    code += "try:\n    main()\nexcept SystemExit as stop:\n    assert not stop.code, stop.code"
    assert loaded_after(code) == set()


def test_help_loads_typer_and_the_command_line_alone() -> None:
    """The budget of the start-up: nothing of ours but the command line, one library, and no slow part of Python."""
    code = "import sys\nbefore = set(sys.modules)\nfrom cockpit.cli import main\n"
    code += "try:\n    main(['--help'])\nexcept SystemExit:\n    pass\n"
    code += "print('LOADED', *sorted(set(sys.modules) - before))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    loaded = done.stdout.splitlines()[-1].split()[1:]
    ours = {name for name in loaded if layer_of(name.replace(".", "/")) in LAYERS}
    assert {name for name in ours if not name.startswith(("cockpit.cli", "cockpit.outcome"))} <= {"cockpit"}
    outside = {name.split(".")[0] for name in loaded if name not in ours} - set(sys.stdlib_module_names)
    assert outside <= START_LIBRARIES
    assert {name for name in loaded if name.split(".")[0] in SLOW_STANDARD} == set()


def test_importing_the_engine_loads_no_mlflow() -> None:
    assert "mlflow" not in loaded_after("import engine")


def test_the_import_probe_sees_what_is_loaded() -> None:
    assert "pandas" in loaded_after("import pandas")


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("network/graph.py", "import forecasting.panel"),
        ("network/graph.py", "def f():\n    from engine import plan"),
        ("forecasting/panel.py", "from optimization import orders"),
        ("forecasting/panel.py", "import importlib\nimportlib.import_module('cockpit.cli')"),
        ("optimization/orders.py", "from forecasting.models import tsb"),
        ("optimization/orders.py", "from forecasting import models"),
        ("engine.py", "from experiments import world"),
        ("experiments/world.py", "import cockpit"),
        ("network/graph.py", "from . import check"),
        ("network/graph.py", "from tests.oracles import slow"),
    ],
)
def test_an_import_to_the_left_is_found(path: str, code: str) -> None:
    assert len(layer_breaches(path, ast.parse(code))) == 1


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("cockpit/jobs.py", "import engine, network.store"),
        ("optimization/orders.py", "from forecasting.forecast import Forecast\nimport numpy"),
        ("engine.py", "from optimization.flow import model"),
    ],
)
def test_an_import_to_the_right_is_fine(path: str, code: str) -> None:
    assert layer_breaches(path, ast.parse(code)) == []


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("forecasting/features.py", "import lightgbm as lgb"),
        ("forecasting/metrics.py", "def f():\n    from statsmodels.tsa import api"),
        ("optimization/audit.py", "from ortools.graph.python import min_cost_flow"),
        ("engine.py", "import mlflow.tracking"),
        ("cockpit/cli.py", "import fastapi"),
        ("network/store.py", "import pickle"),
        ("network/store.py", "import sqlite3"),
    ],
)
def test_a_fenced_library_outside_its_fence_is_found(path: str, code: str) -> None:
    assert len(fence_breaches(path, ast.parse(code))) == 1


def test_a_fenced_library_inside_its_fence_is_fine() -> None:
    assert fence_breaches("forecasting/models/tsb.py", ast.parse("import lightgbm")) == []
    assert fence_breaches("optimization/loads.py", ast.parse("import ortools")) == []


@pytest.mark.parametrize(
    "code",
    [
        "open('x')",
        "path.open('w')",
        "path.write_text('x')",
        "pd.read_csv(path)",
        "frame.to_csv(path)",
        "frame.to_csv(path_or_buf=path)",
        "frame.to_parquet('x')",
        "np.save('x', a)",
        "os.replace(a, b)",
        "sqlite3.connect('x')",
        "(folder / 'x').mkdir()",
        "shutil.rmtree(folder)",
        "booster.save_model('x')",
    ],
)
def test_file_access_outside_the_doors_is_found(code: str) -> None:
    assert len(file_breaches("engine.py", ast.parse(code))) == 1
    assert file_breaches("network/store.py", ast.parse(code)) == []


@pytest.mark.parametrize(
    "code",
    [
        "text.replace('a', 'b')",
        "snapshot.replace(cutoff=1)",
        "frame.to_csv()",
        "store.write_table(a, b, c)",
        "pd.read_csv(io.BytesIO(data))",
        "os.open(os.devnull, 1)",
    ],
)
def test_values_are_not_taken_for_files(code: str) -> None:
    assert file_breaches("engine.py", ast.parse(code)) == []


@pytest.mark.parametrize(
    "code",
    [
        "datetime.now(UTC)",
        "datetime.datetime.utcnow()",
        "date.today()",
        "pd.Timestamp.now()",
        "pd.Timestamp('today')",
        "np.datetime64('now')",
        "time.time()",
        "from time import time",
    ],
)
def test_the_wall_clock_outside_cockpit_is_found(code: str) -> None:
    assert len(clock_breaches("engine.py", ast.parse(code))) == 1
    assert clock_breaches("cockpit/jobs.py", ast.parse(code)) == []


def test_a_stopwatch_is_no_wall_clock() -> None:
    assert clock_breaches("engine.py", ast.parse("time.perf_counter()\npd.Timestamp('2024-01-01')")) == []


def test_a_long_function_and_a_long_file_are_found() -> None:
    body = "    x = 1\n" * MAX_FUNCTION_LINES
    assert len(size_breaches("engine.py", f"def f():\n{body}")) == 1
    assert len(size_breaches("engine.py", "x = 1\n" * (MAX_FILE_LINES + 1))) == 1
    assert size_breaches("tests/test_x.py", "x = 1\n" * MAX_TEST_LINES) == []


def test_a_docstring_does_not_make_a_function_long() -> None:
    doc = '    """First.\n' + "\n    line" * MAX_FUNCTION_LINES + '\n    """\n'
    assert size_breaches("engine.py", f"def f():\n{doc}    return 1\n") == []


def test_forbidden_names_are_found() -> None:
    bad = ["network/utils/a.py", "src/x.py", "forecasting/helpers.py", "core/a.py"]
    assert forbidden_folders([*bad, "network/store.py", "docs/core-ideas.md"]) == bad


def test_a_machine_path_is_found() -> None:
    assert machine_paths("see " + "/".join(["", "home", "ann", "chain"])) != []
    assert machine_paths("C:" + "\\Users\\ann") != []
    assert machine_paths("https://example.org/" + "home/ann and ./work/x") == []
