from hypothesis import given
from hypothesis import strategies as st

from lamplighter.base.json_text import Json, loads
from lamplighter.services.events.targets.input_transformer import fill_template, transform

EVENT: Json = {
    "version": "0",
    "id": "1",
    "source": "shop",
    "detail-type": "Order",
    "time": "2026-01-01T00:00:00Z",
    "detail": {"who": 'Ann "A"', "n": 3, "list": [{"k": 1}, {"k": 2}], "none": None, "map": {"a": "b"}},
}


def got(**target: Json) -> str:
    return transform(target, EVENT, "the text", ("arn:rule", "rule"), 1_767_225_600_000)


def templated(template: str, **paths: str) -> str:
    return got(InputTransformer={"InputPathsMap": paths, "InputTemplate": template})


def test_without_anything_the_target_gets_the_event_as_it_came() -> None:
    assert got() == "the text"


def test_an_input_is_a_constant() -> None:
    assert got(Input='{"a": 1}') == '{"a": 1}'


def test_an_input_path_selects_a_part() -> None:
    assert got(InputPath="$.detail.map") == '{"a":"b"}'
    assert got(InputPath="$.detail-type") == '"Order"'
    assert got(InputPath="$.nothing") == "null"
    assert got(InputPath="$") == '{"version":"0",' + got(InputPath="$")[15:]


def test_outside_of_quotation_marks_a_variable_is_json() -> None:
    filled = templated('{"who": <who>, "n": <n>, "m": <m>, "x": <none>}', who="$.detail.who", n="$.detail.n",
                       m="$.detail.map", none="$.detail.none")  # fmt: skip
    assert loads(filled) == {"who": 'Ann "A"', "n": 3, "m": {"a": "b"}, "x": None}


def test_inside_of_quotation_marks_a_variable_is_text() -> None:
    filled = templated('{"t": "<who> has <n>"}', who="$.detail.who", n="$.detail.n")
    assert loads(filled) == {"t": 'Ann "A" has 3'}
    assert templated('"<m>"', m="$.detail.map") == '"{a:b}"'


def test_an_escaped_quotation_mark_ends_nothing() -> None:
    assert loads(templated(r'"say \"<n>\""', n="$.detail.n")) == 'say "3"'


def test_a_variable_of_which_the_event_has_nothing_is_empty() -> None:
    assert loads(templated('{"a": <a>, "b": "<a>!"}', a="$.detail.nothing")) == {"a": "", "b": "!"}


def test_several_values_are_a_list() -> None:
    assert templated("<k>", k="$.detail.list[*].k") == "[1,2]"
    assert templated("<k>", k="$.detail.list[1].k") == "2"


def test_what_every_event_has_needs_no_path() -> None:
    filled = templated(
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


def test_what_is_no_variable_stays() -> None:
    assert templated('"a < b <b>bold</b>"') == '"a < b <b>bold</b>"'


VALUES = (
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=8) | st.lists(st.text(max_size=3), max_size=3)
)


@given(VALUES)
def test_a_template_of_json_comes_to_json_whatever_the_event_has(value: Json) -> None:
    assert loads(fill_template('{"a": <a>}', {"a": [value]})) == {"a": value}


@given(st.text(max_size=8))
def test_text_in_a_text_is_that_text(value: str) -> None:
    assert loads(fill_template('{"a": "x<a>y"}', {"a": [value]})) == {"a": f"x{value}y"}
