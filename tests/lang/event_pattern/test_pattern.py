import itertools
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamplighter.base.json_text import Json
from lamplighter.lang.event_pattern.comparisons import PatternPosition
from lamplighter.lang.event_pattern.pattern import EventPatternError, compile_event_pattern
from lamplighter.lang.jackson_location import location_at, offset_of

RECORDED = Path(__file__).parents[4] / "shared/conformance/cases/events_events_patterns"
REJECTED = [
    (call["params"]["EventPattern"], answer["exception_message"]["Error"]["MessageRaw"])
    for case in map(json.loads, (path.read_text() for path in sorted(RECORDED.glob("*.json"))))
    for call, answer in zip(case["calls"], case["expected"].values(), strict=False)
    if "exception_message" in answer
]


def matches(pattern: Json, event: Json) -> bool:
    return compile_event_pattern(pattern).matches(event)


def rejection_reason(pattern: Json) -> str:
    with pytest.raises(EventPatternError) as raised:
        compile_event_pattern(pattern)
    return raised.value.reason


def location_text(text: str, position: PatternPosition | None) -> str:
    at = offset_of(text, position) if position else None
    return "" if position is None or at is None else location_at(text, at) * position.repeats


# --- fields -----------------------------------------------------------------------------------------------------------


def test_every_field_of_a_pattern_must_match() -> None:
    pattern = {"source": ["a"], "detail": {"n": [1]}}
    assert matches(pattern, {"source": "a", "detail": {"n": 1, "more": 2}})
    assert not matches(pattern, {"source": "a", "detail": {"n": 2}})
    assert not matches(pattern, {"source": "a"})


def test_true_is_not_one_and_a_number_is_not_its_text() -> None:
    assert not matches({"a": [1]}, {"a": True})
    assert not matches({"a": [True]}, {"a": 1})
    assert not matches({"a": [1]}, {"a": "1"})
    assert matches({"a": [1]}, {"a": 1.0})


def test_null_is_a_value_and_does_not_match_a_missing_field() -> None:
    assert matches({"a": [None]}, {"a": None})
    assert not matches({"a": [None]}, {})


def test_any_element_of_an_array_may_match() -> None:
    assert matches({"a": ["x", "y"]}, {"a": ["z", "y"]})
    assert matches({"a": ["y"]}, {"a": [["z"], ["y"]]})
    assert not matches({"a": ["x"]}, {"a": []})


def test_fields_of_objects_in_one_array_must_match_in_the_same_object() -> None:
    people = {"people": [{"first": "Anna", "last": "Smith"}, {"first": "Peter", "last": "Jones"}]}
    assert matches({"people": {"first": ["Anna"], "last": ["Smith"]}}, people)
    assert not matches({"people": {"first": ["Anna"], "last": ["Jones"]}}, people)


def test_fields_of_objects_in_two_arrays_can_match_at_different_indexes() -> None:
    event = {"a": [{"x": 1}, {"x": 2}], "b": [{"y": 3}, {"y": 4}]}
    assert matches({"a": {"x": [1]}, "b": {"y": [4]}}, event)


def test_a_dot_in_a_field_name_means_nesting() -> None:
    assert matches({"a.b": [1]}, {"a": {"b": 1}})
    assert matches({"a": {"b": [1]}}, {"a.b": 1})


