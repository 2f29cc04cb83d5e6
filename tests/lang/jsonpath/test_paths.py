"""Paths select what AWS selects, and reference paths put values without changing the given document."""

import copy
import json
from collections.abc import Mapping
from dataclasses import dataclass, field

import jsonpath
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from lamplighter.base.errors import UnboundedWork
from lamplighter.base.json_text import Json
from lamplighter.lang.jsonpath.paths import PathError, PathNotFound, ResultPathError, compile_path, compile_reference


@dataclass(frozen=True)
class Scope:
    input: Json = None
    context: Json = None
    variables: Mapping[str, Json] = field(default_factory=dict)
    allows_unbounded_work: bool = True


LIBRARY = jsonpath.JSONPathEnvironment(strict=True)
# The library accepts no control characters in a name.
KEYS = st.text(st.characters(exclude_categories=("Cc", "Cs")), max_size=4) | st.sampled_from(
    ["a", "b", "a.b", "a'b", 'a"b', "a\\b", "*", "€"]
)
DOCUMENTS = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=20,
)
STEPS = st.lists(KEYS | st.integers(-3, 3), max_size=4)


@st.composite
def documents_and_steps(draw: st.DrawFn) -> tuple[Json, list[str | int]]:
    """A document and the steps to one of its values."""
    document = here = draw(DOCUMENTS)
    steps: list[str | int] = []
    while isinstance(here, list | dict) and here and draw(st.booleans()):
        children = list(here.items() if isinstance(here, dict) else enumerate(here))
        step, here = draw(st.sampled_from(children))
        steps.append(step)
    return document, steps


def path_text(steps: list[str | int]) -> str:
    """Return the steps as a path with the quoting that AWS's recordings fix: only ' and the backslash are escaped."""
    quoted = [
        f"[{s}]" if isinstance(s, int) else "['{}']".format(s.replace("\\", "\\\\").replace("'", "\\'")) for s in steps
    ]
    return "$" + "".join(quoted)


def library_select(steps: list[str | int], document: Json) -> list[Json]:
    if isinstance(document, str):  # the library would read it as JSON
        return [] if steps else [document]
    return LIBRARY.findall("$" + "".join(f"[{json.dumps(step)}]" for step in steps), document)


@given(DOCUMENTS, STEPS)
def test_a_plain_path_selects_what_the_library_selects(document: Json, steps: list[str | int]) -> None:
    path = compile_path(path_text(steps))
    assert path.definite
    assert path.select(document) == library_select(steps, document)


@given(documents_and_steps())
def test_a_plain_path_to_an_existing_value_finds_it(document_and_steps: tuple[Json, list[str | int]]) -> None:
    document, steps = document_and_steps
    assert [compile_path(path_text(steps)).value(Scope(document))] == library_select(steps, document)


@pytest.mark.parametrize("text", ["{", '{"a": [1]}', "[1]", "0"])
def test_a_text_is_a_value_even_if_it_looks_like_a_document(text: str) -> None:
    for path in ("$.a[*]", "$[*]", "$..a", "$[?(@.a)]", "$[0:1]"):
        assert compile_path(path).value(Scope(text)) == []
    assert compile_path("$").value(Scope(text)) == text


@given(documents_and_steps(), DOCUMENTS)
def test_a_value_that_was_put_is_found_and_the_given_document_is_unchanged(
    document_and_steps: tuple[Json, list[str | int]], value: Json
) -> None:
    document, steps = document_and_steps
    before = copy.deepcopy(document)
    after = compile_reference(path_text(steps)).put(document, value)
    assert compile_path(path_text(steps)).value(Scope(after)) == value
    assert document == before


@given(st.dictionaries(KEYS, DOCUMENTS, max_size=3), st.lists(KEYS, min_size=1, max_size=4), DOCUMENTS)
def test_putting_keeps_every_other_field(document: Json, steps: list[str | int], value: Json) -> None:
    try:
        after = compile_reference(path_text(steps)).put(document, value)
    except ResultPathError:
        assume(condition=False)
    assert {key: after[key] for key in document if key != steps[0]} == {
        key: document[key] for key in document if key != steps[0]
    }


DOCUMENT = {
    "foo": 123,
    "bar": ["a", "b", "c"],
    "car": {"cdr": True},
    "detail-type": "x",
    "a b": 1,
    "store.book": 7,
    "aws:name": "n",
    'Test\\""Name"': 'Value"\\',
    "nothing": None,
}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("$", DOCUMENT),
        ("$.foo", 123),
        ("$.bar", ["a", "b", "c"]),
        ("$.bar[1]", "b"),
        ("$.bar[-1]", "c"),
        ("$.car.cdr", True),
        ("$['car']['cdr']", True),
        ('$["car"].cdr', True),
        ("$.detail-type", "x"),
        ("$['a b']", 1),
        (r"$.store\.book", 7),
        (r"$.\foo", 123),
        ("$.aws:name", "n"),
        ("$.nothing", None),
        ('$[\'Test\\""Name"\']', 'Value"\\'),  # recorded from AWS
        ("$.bar.length()", 3),
    ],
)
def test_the_documented_reference_paths_return_their_values(text: str, value: Json) -> None:
    assert compile_path(text).value(Scope(DOCUMENT)) == value


