"""Check the imports against the layers of ARCHITECTURE.md, and that `.importlinter` covers every package."""

import ast
import os
import re
import subprocess
import sysconfig
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

from importlinter.api import read_configuration

from tests.architecture.source import PACKAGE, ROOT, Module, modules

CONTRACTS = {each["id"]: each for each in read_configuration(str(ROOT / ".importlinter"))["contracts_options"]}
ROWS = [[name.strip().strip("()") for name in row.split("|")] for row in CONTRACTS["layers"]["layers"]]
LAYERS = [name.strip() for row in CONTRACTS["layers"]["layers"] for name in row.split("|")]
DEPTH = {name: depth for depth, row in enumerate(ROWS) for name in row}
LOADER = "base/modules.py"
"""The one module that imports others by their names."""


def test_every_import_respects_the_contracts() -> None:
    command = [str(Path(sysconfig.get_path("scripts"), "lint-imports")), "--no-logo", "--no-cache"]
    environment = os.environ | {"PYTHONPATH": str(PACKAGE.parent)}
    result = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert result.returncode == 0, result.stdout + result.stderr


def test_every_package_has_exactly_one_layer() -> None:
    assert sorted(name for name in LAYERS if not name.startswith("(")) == sorted(top_level())


def test_an_optional_layer_does_not_exist_yet() -> None:
    """Import-linter accepts that a layer in brackets is missing. Once the package exists, the brackets must go."""
    assert not {name.strip("()") for name in LAYERS if name.startswith("(")} & top_level()


def test_the_contracts_have_no_exceptions() -> None:
    assert CONTRACTS["layers"]["exhaustive"] == "true"
    assert CONTRACTS["services"]["modules"] == ["lamplighter.services.*"]
    exceptions = {"ignore_imports", "exhaustive_ignores"}
    assert not [(name, *exceptions & each.keys()) for name, each in CONTRACTS.items() if exceptions & each.keys()]


def test_imports_under_type_checking_are_checked_too() -> None:
    options = read_configuration(str(ROOT / ".importlinter"))["session_options"]
    assert options == {"root_packages": ["lamplighter"]}


def test_only_one_module_imports_modules_by_name() -> None:
    importers = {module.name for module in modules() if re.search(r"\bimport_module\b|__import__", module.text)}
    assert importers == {LOADER}


def test_modules_that_are_imported_by_name_respect_the_layers_too() -> None:
    found = [(module, name) for module in modules() for name in module_names(module)]
    assert len(found) > 5
    assert [(module.name, name) for module, name in found if not may_import(module, name)] == []


def test_every_object_that_is_loaded_by_name_exists() -> None:
    references = [name for module in modules() for name in module_names(module) if ":" in name]
    assert len(references) > 8
    parts = {name: name.partition(":") for name in references}
    assert [name for name, (module, _, item) in parts.items() if not hasattr(import_module(module), item)] == []


def test_an_import_by_name_that_breaks_the_layers_is_found() -> None:
    text = 'load("lamplighter.engine.engine:Engine")'
    (name,) = module_names(Module("store/db.py", text, ast.parse(text)))
    assert not may_import(Module("store/db.py", text, ast.parse(text)), name)


def module_names(module: Module) -> Iterator[str]:
    """Yield the modules of the program that a module names in string literals."""
    texts = (node.value for node in ast.walk(module.tree) if isinstance(node, ast.Constant))
    pattern = re.compile(r"lamplighter(\.\w+){2,}(\.|:\w+)?")
    yield from (text for text in texts if isinstance(text, str) and pattern.fullmatch(text))


def may_import(module: Module, name: str) -> bool:
    """Return whether the layers contract allows a module to import another."""
    own, other = package(module.name), name.split(".")[1]
    return own == other or DEPTH[own] < DEPTH[other]


def package(name: str) -> str:
    return name.split("/")[0].removesuffix(".py")


def top_level() -> set[str]:
    """Return the packages and modules directly inside the program."""
    return {package(module.name) for module in modules()} - {"__init__"}
