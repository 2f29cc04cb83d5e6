"""The shape of the code as CONTRIBUTING describes it, as far as a program can judge it."""

import ast
from collections.abc import Iterator

from tests.architecture.source import MODULES, Module

LONGEST_FUNCTION = 40
TABLE = 10
"""A dict display with this many keys is a table: it is read like a list, so it does not count as lines of code."""
ANY = {
    "asl/execution/advance.py",  # handlers of events, by the type of the event
    "base/json_text.py",  # defines Json
    "base/modules.py",  # returns objects of any type
    "cli/http/connection.py",  # overrides a method of uvicorn
    "isolation/framing.py",  # sends objects of any type
    "services/cloudformation/templates/external_inputs.py",  # results of different calls
    "store/db.py",  # rows of SQLite
}
"""The modules that use `typing.Any`, and for what."""


def functions(module: Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(module.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def length(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """The lines of a function without its signature, its docstring and its tables."""
    body = function.body[1:] if ast.get_docstring(function) is not None else function.body
    if not body:
        return 0
    tables = [node for node in ast.walk(function) if isinstance(node, ast.Dict) and len(node.keys) >= TABLE]
    return lines(body[0], body[-1]) - sum(lines(table, table) - 1 for table in tables)


def lines(first: ast.stmt | ast.expr, last: ast.stmt | ast.expr) -> int:
    assert last.end_lineno is not None
    return last.end_lineno - first.lineno + 1


def test_no_function_is_too_long() -> None:
    found = [(module.name, each.name, length(each)) for module in MODULES for each in functions(module)]
    assert [each for each in found if each[2] > LONGEST_FUNCTION] == []
    assert max(size for _, _, size in found) > LONGEST_FUNCTION / 2


def test_every_dataclass_has_slots() -> None:
    """Except those with a `cached_property`, which needs the dictionary that slots leave out."""
    classes = [node for module in MODULES for node in ast.walk(module.tree) if isinstance(node, ast.ClassDef)]
    found = [(each, " ".join(map(ast.unparse, each.decorator_list))) for each in classes]
    values = [
        (each, text) for each, text in found if "dataclass" in text and "cached_property" not in ast.unparse(each)
    ]
    assert len(values) > 100
    assert [each.name for each, text in values if "slots=True" not in text] == []


def test_no_function_changes_a_global() -> None:
    nodes = ((module.name, node) for module in MODULES for node in ast.walk(module.tree))
    assert [(name, node.names) for name, node in nodes if isinstance(node, ast.Global)] == []


def test_any_is_used_where_it_is_meant() -> None:
    names = {module.name for module in MODULES for node in ast.walk(module.tree) if getattr(node, "id", None) == "Any"}
    assert names == ANY
