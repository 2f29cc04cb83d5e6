"""Check that names are meaningful, files are short, and every public definition has a docstring."""

import ast
from collections.abc import Iterator

from tests.architecture.source import Module, modules

EMPTY_WORDS = {"utils", "util", "helpers", "helper", "common", "core", "misc", "manager", "managers"}
MAX_LINES = 500

Function = ast.FunctionDef | ast.AsyncFunctionDef


def test_no_file_name_contains_an_empty_word() -> None:
    """A function that fits into no named module shows a missing idea."""
    assert [module.name for module in modules() if EMPTY_WORDS & set(words(module))] == []


def test_no_function_contains_an_import() -> None:
    """An import inside a function hides what a module depends on."""
    assert [f"{module.name}:{node.lineno}" for module in modules() for node in hidden_imports(module)] == []


def test_every_module_has_a_docstring() -> None:
    assert [module.name for module in modules() if not ast.get_docstring(module.tree)] == []


def test_every_public_function_and_class_has_a_docstring() -> None:
    everything = [(module.name, node) for module in modules() for node in public_definitions(module)]
    assert [f"{name}:{node.name}" for name, node in everything if not ast.get_docstring(node)] == []


def test_no_file_is_too_long() -> None:
    assert [module.name for module in modules() if module.text.count("\n") > MAX_LINES] == []


def test_a_package_init_file_contains_only_a_docstring() -> None:
    """An import then loads no other code, and each name has one place. The root package also defines its version."""
    found = {module.name: contents(module) for module in modules() if module.name.endswith("__init__.py")}
    assert found.pop("__init__.py") == {"__version__"}
    assert {name: names for name, names in found.items() if names} == {}


def words(module: Module) -> list[str]:
    return module.name.removesuffix(".py").strip("_").replace("_", "/").split("/")


def hidden_imports(module: Module) -> Iterator[ast.Import | ast.ImportFrom]:
    for function in ast.walk(module.tree):
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            yield from (node for node in ast.walk(function) if isinstance(node, ast.Import | ast.ImportFrom))


def public_definitions(module: Module) -> list[Function | ast.ClassDef]:
    kinds = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
    return [node for node in module.tree.body if isinstance(node, kinds) and not node.name.startswith("_")]


def contents(module: Module) -> set[str]:
    """Return the assigned names and the source of all other statements after the docstring."""
    _, *rest = module.tree.body
    return {ast.unparse(node.targets[0]) if isinstance(node, ast.Assign) else ast.unparse(node) for node in rest}
