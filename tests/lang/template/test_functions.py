"""Functions come to what CloudFormation's reference says, and refuse what it refuses, in its words."""

from base64 import b64encode
from ipaddress import IPv4Network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamplighter.base.json_text import Json, loads
from lamplighter.lang.template.functions import NO_VALUE, TemplateScope, resolve, value_as_text
from lamplighter.lang.template.text import TemplateError
from tests.lang.template.templates import SCOPE, plain, texts, words


@given(plain)
def test_a_value_without_functions_is_itself(value: Json) -> None:
    assert resolve(value, SCOPE) == value


@given(texts())
def test_functions_in_functions_come_to_what_each_says(pair: tuple[Json, str]) -> None:
    value, text = pair
    assert resolve(value, SCOPE) == text


@given(st.lists(words.filter(lambda word: "," not in word), min_size=1))
def test_splitting_undoes_joining(items: list[str]) -> None:
    assert resolve({"Fn::Split": [",", {"Fn::Join": [",", items]}]}, SCOPE) == items


@given(st.text())
def test_base64_is_of_utf_8(text: str) -> None:
    assert resolve({"Fn::Base64": text}, SCOPE) == b64encode(text.encode()).decode()


@given(plain.filter(lambda value: isinstance(value, (dict, list))))
def test_json_text_is_of_the_value(value: Json) -> None:
    assert loads(resolve({"Fn::ToJsonString": value}, SCOPE)) == value


@given(st.integers(8, 20), st.integers(1, 16), st.integers(4, 8))
def test_blocks_lie_in_their_network_and_do_not_meet(prefix: int, count: int, bits: int) -> None:
    whole = IPv4Network(f"10.0.0.0/{prefix}")
    blocks = [IPv4Network(block) for block in resolve({"Fn::Cidr": [str(whole), count, bits]}, SCOPE)]
    assert len(blocks) == count
    assert all(block.subnet_of(whole) and block.prefixlen == 32 - bits for block in blocks)
    assert not any(left.overlaps(right) for at, left in enumerate(blocks) for right in blocks[:at])


@given(plain, plain)
def test_no_value_takes_its_place_away(before: Json, after: Json) -> None:
    nothing = {"Ref": "AWS::NoValue"}
    assert resolve([before, nothing, after], SCOPE) == [before, after]
    assert resolve({"a": before, "b": {"Fn::If": ["Not", 1, nothing]}}, SCOPE) == {"a": before}
    assert resolve(nothing, SCOPE) is NO_VALUE


def test_what_is_in_a_map_is_found() -> None:
    assert resolve({"Fn::FindInMap": ["Map", {"Ref": "X"}, "x"]}, scope_with(X="Beta")) == 1
    assert resolve({"Fn::FindInMap": ["Map", "None", "x", {"DefaultValue": {"Ref": "Alpha"}}]}, SCOPE) == "a"
    assert resolve({"Fn::FindInMap": ["Map", "None", "x", {"DefaultValue": ""}]}, SCOPE) == ""
    assert resolve({"Fn::Length": [{"Ref": "Alpha"}, 2]}, SCOPE) == 2
    assert resolve({"Fn::GetAZs": ""}, SCOPE) == ["us-east-1a", "us-east-1b", "us-east-1c"]
    assert resolve({"Fn::ImportValue": {"Fn::Sub": "${Alpha}-x"}}, SCOPE) == "import-a-x"


def scope_with(**values: Json) -> TemplateScope:
    return TemplateScope(values, SCOPE.mappings)


def test_a_dynamic_reference_is_asked_for_wherever_it_stands() -> None:
    assert resolve("x{{resolve:ssm:/a/b:1}}y", SCOPE) == "x<ssm:/a/b:1>y"
    assert resolve({"Fn::Sub": "{{resolve:ssm:${Alpha}}}"}, SCOPE) == "<ssm:a>"
    assert resolve({"Fn::Join": ["", ["{{resolve:ssm:", {"Ref": "Alpha"}, "}}"]]}, SCOPE) == "<ssm:a>"


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ({"Ref": ["Alpha"]}, "every Ref object must have a single String value"),
        ({"Fn::GetAtt": ["One"]}, "every Fn::GetAtt object requires two non-empty parameters"),
        ({"Fn::GetAtt": []}, "every Fn::GetAtt object requires two non-empty parameters"),
        ({"Fn::Sub": 1}, "don't specify expected arguments"),
        ({"Fn::Sub": "${a b}"}, "variable names in Fn::Sub syntax must contain only alphanumeric"),
        ({"Fn::Join": "x"}, "every Fn::Join object requires two parameters"),
        ({"Fn::Split": ["", "x"]}, "every Fn::Split object requires two parameters"),
        ({"Fn::Select": [3, ["a"]]}, "cannot select nonexistent value at index 3"),
        ({"Fn::Select": ["x", ["a"]]}, "requires a list argument with two elements"),
        ({"Fn::Select": ["²", ["a"]]}, "requires a list argument with two elements"),
        ({"Fn::FindInMap": ["Map", "None", "x"]}, "Unable to get mapping for Map::None::x"),
        ({"Fn::FindInMap": ["None", "a", "x"]}, "Mapping named 'None' is not present"),
        ({"Fn::If": ["Nobody", 1, 2]}, "Unresolved condition dependency Nobody"),
        ({"Fn::If": ["Yes", 1]}, "Fn::If requires a list argument"),
        ({"Fn::Base64": []}, "must have a String-typed value"),
        ({"Fn::Cidr": ["10.0.0.0/16", 300, 8]}, "cannot generate 300 subnets"),
        ({"Fn::Cidr": ["nonsense", 1, 8]}, "cannot read"),
        ({"Fn::Length": "x"}, "requires a list"),
        ({"Fn::ToJsonString": "x"}, "requires an object or a list"),
        ({"Fn::ImportValue": []}, "must be a string or a function"),
        ({"Fn::Nonsense": 1}, "Fn::Nonsense is not supported"),
    ],
)
def test_a_malformed_function_is_refused(value: Json, told: str) -> None:
    with pytest.raises(TemplateError, match=told):
        resolve({"a": [value]}, SCOPE)


def test_text_of_a_value_is_as_templates_write_it() -> None:
    assert [value_as_text(value) for value in (True, False, 1, 1.5, "x", [1], {"a": 1})] == [
        *("true", "false", "1", "1.5", "x", "[1]", '{"a":1}'),
    ]
