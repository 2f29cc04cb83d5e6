"""The layers of ARCHITECTURE.md, held by import-linter; and `.importlinter` itself, held to leave nothing out."""

import os
import subprocess
import sysconfig
from pathlib import Path

from importlinter.api import read_configuration

from tests.architecture.source import MODULES, PACKAGE, ROOT

CONTRACTS = {each["id"]: each for each in read_configuration(str(ROOT / ".importlinter"))["contracts_options"]}
LAYERS = [name.strip() for row in CONTRACTS["layers"]["layers"] for name in row.split("|")]


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


def top_level() -> set[str]:
    """Name the packages and modules directly inside the program."""
    return {module.name.split("/")[0].removesuffix(".py") for module in MODULES} - {"__init__"}
