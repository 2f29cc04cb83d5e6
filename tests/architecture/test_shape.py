"""Check the shape of the code that CONTRIBUTING.md describes, as far as a program can check it."""

import ast
from collections.abc import Iterator

from tests.architecture.source import Module, modules

MAX_FUNCTION_LINES = 40
MIN_TABLE_KEYS = 10
"""A dict display with this many keys is a table: it is read like a list, so it does not count as lines of code."""
MODULES_WITH_ANY = {
    "asl/execution/advance.py",  # handlers of events, by the type of the event
    "base/json_text.py",  # defines Json
    "base/modules.py",  # returns objects of any type
    "cli/http/connection.py",  # overrides a method of uvicorn
    "isolation/framing.py",  # sends objects of any type
    "services/cloudformation/templates/external_inputs.py",  # results of different calls
    "store/db.py",  # rows of SQLite
}
"""The modules that use `typing.Any`, and the reason."""


def functions(module: Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(module.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def length(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Return the number of lines of a function without its signature, docstring and tables."""
    body = function.body[1:] if ast.get_docstring(function) is not None else function.body
    if not body:
        return 0
    tables = [node for node in ast.walk(function) if isinstance(node, ast.Dict) and len(node.keys) >= MIN_TABLE_KEYS]
    return line_count(body[0], body[-1]) - sum(line_count(table, table) - 1 for table in tables)


def line_count(first: ast.stmt | ast.expr, last: ast.stmt | ast.expr) -> int:
    assert last.end_lineno is not None
    return last.end_lineno - first.lineno + 1


def test_no_function_is_too_long() -> None:
    found = [(module.name, each.name, length(each)) for module in modules() for each in functions(module)]
    assert [each for each in found if each[2] > MAX_FUNCTION_LINES] == []
    assert max(size for _, _, size in found) > MAX_FUNCTION_LINES / 2


def test_every_dataclass_has_slots() -> None:
    """Except those with a `cached_property`, which needs the `__dict__` that slots remove."""
    classes = [node for module in modules() for node in ast.walk(module.tree) if isinstance(node, ast.ClassDef)]
    found = [(each, " ".join(map(ast.unparse, each.decorator_list))) for each in classes]
    values = [
        (each, text) for each, text in found if "dataclass" in text and "cached_property" not in ast.unparse(each)
    ]
    assert len(values) > 100
    assert [each.name for each, text in values if "slots=True" not in text] == []


def test_no_function_changes_a_global() -> None:
    nodes = ((module.name, node) for module in modules() for node in ast.walk(module.tree))
    assert [(name, node.names) for name, node in nodes if isinstance(node, ast.Global)] == []


def test_any_is_used_only_in_the_listed_modules() -> None:
    names = {
        module.name for module in modules() for node in ast.walk(module.tree) if getattr(node, "id", None) == "Any"
    }
    assert names == MODULES_WITH_ANY