@pytest.mark.parametrize(
    "text", ["$.nope", "$.foo.x", "$.bar[3]", "$.bar.x", "$.nothing.x", "$.detail-type[0]", "$x.a"]
)
def test_a_definite_path_without_a_value_raises_not_found(text: str) -> None:
    with pytest.raises(PathNotFound) as caught:
        compile_path(text).value(Scope(DOCUMENT))
    assert caught.value.text == text


@pytest.mark.parametrize(
    "text",
    [
        "$[*]",
        "$.items[*]",
        "$.items[1:]",
        "$.items[:1]",
        "$.item.items[1:5].v",
        "$.items[*].v",
        "$.items[?(@.a > 1)]",
        "$..v",
    ],
)
def test_an_indefinite_path_without_a_match_returns_an_empty_list(text: str) -> None:
    path = compile_path(text)
    assert not path.definite
    assert path.value(Scope({})) == []


def test_the_root_decides_what_the_path_is_applied_to() -> None:
    scope = Scope({"a": 1}, {"a": 2}, {"a": {"a": 3}, "überzahl": [4, 5]})
    texts = ["$.a", "$$.a", "$a.a", "$a", "$überzahl[1]", "$überzahl[*]", "$$"]
    assert [compile_path(text).value(scope) for text in texts] == [1, 2, 3, {"a": 3}, 5, [4, 5], {"a": 2}]
    assert [compile_path(text).root for text in texts[:3]] == ["$", "$$", "a"]


class ScopeWithoutContext:
    input: Json = {"a": 1}  # noqa: RUF012
    variables: Mapping[str, Json] = {}
    allows_unbounded_work = True

    @property
    def context(self) -> Json:
        raise AssertionError("the context was built though no path asked for it")


def test_the_context_is_not_built_for_a_path_of_the_input() -> None:
    assert compile_path("$.a").value(ScopeWithoutContext()) == 1


@pytest.mark.parametrize(
    "text", ["", "a.b", "$.", "$..", "$[", "$x y", "$.a b", "$5", "$.a | $.b", "$.a[?(@.", "$.a[?(@.b =~ /(/)]"]
)
def test_an_invalid_path_is_rejected_when_it_is_compiled(text: str) -> None:
    with pytest.raises(PathError, match=r"is not a path|is not a valid path|combines several paths"):
        compile_path(text)


@pytest.mark.parametrize(
    ("text", "document", "result"),
    [
        ("$", {"a": 1}, "Hi!"),
        ("$.sum", {"title": "Numbers"}, {"title": "Numbers", "sum": "Hi!"}),
        ("$.b.greeting", {"a": 1}, {"a": 1, "b": {"greeting": "Hi!"}}),
        ("$['b c'].d", {}, {"b c": {"d": "Hi!"}}),
        ("$.list[1]", {"list": [1, 2, 3]}, {"list": [1, "Hi!", 3]}),
        ("$[0].a", [{"b": 1}], [{"b": 1, "a": "Hi!"}]),
    ],
)
def test_a_value_is_put_at_its_path_as_the_specification_shows(text: str, document: Json, result: Json) -> None:
    assert compile_reference(text).put(document, "Hi!") == result


@pytest.mark.parametrize(
    ("text", "document"), [("$.x", "foo"), ("$.x", None), ("$.a.b", {"a": 1}), ("$.a[3]", {"a": [1]}), ("$.a[0]", {})]
)
def test_a_path_that_cannot_be_created_is_an_error_in_aws_s_words(text: str, document: Json) -> None:
    with pytest.raises(ResultPathError) as caught:
        compile_reference(text).put(document, 1)
    assert str(caught.value).startswith(f"Unable to apply ReferencePath {text} to input ")


@pytest.mark.parametrize(
    "text",
    ["$$", "$$.a", "$x.a", "a", "", "$.a[*]", "$..a", "$.a[0,1]", "$.a[1:]", "$.a[-1]", "$.a?b", "$.a@b", "$.a:b"],
)
def test_a_path_that_can_select_several_values_is_no_reference_path(text: str) -> None:
    with pytest.raises(PathError, match="is not a reference path"):
        compile_reference(text)


def test_an_escaped_operator_is_part_of_the_name() -> None:
    assert compile_reference(r"$.foo\@bar.baz\[\[.\?pretty").steps == ("foo@bar", "baz[[", "?pretty")


@pytest.mark.parametrize("text", ["$.a.b", "$['a'][0].c", "$.a[*].b", "$.a[1:3]", "$.*.x", "$$.State.Name", "$v.a[-1]"])
def test_a_path_that_reads_each_value_once_is_bounded(text: str) -> None:
    assert compile_path(text).bounded


@pytest.mark.parametrize("text", ["$..a", "$.a..b..c", "$.a[?(@.b == 1)]", "$['a','a']['b','b']", "$.a[0,0][0,0]"])
def test_a_path_that_may_read_a_value_repeatedly_is_not_evaluated_if_unbounded_work_is_not_allowed(text: str) -> None:
    path = compile_path(text)
    assert not path.bounded
    with pytest.raises(UnboundedWork):
        path.find(Scope({"a": []}, allows_unbounded_work=False))
    path.find(Scope({"a": []}))
