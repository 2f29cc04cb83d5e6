"""The language and its machine touch nothing; clock and chance come in through one door."""

import ast
import os
import subprocess
import sys

import pytest

from tests.architecture.source import MODULES, PACKAGE, Module

EDGES = {"sqlite3", "socket", "ssl", "subprocess", "http", "asyncio"}
LUCK = {"time", "uuid", "random", "secrets"}
DOOR = "base/world.py"
APART = "runtime/process/shim.py"
"""A program of its own that outlives the engine: it imports nothing of ours, so nobody can hand it a clock."""


def test_the_machine_loads_without_the_edges_of_the_world() -> None:
    assert loaded_by("lamplighter.asl.execution.advance") & EDGES == set()


def test_the_question_which_modules_are_loaded_is_answered() -> None:
    assert {"asyncio", "socket"} <= loaded_by("asyncio")


@pytest.mark.parametrize("package", ["lang", "asl"])
def test_no_module_of_a_pure_package_loads_the_edges_of_the_world(package: str) -> None:
    names = [dotted(module) for module in MODULES if module.name.startswith(package + "/")]
    assert names
    assert loaded_by(*names) & EDGES == set()


def test_one_module_imports_clock_and_chance() -> None:
    assert {module.name for module in MODULES if LUCK & imports(module)} - {APART} == {DOOR}


def test_the_program_apart_imports_the_standard_library_only() -> None:
    (apart,) = (module for module in MODULES if module.name == APART)
    assert imports(apart) <= sys.stdlib_module_names


def test_nobody_asks_the_calendar_what_time_it_is() -> None:
    assert [f"{module.name}:{node.lineno}" for module in MODULES for node in calendar_reads(module)] == []


def dotted(module: Module) -> str:
    return "lamplighter." + module.name.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def loaded_by(*names: str) -> set[str]:
    """Name the top-level modules that a fresh interpreter holds after it has imported these."""
    program = f"import sys, {', '.join(names)}; print(*sys.modules)"
    environment = os.environ | {"PYTHONPATH": str(PACKAGE.parent)}
    answer = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True)
    assert answer.returncode == 0, answer.stderr
    return {name.split(".")[0] for name in answer.stdout.split()}


def imports(module: Module) -> set[str]:
    """Name the top-level modules that this file imports anywhere."""
    found = set()
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add((node.module or ".").split(".")[0])
    return found


def calendar_reads(module: Module) -> list[ast.Attribute]:
    """Find `datetime.now` and its like."""
    return [
        node
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Attribute)
        and node.attr in {"now", "utcnow", "today"}
        and ast.unparse(node.value).split(".")[-1] in {"datetime", "date"}
    ]