# --- comparisons ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("comparison", "yes", "no"),
    [
        ({"prefix": "ab"}, ["ab", "abc"], ["a", "xab", 1, None]),
        ({"prefix": {"equals-ignore-case": "Ab"}}, ["aBc"], ["xab"]),
        ({"suffix": "bc"}, ["bc", "abc"], ["bcd", 1]),
        ({"suffix": {"equals-ignore-case": "BC"}}, ["abc"], ["bcd"]),
        ({"equals-ignore-case": "abC"}, ["ABC", "abc"], ["abcd", 1]),
        ({"exactly": "10.0.0.1"}, ["10.0.0.1"], ["10.0.0.2"]),
        ({"wildcard": "a*c"}, ["ac", "abc", "a*c", "acc"], ["abcd", "ab", 1]),
        ({"wildcard": "*b*"}, ["b", "abc"], ["ac"]),
        ({"wildcard": r"a\*\\"}, ["a*\\"], ["ab\\"]),
        ({"wildcard": "ab*ba"}, ["abba", "abxba"], ["aba"]),
        ({"numeric": [">", 0, "<=", 5]}, [0.1, 5], [0, 5.1, "3", True, None]),
        ({"numeric": ["=", 3e2]}, [300], [301]),
        ({"numeric": [">=", -1]}, [-1], [-2]),
        ({"cidr": "10.0.0.0/24"}, ["10.0.0.0", "10.0.0.255"], ["10.0.1.0", "x", "::1", 1]),
        ({"cidr": "2001:db8::/64"}, ["2001:db8::1"], ["2001:db9::1", "10.0.0.1"]),
        ({"anything-but": "x"}, ["y", 1, None, True], ["x"]),
        ({"anything-but": 1}, [2, "1", True], [1, 1.0]),
        ({"anything-but": ["x", "y"]}, ["z", None], ["x", "y"]),
        ({"anything-but": {"prefix": ["a", "b"]}}, ["c", 1], ["ab", "ba"]),
        ({"anything-but": {"suffix": "a"}}, ["ab"], ["ba"]),
        ({"anything-but": {"wildcard": ["*/x/*", "*.y"]}}, ["/z/", 1], ["/x/", "a.y"]),
        ({"anything-but": {"equals-ignore-case": ["A", "b"]}}, ["c", None], ["a", "B"]),
        ({"exists": True}, ["x", None, 0, [1]], [{}, []]),
        ("::1", ["::1", "0:0:0:0:0:0:0:1"], ["::2"]),
    ],
)
def test_a_comparison_matches_exactly_its_values(comparison: Json, yes: list[Json], no: list[Json]) -> None:
    pattern = compile_event_pattern({"field": [comparison]})
    assert [value for value in yes if not pattern.matches({"field": value})] == []
    assert [value for value in no if pattern.matches({"field": value})] == []


@pytest.mark.parametrize("comparison", [{"anything-but": "x"}, {"exists": True}, {"prefix": ""}, None])
def test_a_missing_field_matches_only_exists_false(comparison: Json) -> None:
    assert not matches({"field": [comparison]}, {"other": 1})
    assert matches({"field": [comparison, {"exists": False}]}, {"other": 1})


def test_exists_false_matches_if_there_is_no_leaf_value() -> None:
    absent = {"detail": {"count": [{"exists": False}]}}
    assert matches(absent, {"detail": {"count": {"c1": 100}}})
    assert not matches(absent, {"detail": [{"other": 1}, {"count": 1}]})


# --- or ---------------------------------------------------------------------------------------------------------------


def test_or_needs_one_of_its_branches_and_all_other_fields() -> None:
    pattern = {"s": [1], "$or": [{"a": [1]}, {"b": [1], "$or": [{"c": [1]}, {"d": [1]}]}]}
    assert matches(pattern, {"s": 1, "a": 1})
    assert matches(pattern, {"s": 1, "b": 1, "d": 1})
    assert not matches(pattern, {"s": 1, "b": 1})
    assert not matches(pattern, {"a": 1})


def test_a_branch_of_or_must_match_in_the_same_array_element() -> None:
    pattern = {"l": {"k": ["x"], "$or": [{"v": [1]}, {"w": [1]}]}}
    assert matches(pattern, {"l": [{"k": "x", "w": 1}]})
    assert not matches(pattern, {"l": [{"k": "x"}, {"v": 1}]})


@pytest.mark.parametrize(
    ("branches", "reason"),
    [
        ({"a": [1]}, "It must be an Array followed with $or."),
        ([{"a": [1]}], "There must have at least 2 Objects in $or relationship."),
        ([{"a": [1]}, 1], "Only JSON object is allowed in array of $or relationship."),
        ([{"prefix": [1]}, {"a": [1]}], "prefix is Ruler reserved fieldName which cannot be used inside $or."),
    ],
)
def test_an_invalid_or_is_rejected(branches: Json, reason: str) -> None:
    assert rejection_reason({"$or": branches}) == reason


# --- invalid patterns -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("text", "message"), REJECTED)
def test_a_pattern_that_aws_rejected_is_rejected_with_the_recorded_message(text: str, message: str) -> None:
    with pytest.raises(EventPatternError) as raised:
        compile_event_pattern(json.loads(text))
    found = raised.value
    location = location_text(text, found.position)
    assert f"Event pattern is not valid. Reason: {found.reason}{location}" == message


