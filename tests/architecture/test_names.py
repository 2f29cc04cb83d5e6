"""What a newcomer counts on: names that say something, files that fit the eye, a sentence on everything public."""

import ast
from collections.abc import Iterator

from tests.architecture.source import MODULES, Module

EMPTY_WORDS = {"utils", "util", "helpers", "helper", "common", "core", "misc", "manager", "managers"}
MOST_LINES = 500

Function = ast.FunctionDef | ast.AsyncFunctionDef


def test_no_name_says_nothing() -> None:
    """A homeless function shows a missing idea."""
    assert [module.name for module in MODULES if EMPTY_WORDS & set(words(module))] == []


def test_no_function_imports() -> None:
    """An import inside a function hides what a module depends on."""
    assert [f"{module.name}:{node.lineno}" for module in MODULES for node in hidden_imports(module)] == []


def test_every_module_says_what_it_is() -> None:
    assert [module.name for module in MODULES if not ast.get_docstring(module.tree)] == []


def test_every_public_function_and_class_says_what_it_is() -> None:
    everything = [(module.name, node) for module in MODULES for node in public(module)]
    assert [f"{name}:{node.name}" for name, node in everything if not ast.get_docstring(node)] == []


def test_every_file_is_read_in_one_sitting() -> None:
    assert [module.name for module in MODULES if module.text.count("\n") > MOST_LINES] == []


def test_a_package_itself_holds_a_docstring_only() -> None:
    """Nothing loads on the way to a module, and nothing is found in two places. The root also tells its version."""
    held = {module.name: contents(module) for module in MODULES if module.name.endswith("__init__.py")}
    assert held.pop("__init__.py") == {"__version__"}
    assert {name: what for name, what in held.items() if what} == {}


def words(module: Module) -> list[str]:
    return module.name.removesuffix(".py").strip("_").replace("_", "/").split("/")


def hidden_imports(module: Module) -> Iterator[ast.Import | ast.ImportFrom]:
    for function in ast.walk(module.tree):
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            yield from (node for node in ast.walk(function) if isinstance(node, ast.Import | ast.ImportFrom))


def public(module: Module) -> list[Function | ast.ClassDef]:
    kinds = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
    return [node for node in module.tree.body if isinstance(node, kinds) and not node.name.startswith("_")]


def contents(module: Module) -> set[str]:
    """Name what a module holds beside its docstring, as it is written."""
    _, *rest = module.tree.body
    return {ast.unparse(node.targets[0]) if isinstance(node, ast.Assign) else ast.unparse(node) for node in rest}
