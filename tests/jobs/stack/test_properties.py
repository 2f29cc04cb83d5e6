"""The builders write only types and properties that AWS knows.

`test_template.py` lets cfn-lint check the templates of the matrix against AWS's schemas: a name that AWS does not know,
a value of another type and a missing property are errors. Here every type and property that a builder names has to be
in one of these templates.
"""

import ast
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

from lamplighter.base.json_text import Json
from lamplighter.jobs import stack
from lamplighter.jobs.machine.platform import Platform
from lamplighter.jobs.stack.resources import properties
from lamplighter.jobs.stack.template import build_template
from tests.jobs.matrix import FILES, load_matrix_file

FOLDER = Path(stack.__path__[0])
BUILDERS = sorted(FOLDER.rglob("[a-z]*.py"))
Property = tuple[str, str, str]
"""A module, a function in it, and the name of a property that the function gives."""


def find_calls(tree: ast.AST, name: str) -> Iterator[ast.Call]:
    """Yield the calls of a function that is named so."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == name:
            yield node


def named_types() -> set[str]:
    """Return the types of resources that the builders' source names."""
    calls = (call for file in BUILDERS for call in find_calls(ast.parse(file.read_text()), "Resource"))
    return {ast.literal_eval(call.args[1]) for call in calls}


def named_properties() -> set[Property]:
    """Return the properties that the builders' source names."""
    return {
        (file.stem, function.name, keyword.arg)
        for file in BUILDERS
        for function in ast.parse(file.read_text()).body
        if isinstance(function, ast.FunctionDef)
        for call in find_calls(function, "properties")
        for keyword in call.keywords
        if keyword.arg is not None
    }


def record_properties(monkeypatch: pytest.MonkeyPatch) -> set[Property]:
    """Return a set to which each property that a builder gives is added while the test runs."""
    given: set[Property] = set()

    def record(**values: Json) -> dict[str, Json]:
        code = sys._getframe(1).f_code
        function = code.co_qualname.partition(".")[0]  # without `.<locals>` of a comprehension
        found = properties(**values)
        given.update((Path(code.co_filename).stem, function, name) for name in found)
        return found

    for file in BUILDERS:
        module = import_module(".".join((stack.__name__, *file.relative_to(FOLDER).with_suffix("").parts)))
        if hasattr(module, "properties"):
            monkeypatch.setattr(module, "properties", record)
    return given


def test_every_type_and_property_of_a_builder_is_in_a_template_that_cfn_lint_checks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = record_properties(monkeypatch)
    projects = [load_matrix_file(tmp_path, file).project for file in FILES]
    platforms: tuple[Platform, ...] = ("aws", "here")
    documents = [build_template(project, platform) for project in projects for platform in platforms]
    types = {each["Type"] for document in documents for each in document["Resources"].values()}
    assert named_types() == types
    assert named_properties() - given == set()