@pytest.mark.parametrize(
    ("comparison", "reason"),
    [
        ({}, "Match expression name not found"),
        ([], "Match value must be String, number, true, false, or null"),
        ({"prefix": 1}, "prefix match pattern must be a string"),
        ({"prefix": {"prefix": "a"}}, "Unsupported prefix pattern: prefix"),
        ({"prefix": "a", "suffix": "b"}, "Only one key allowed in match expression"),
        ({"exists": "yes"}, "exists match pattern must be either true or false."),
        ({"wildcard": "a**b"}, "Consecutive wildcard characters at pos 2"),
        ({"wildcard": "a\\b"}, "Invalid escape character at pos 2"),
        ({"numeric": []}, "Invalid member in numeric match: ]"),
        ({"numeric": ["!", 1]}, "Unrecognized numeric range operator: !"),
        ({"numeric": ["=", "1"]}, "Value of equals must be numeric"),
        ({"numeric": [">", 1, ">", 2]}, "Bad numeric range operator: >"),
        ({"numeric": [">", 1, 2]}, "Bad value in numeric range: 2"),
        ({"numeric": ["<", 1, ">", 2]}, "Too many elements in numeric expression"),
        ({"numeric": [">", 5, "<", 5]}, "Bottom must be less than top"),
        ({"numeric": ["=", 6e9]}, "Value must be between -5.0E9 and 5.0E9, inclusive"),
        ({"cidr": "10.0.0.0"}, "Malformed CIDR, one '/' required"),
        ({"cidr": "10.0.0.0/32"}, "IPv4 mask bits must be < 32"),
        ({"cidr": "300.0.0.0/8"}, "Invalid IP address: 300.0.0.0"),
        ({"anything-but": {}}, "Anything-But expression name not found"),
        ({"anything-but": {"numeric": [1]}}, "Unsupported anything-but pattern: numeric"),
        (
            {"anything-but": ["a", 1]},
            "Inside anything but list, either all values are number or string, mixed type is not supported",
        ),
        ({"anything-but": True}, "Value of anything-but must be an array or single string/number value."),
    ],
)
def test_an_invalid_comparison_is_rejected(comparison: Json, reason: str) -> None:
    assert rejection_reason({"field": [comparison]}) == reason


@pytest.mark.parametrize(
    ("expression", "reason", "columns"),
    [
        ('{"numeric": ["=", 6e9]}', "Value must be between -5.0E9 and 5.0E9, inclusive", [30]),
        ('{"numeric": ["=", 6e9, 1]}', "Too many elements in numeric expression", [32]),
        ('{"numeric": [">", 6e9, "<"]}', "Value of < must be numeric", [35]),
        ('{"numeric": [">", 7e9, "<", 6e9]}', "Bottom must be less than top", [40]),
        ('{"numeric": [">", 1, "<", 6e9]}', "Value must be between -5.0E9 and 5.0E9, inclusive", [38]),
        ('{"anything-but": 6e9}', "Value must be between -5.0E9 and 5.0E9, inclusive", []),
        ('{"anything-but": [1, 6e9]}', "Value must be between -5.0E9 and 5.0E9, inclusive", [32]),
        ('{"anything-but": {"wildcard": ["a**", 1]}}', "wildcard match pattern must be a string", [47, 47]),
        ('{"anything-but": {"wildcard": ["a**", "b"]}}', "Consecutive wildcard characters at pos 2", [50]),
        ('{"anything-but": {"wildcard": "a**"}}', "Consecutive wildcard characters at pos 2", [43]),
        ('{"foo": 1, "exists": true}', "Unrecognized match type foo", [17]),
        ('{"exists": 1, "foo": true}', "exists match pattern must be either true or false.", [20]),
        ('{"exists": true, "foo": [1]}', "Only one key allowed in match expression", [33]),
        ('{"prefix": 1, "suffix": 2}', "prefix match pattern must be a string", [20]),
        ('{"anything-but": "a", "b": 1}', "Too many elements in numeric expression", [36]),
        ('{"cidr": "x", "b": 1}', "Malformed CIDR, one '/' required", []),
    ],
)
def test_the_first_fault_of_a_comparison_is_reported_with_its_location(
    expression: str, reason: str, columns: list[int]
) -> None:
    text = f'{{"a": [{expression}]}}'
    with pytest.raises(EventPatternError) as raised:
        compile_event_pattern(json.loads(text))
    location = location_text(text, raised.value.position)
    expected_location = "".join(f'\n at [Source: (String)"{text}"; line: 1, column: {at}]' for at in columns)
    assert raised.value.reason + location == reason + expected_location


