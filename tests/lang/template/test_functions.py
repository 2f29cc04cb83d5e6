"""Functions return what CloudFormation's reference states, and reject what it rejects, in its words."""

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
def test_a_value_without_functions_is_unchanged(value: Json) -> None:
    assert resolve(value, SCOPE) == value


@given(texts())
def test_nested_functions_are_resolved(pair: tuple[Json, str]) -> None:
    value, text = pair
    assert resolve(value, SCOPE) == text


@given(st.lists(words.filter(lambda word: "," not in word), min_size=1))
def test_splitting_undoes_joining(items: list[str]) -> None:
    assert resolve({"Fn::Split": [",", {"Fn::Join": [",", items]}]}, SCOPE) == items


@given(st.text())
def test_base64_encodes_utf_8(text: str) -> None:
    assert resolve({"Fn::Base64": text}, SCOPE) == b64encode(text.encode()).decode()


@given(plain.filter(lambda value: isinstance(value, (dict, list))))
def test_to_json_string_encodes_the_value(value: Json) -> None:
    assert loads(resolve({"Fn::ToJsonString": value}, SCOPE)) == value


@given(st.integers(8, 20), st.integers(1, 16), st.integers(4, 8))
def test_cidr_blocks_are_in_their_network_and_do_not_overlap(prefix: int, count: int, bits: int) -> None:
    whole = IPv4Network(f"10.0.0.0/{prefix}")
    blocks = [IPv4Network(block) for block in resolve({"Fn::Cidr": [str(whole), count, bits]}, SCOPE)]
    assert len(blocks) == count
    assert all(block.subnet_of(whole) and block.prefixlen == 32 - bits for block in blocks)
    assert not any(left.overlaps(right) for at, left in enumerate(blocks) for right in blocks[:at])


@given(plain, plain)
def test_no_value_removes_its_member(before: Json, after: Json) -> None:
    no_value = {"Ref": "AWS::NoValue"}
    assert resolve([before, no_value, after], SCOPE) == [before, after]
    assert resolve({"a": before, "b": {"Fn::If": ["Not", 1, no_value]}}, SCOPE) == {"a": before}
    assert resolve(no_value, SCOPE) is NO_VALUE


def test_functions_that_look_up_values_return_them() -> None:
    assert resolve({"Fn::FindInMap": ["Map", {"Ref": "X"}, "x"]}, scope_with(X="Beta")) == 1
    assert resolve({"Fn::FindInMap": ["Map", "None", "x", {"DefaultValue": {"Ref": "Alpha"}}]}, SCOPE) == "a"
    assert resolve({"Fn::FindInMap": ["Map", "None", "x", {"DefaultValue": ""}]}, SCOPE) == ""
    assert resolve({"Fn::Length": [{"Ref": "Alpha"}, 2]}, SCOPE) == 2
    assert resolve({"Fn::GetAZs": ""}, SCOPE) == ["us-east-1a", "us-east-1b", "us-east-1c"]
    assert resolve({"Fn::ImportValue": {"Fn::Sub": "${Alpha}-x"}}, SCOPE) == "import-a-x"


def scope_with(**values: Json) -> TemplateScope:
    return TemplateScope(values, SCOPE.mappings)


def test_a_dynamic_reference_is_resolved_anywhere_in_a_text() -> None:
    assert resolve("x{{resolve:ssm:/a/b:1}}y", SCOPE) == "x<ssm:/a/b:1>y"
    assert resolve({"Fn::Sub": "{{resolve:ssm:${Alpha}}}"}, SCOPE) == "<ssm:a>"
    assert resolve({"Fn::Join": ["", ["{{resolve:ssm:", {"Ref": "Alpha"}, "}}"]]}, SCOPE) == "<ssm:a>"


@pytest.mark.parametrize(
    ("value", "message"),
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
        ({"Fn::Nonsense": 1}, "Encountered unsupported function: Fn::Nonsense Supported functions are: "),
    ],
)
def test_a_malformed_function_is_rejected(value: Json, message: str) -> None:
    with pytest.raises(TemplateError, match=message):
        resolve({"a": [value]}, SCOPE)


def test_the_text_of_a_value_has_the_form_of_templates() -> None:
    assert [value_as_text(value) for value in (True, False, 1, 1.5, "x", [1], {"a": 1})] == [
        *("true", "false", "1", "1.5", "x", "[1]", '{"a":1}'),
    ]
