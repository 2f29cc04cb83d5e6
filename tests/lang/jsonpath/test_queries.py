"""Path queries have the meaning that they have in Jayway JsonPath."""

import pytest

from lamplighter.base.json_text import Json
from lamplighter.lang.jsonpath.paths import compile_path
from lamplighter.lang.jsonpath.queries import compile_query

DOCUMENT = {
    "users": [
        {"age": 1, "name": "ab", "tags": ["x", "z"]},
        {"age": 2, "name": "cd", "tags": []},
        {"name": None},
    ],
    "numbers": [3, 1, 2],
    "limit": 1,
    "deep": {"name": "d", "more": {"name": "e"}},
}


@pytest.mark.parametrize(
    ("text", "matches"),
    [
        ("$.users[?(@.age == 1)].name", ["ab"]),
        ("$.users[?(@.age)].name", ["ab", "cd"]),
        ("$.users[?(!@.age)].name", [None]),
        ("$.users[?(@.age > $.limit)].name", ["cd"]),
        ("$.users[?(@.age in [1, 3])].name", ["ab"]),
        ("$.users[?(@.age nin [1])].name", ["cd", None]),
        ("$.users[?(@.name =~ /A.*/i)].age", [1]),
        ("$.users[?(@.name =~ /a/)].age", []),
        ("$.users[?(@.age === 1 || @.name !== 'ab')].name", ["ab", "cd", None]),
        ("$.users[?(@.tags.length() > 1)].name", ["ab"]),
        ("$.users[?(@['name'] == \"ab\" && @.tags[0] == 'x')].age", [1]),
        ("$.users[?(@.name == '@.tags.length() nin [1] === 2')]", []),
        ("$[?(@.max() == 3)]", [[3, 1, 2]]),
        ("$.users[*].name", ["ab", "cd", None]),
        ("$.deep.*", ["d", {"name": "e"}]),
        ("$.deep..name", ["d", "e"]),
        ("$.numbers[0,2]", [3, 2]),
        ("$.numbers[1:]", [1, 2]),
        ("$.numbers[-2:]", [1, 2]),
        ("$.numbers[:9]", [3, 1, 2]),
        ("$.limit[*]", []),
    ],
)
def test_a_query_matches_in_document_order(text: str, matches: list[Json]) -> None:
    assert compile_query(text)(DOCUMENT) == matches


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("$.numbers.length()", [3]),
        ("$.numbers.size()", [3]),
        ("$.numbers.min()", [1]),
        ("$.numbers.max()", [3]),
        ("$.numbers.sum()", [6]),
        ("$.numbers.avg()", [2]),
        ("$.numbers.first()", [3]),
        ("$.numbers.last()", [2]),
        ("$.deep.keys()", [["name", "more"]]),
        ("$.deep.length()", [2]),
        ("$.users[*].tags.length()", [2, 0]),
        ("$.users[1].tags.max()", []),
        ("$.users.max()", []),
        ("$.limit.length()", []),
        ("$.nothing.length()", []),
    ],
)
def test_a_function_at_the_end_is_applied_to_each_match_of_its_kind(text: str, found: list[Json]) -> None:
    assert compile_path(text).select(DOCUMENT) == found


def test_a_function_of_a_definite_path_is_definite() -> None:
    assert compile_path("$.numbers.max()").definite
    assert not compile_path("$.users[*].tags.length()").definite