@pytest.mark.parametrize(
    ("block", "reason"),
    [
        ("10.0.0.0/8/", None),
        ("10.0.0.0/+8", None),
        ("10.0.0.0//8", "Malformed CIDR, one '/' required"),
        ("10.0.0.0/", "Malformed CIDR, one '/' required"),
        ("/8", "Nonstandard IP address: "),
        ("10.0.0.0/-1", "Malformed CIDR, mask bits must not be negative"),
        ("10.0.0.0/99999999999", "Malformed CIDR, mask bits must be an integer"),
        ("10.0.0.0/" + "0" * 5_000 + "8", None),
        ("10.0.0.0/" + "8" * 5_000, "Malformed CIDR, mask bits must be an integer"),
        ("::ffff:a00:0/32", "IPv4 mask bits must be < 32"),
        ("010.0.0.0/8", None),
        ("::/128", "IPv6 mask bits must be < 128"),
    ],
)
def test_a_cidr_block_is_parsed_as_aws_parses_it(block: str, reason: str | None) -> None:
    if reason is None:
        assert matches({"a": [{"cidr": block}]}, {"a": "10.1.2.3"})
        assert not matches({"a": [{"cidr": block}]}, {"a": "11.0.0.0"})
    else:
        assert rejection_reason({"a": [{"cidr": block}]}) == reason


def test_an_ipv4_address_in_ipv6_notation_is_an_ipv4_address() -> None:
    assert matches({"a": [{"cidr": "10.0.0.0/8"}]}, {"a": "::ffff:a01:203"})
    assert matches({"a": ["10.1.2.3"]}, {"a": "010.1.2.3"})


def test_empty_objects_and_arrays_are_rejected() -> None:
    assert rejection_reason({}) == "Empty objects are not allowed"
    assert rejection_reason({"a": []}) == "Empty arrays are not allowed"


def test_a_pattern_that_is_nested_too_deeply_is_rejected() -> None:
    deep: Json = ["x"]
    for _ in range(5_000):
        deep = {"a": deep}
    assert "nested" in rejection_reason(deep)


# --- properties -------------------------------------------------------------------------------------------------------

SCALARS = st.none() | st.booleans() | st.integers(-9, 9) | st.text("ab*.", max_size=4)
NAMES = st.sampled_from("abc")
EVENTS = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3), max_leaves=12
)


@given(st.dictionaries(NAMES, EVENTS))
def test_any_event_matches_or_does_not_match(event: Json) -> None:
    pattern = compile_event_pattern(
        {"a": {"b": ["a", 1], "c": [{"anything-but": "a"}, {"exists": False}]}, "b": [None]}
    )
    assert pattern.matches(event) in (True, False)


@given(EVENTS)
def test_any_json_is_a_pattern_or_is_rejected(source: Json) -> None:
    try:
        compile_event_pattern(source)
        reason = "none"
    except EventPatternError as error:
        reason = error.reason
    assert reason


@given(SCALARS)
def test_a_value_matches_itself_and_not_anything_but_itself(value: Json) -> None:
    assert matches({"a": [value]}, {"a": value})
    if isinstance(value, str) or (isinstance(value, int) and not isinstance(value, bool)):
        assert not matches({"a": [{"anything-but": value}]}, {"a": value})


@given(st.lists(st.text("ab", max_size=3), min_size=1, max_size=4), st.lists(st.text("ab", max_size=3), max_size=4))
def test_a_text_that_is_built_from_a_wildcard_pattern_matches_it(parts: list[str], fill: list[str]) -> None:
    try:
        pattern = compile_event_pattern({"a": [{"wildcard": "*".join(part for part in parts if part)}]})
    except EventPatternError:
        return
    used = [part for part in parts if part]
    text = "".join(part + (fill[at] if at < len(fill) and at < len(used) - 1 else "") for at, part in enumerate(used))
    assert pattern.matches({"a": text})


