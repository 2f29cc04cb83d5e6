import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamplighter.base.json_text import Json, loads
from lamplighter.lang.input_transformer import InvalidInput, fill_template, transform, variables

EVENT: Json = {
    "version": "0",
    "id": "1",
    "source": "shop",
    "detail-type": "Order",
    "time": "2026-01-01T00:00:00Z",
    "detail": {"who": 'Ann "A"', "n": 3, "list": [{"k": 1}, {"k": 2}], "none": None, "map": {"a": "b"}},
}


def transform_event(**target: Json) -> str:
    return transform(target, EVENT, "the text", ("arn:rule", "rule"), "2026-01-01T00:00:00Z")


def fill(template: str, **paths: str) -> str:
    return transform_event(InputTransformer={"InputPathsMap": paths, "InputTemplate": template})


def test_without_a_transformation_the_target_receives_the_unchanged_event() -> None:
    assert transform_event() == "the text"


def test_an_input_is_sent_as_a_constant() -> None:
    assert transform_event(Input='{"a": 1}') == '{"a": 1}'


def test_an_input_path_selects_a_part_of_the_event() -> None:
    assert transform_event(InputPath="$.detail.map") == '{"a":"b"}'
    assert transform_event(InputPath="$.detail-type") == '"Order"'
    assert transform_event(InputPath="$.nothing") == "null"
    assert transform_event(InputPath="$") == '{"version":"0",' + transform_event(InputPath="$")[15:]


def test_a_variable_outside_of_quotation_marks_becomes_json() -> None:
    filled = fill('{"who": <who>, "n": <n>, "m": <m>, "x": <none>}', who="$.detail.who", n="$.detail.n",
                       m="$.detail.map", none="$.detail.none")  # fmt: skip
    assert loads(filled) == {"who": 'Ann "A"', "n": 3, "m": {"a": "b"}, "x": None}


def test_a_variable_inside_of_quotation_marks_becomes_text() -> None:
    filled = fill('{"t": "<who> has <n>"}', who="$.detail.who", n="$.detail.n")
    assert loads(filled) == {"t": 'Ann "A" has 3'}
    assert fill('"<m>"', m="$.detail.map") == '"{a:b}"'


def test_an_escaped_quotation_mark_does_not_end_the_text() -> None:
    assert loads(fill(r'"say \"<n>\""', n="$.detail.n")) == 'say "3"'


def test_a_variable_without_a_value_in_the_event_is_empty() -> None:
    assert loads(fill('{"a": <a>, "b": "<a>!"}', a="$.detail.nothing")) == {"a": "", "b": "!"}


def test_several_values_become_a_list() -> None:
    assert fill("<k>", k="$.detail.list[*].k") == "[1,2]"
    assert fill("<k>", k="$.detail.list[1].k") == "2"


def test_predefined_variables_need_no_path() -> None:
    filled = fill(
        '{"arn": <aws.events.rule-arn>, "name": "<aws.events.rule-name>", "at": <aws.events.event.ingestion-time>, '
        '"event": <aws.events.event>, "all": <aws.events.event.json>}'
    )
    bare = {name: value for name, value in EVENT.items() if name != "detail"}
    assert loads(filled) == {
        "arn": "arn:rule",
        "name": "rule",
        "at": "2026-01-01T00:00:00Z",
        "event": bare,
        "all": EVENT,
    }


def test_an_escaped_angle_bracket_begins_no_variable() -> None:
    assert variables(r'"\<b> <a>"') == ["a"]


def test_the_result_must_be_json_or_json_in_each_line() -> None:
    assert fill('"<n> of"\n"<who>"', n="$.detail.n", who="$.detail.list[0].k") == '"3 of"\n"1"'
    with pytest.raises(InvalidInput):
        fill("<n> of 5", n="$.detail.n")


def test_text_in_angle_brackets_that_is_no_variable_is_unchanged() -> None:
    assert fill('"a < b <b>bold</b>"') == '"a < b <b>bold</b>"'


VALUES = (
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=8) | st.lists(st.text(max_size=3), max_size=3)
)


@given(VALUES)
def test_a_json_template_yields_json_for_any_value(value: Json) -> None:
    assert loads(fill_template('{"a": <a>}', {"a": [value]})) == {"a": value}


@given(st.text(max_size=8))
def test_a_text_value_within_a_text_is_inserted_unchanged(value: str) -> None:
    assert loads(fill_template('{"a": "x<a>y"}', {"a": [value]})) == {"a": f"x{value}y"}
