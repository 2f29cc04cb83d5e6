"""Check that `lang` and `asl` do no input or output, and that one module reads the clock and randomness."""

import ast
import os
import subprocess
import sys

import pytest

from tests.architecture.source import PACKAGE, Module, modules

IO_MODULES = {"sqlite3", "socket", "ssl", "subprocess", "http", "asyncio"}
CLOCK_AND_RANDOMNESS = {"time", "uuid", "random", "secrets"}
WORLD = "base/world.py"
SHIM = "runtime/process/shim.py"
"""A separate program that outlives the engine. It imports no module of the engine, so it reads the clock itself."""


def test_advance_loads_no_io_module() -> None:
    assert loaded_by("lamplighter.asl.execution.advance") & IO_MODULES == set()


def test_loaded_by_finds_loaded_modules() -> None:
    assert {"asyncio", "socket"} <= loaded_by("asyncio")


@pytest.mark.parametrize("package", ["lang", "asl"])
def test_no_module_of_a_pure_package_loads_an_io_module(package: str) -> None:
    names = [dotted_name(module) for module in modules() if module.name.startswith(package + "/")]
    assert names
    assert loaded_by(*names) & IO_MODULES == set()


def test_only_one_module_imports_clock_and_randomness() -> None:
    assert {module.name for module in modules() if CLOCK_AND_RANDOMNESS & imported_modules(module)} - {SHIM} == {WORLD}


def test_the_shim_imports_only_the_standard_library() -> None:
    (shim,) = (module for module in modules() if module.name == SHIM)
    assert imported_modules(shim) <= sys.stdlib_module_names


def test_the_launcher_imports_only_the_shim_and_the_standard_library() -> None:
    (launcher,) = (module for module in modules() if module.name == "runtime/process/launcher_program.py")
    assert imported_modules(launcher) - {"lamplighter"} <= sys.stdlib_module_names
    imports = [ast.unparse(node) for node in ast.walk(launcher.tree) if isinstance(node, ast.ImportFrom)]
    assert imports == ["from lamplighter.runtime.process import shim"]


def test_no_module_reads_the_current_date_or_time() -> None:
    assert [f"{module.name}:{node.lineno}" for module in modules() for node in current_time_reads(module)] == []


def dotted_name(module: Module) -> str:
    return "lamplighter." + module.name.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def loaded_by(*names: str) -> set[str]:
    """Return the top-level modules that a new interpreter has loaded after it imported these."""
    program = f"import sys, {', '.join(names)}; print(*sys.modules)"
    environment = os.environ | {"PYTHONPATH": str(PACKAGE.parent)}
    result = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    return {name.split(".")[0] for name in result.stdout.split()}


def imported_modules(module: Module) -> set[str]:
    """Return the top-level modules that this file imports anywhere."""
    found = set()
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add((node.module or ".").split(".")[0])
    return found


def current_time_reads(module: Module) -> list[ast.Attribute]:
    """Return all uses of `datetime.now` and similar functions."""
    return [
        node
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Attribute)
        and node.attr in {"now", "utcnow", "today"}
        and ast.unparse(node.value).split(".")[-1] in {"datetime", "date"}
    ]