def test_only_the_fields_of_the_pattern_are_read_from_a_large_event() -> None:
    """The joined names of all its fields would take gigabytes."""
    event = {"detail": {"k" * 100_000: {str(at): 1 for at in range(20_000)}}, "a": 1}
    assert matches({"a": [1], "detail": {"none": [{"exists": False}]}}, event)


def test_arrays_can_be_nested_as_deeply_as_json() -> None:
    deep: Json = "x"
    for _ in range(700):
        deep = [deep]
    assert matches({"a": ["x"]}, {"a": deep})
    assert matches({"a": {"b": ["x"]}}, {"a": [{"b": deep}]})


@pytest.mark.parametrize(
    ("wildcard", "valid"),
    [
        ("*:*:*:*:*:event-bus/*", False),
        ("arn:aws:events:us-east-1:*:event-bus/*", True),
        ("*/a/*/b/*/c/*", True),
        ("*" + "a" * 9, False),
        ("*" + "".join(chr(0x4E00 + at) for at in range(4_000)) + "*", True),
    ],
)
def test_a_wildcard_pattern_that_is_too_complex_is_rejected(wildcard: str, valid: bool) -> None:
    if valid:
        assert matches({"a": [{"wildcard": wildcard}]}, {"a": wildcard})
    else:
        assert rejection_reason({"a": [{"wildcard": wildcard}]}).startswith("Rule is too complex")


def test_many_objects_that_never_match_together_are_each_read_once() -> None:
    """Reading them pair by pair would take minutes."""
    event = {"l": [{"a": at, "c": 0} for at in range(5_000)] + [{"b": at} for at in range(5_000)]}
    pattern = {"l.a": [{"exists": True}], "l.b": [{"exists": True}]}
    assert not matches(pattern, event)
    two_arrays = event | {"m": [{"x": at} for at in range(5_000)]}
    assert not matches({"l.a": [{"exists": True}], "m.x": [{"exists": True}], "l.b": [{"exists": True}]}, two_arrays)
    assert matches({"l.a": [{"numeric": [">", 4_000]}], "m.x": [{"exists": True}], "l.c": [0]}, two_arrays)


def leaves_of(value: Json, path: str, indexes: dict[int, int]) -> list[tuple[str, Json, dict[int, int]]]:
    """Return each leaf of an event: its field, its value, and its index in each array that contains it."""
    if isinstance(value, dict):
        return [
            leaf for key, inner in value.items() for leaf in leaves_of(inner, f"{path}.{key}" if path else key, indexes)
        ]
    if isinstance(value, list):
        found = []
        for index, inner in enumerate(value):
            # A bare value has no sibling fields that must match in the same element.
            inner_indexes = {**indexes, id(value): index} if isinstance(inner, (dict, list)) else indexes
            found += leaves_of(inner, path, inner_indexes)
        return found
    return [(path, value, indexes)]


def matches_by_search(fields: dict[str, Json], event: Json) -> bool:
    """Return whether a leaf can be chosen for each field, no two from different elements of one array."""
    leaves = leaves_of(event, "", {})
    choices = [
        [
            indexes
            for name, value, indexes in leaves
            if name == field and type(value) is type(expected) and value == expected
        ]
        for field, expected in fields.items()
    ]
    for choice in itertools.product(*choices):
        together: dict[int, int] = {}
        if all(together.setdefault(array, at) == at for indexes in choice for array, at in indexes.items()):
            return True
    return False


SMALL = st.sampled_from([0, 1, "x", None, True])
OBJECTS = st.recursive(
    SMALL,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("ab"), inner, max_size=2),
    max_leaves=10,
)
FIELDS = st.dictionaries(
    st.sampled_from(["a", "b", "a.a", "a.b", "b.a", "a.b.a", "a.a.b"]), SMALL, min_size=1, max_size=3
)


@given(FIELDS, st.dictionaries(st.sampled_from("ab"), OBJECTS, min_size=1))
def test_a_pattern_matches_exactly_if_a_search_of_all_choices_finds_a_match(
    fields: dict[str, Json], event: Json
) -> None:
    assert matches({field: [expected] for field, expected in fields.items()}, event) == matches_by_search(fields, event)
