"""The layers of ARCHITECTURE.md, held by import-linter; and `.importlinter` itself, held to leave nothing out."""

import ast
import os
import re
import subprocess
import sysconfig
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

from importlinter.api import read_configuration

from tests.architecture.source import MODULES, PACKAGE, ROOT, Module

CONTRACTS = {each["id"]: each for each in read_configuration(str(ROOT / ".importlinter"))["contracts_options"]}
ROWS = [[name.strip().strip("()") for name in row.split("|")] for row in CONTRACTS["layers"]["layers"]]
LAYERS = [name.strip() for row in CONTRACTS["layers"]["layers"] for name in row.split("|")]
DEPTH = {name: depth for depth, row in enumerate(ROWS) for name in row}
LOADER = "base/modules.py"
"""The one module that imports others by their names."""


def test_every_import_respects_the_contracts() -> None:
    command = [str(Path(sysconfig.get_path("scripts"), "lint-imports")), "--no-logo", "--no-cache"]
    environment = os.environ | {"PYTHONPATH": str(PACKAGE.parent)}
    verdict = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert verdict.returncode == 0, verdict.stdout + verdict.stderr


def test_every_package_has_exactly_one_layer() -> None:
    assert sorted(name for name in LAYERS if not name.startswith("(")) == sorted(top_level())


def test_a_layer_in_brackets_is_not_built_yet() -> None:
    """Import-linter does not miss a layer in brackets: once it is built, the brackets have to go."""
    assert not {name.strip("()") for name in LAYERS if name.startswith("(")} & top_level()


def test_the_contracts_make_no_exception() -> None:
    assert CONTRACTS["layers"]["exhaustive"] == "true"
    assert CONTRACTS["services"]["modules"] == ["lamplighter.services.*"]
    excuses = {"ignore_imports", "exhaustive_ignores"}
    assert not [(name, *excuses & each.keys()) for name, each in CONTRACTS.items() if excuses & each.keys()]


def test_imports_for_type_checkers_count() -> None:
    options = read_configuration(str(ROOT / ".importlinter"))["session_options"]
    assert options == {"root_packages": ["lamplighter"]}


def test_one_module_imports_by_name() -> None:
    importers = {module.name for module in MODULES if re.search(r"\bimport_module\b|__import__", module.text)}
    assert importers == {LOADER}


def test_modules_that_are_imported_by_name_respect_the_layers_too() -> None:
    found = [(module, name) for module in MODULES for name in module_names(module)]
    assert len(found) > 5
    assert [(module.name, name) for module, name in found if not may_import(module, name)] == []


def test_every_object_that_is_loaded_by_its_reference_exists() -> None:
    references = [name for module in MODULES for name in module_names(module) if ":" in name]
    assert len(references) > 8
    modules = {name: name.partition(":") for name in references}
    assert [name for name, (module, _, item) in modules.items() if not hasattr(import_module(module), item)] == []


def test_a_name_that_breaks_the_layers_is_found() -> None:
    text = 'load("lamplighter.engine.engine:Engine")'
    (name,) = module_names(Module("store/db.py", text, ast.parse(text)))
    assert not may_import(Module("store/db.py", text, ast.parse(text)), name)


def module_names(module: Module) -> Iterator[str]:
    """Give the names of modules of the program that stand in a module as texts."""
    texts = (node.value for node in ast.walk(module.tree) if isinstance(node, ast.Constant))
    pattern = re.compile(r"lamplighter(\.\w+){2,}(\.|:\w+)?")
    yield from (text for text in texts if isinstance(text, str) and pattern.fullmatch(text))


def may_import(module: Module, name: str) -> bool:
    """Whether a layer may import a module by the contract of the layers."""
    own, other = package(module.name), name.split(".")[1]
    return own == other or DEPTH[own] < DEPTH[other]


def package(name: str) -> str:
    return name.split("/")[0].removesuffix(".py")


def top_level() -> set[str]:
    """Name the packages and modules directly inside the program."""
    return {package(module.name) for module in MODULES} - {"__init__"}
