"""A template is parsed alike from JSON and from YAML; short forms become functions."""

import json

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from lamplighter.base.json_text import Json
from lamplighter.lang.template.text import SHORT_FUNCTIONS, TemplateError, parse_text
from tests.lang.template.templates import plain, rejection_message

documents = st.dictionaries(st.text("abcXYZ:", min_size=1, max_size=5), plain, max_size=4)


@given(documents)
def test_json_is_parsed_unchanged(document: Json) -> None:
    assert parse_text(json.dumps(document)) == document


@given(documents)
def test_yaml_is_parsed_to_the_same_document_as_json(document: Json) -> None:
    assert parse_text(yaml.safe_dump(document)) == document
    assert parse_text(yaml.safe_dump(document, default_flow_style=True)) == document


@given(st.text())
def test_any_text_is_parsed_or_rejected_with_a_message(text: str) -> None:
    message = rejection_message(lambda: parse_text(text))
    assert message is None or message.startswith("Template ")


@pytest.mark.parametrize("name", sorted(SHORT_FUNCTIONS - {"GetAtt"}))
def test_a_short_form_becomes_its_function(name: str) -> None:
    assert parse_text(f"a: !{name} x") == {"a": {f"Fn::{name}": "x"}}
    assert parse_text(f"a: !{name} [x, !Ref y]") == {"a": {f"Fn::{name}": ["x", {"Ref": "y"}]}}
    assert parse_text(f"a: !{name}\n  b: !Condition c") == {"a": {f"Fn::{name}": {"b": {"Condition": "c"}}}}


def test_an_attribute_is_split_at_its_first_dot() -> None:
    assert parse_text("a: !GetAtt Stack.Outputs.Arn") == {"a": {"Fn::GetAtt": ["Stack", "Outputs.Arn"]}}
    assert parse_text("a: !GetAtt [Stack, Outputs.Arn]") == {"a": {"Fn::GetAtt": ["Stack", "Outputs.Arn"]}}


def test_scalars_are_parsed_by_cloudformation_s_rules_and_not_by_yaml_s() -> None:
    text = "{v: 2010-09-09, account: 012345678901, octal: 0777, sixty: 1:30, n: 12, f: 1.5, yes: true, on: null, 1: x}"
    assert parse_text(text) == {
        "v": "2010-09-09",
        "account": "012345678901",
        "octal": "0777",
        "sixty": "1:30",
        "n": 12,
        "f": 1.5,
        "yes": True,
        "on": None,
        "1": "x",
    }


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"a"=1}', r"JSON not well-formed\. \(line 1, column 6\)"),
        ('{"a": 1, "b"', r"JSON not well-formed\. \(line 1, column 13\)"),
        ("a: [", r"YAML not well-formed\. \(line 2, column 1\)"),
        ("a: &x 1\nb: *x", "YAML aliases are not allowed"),
        ("- a", "unsupported structure"),
        ("a: !Nonsense x", "YAML not well-formed"),
        ("[" * 5000, "not well-formed|nested too deeply"),
        ('{"a":' * 5000 + "1" + "}" * 5000, "nested too deeply"),
    ],
)
def test_invalid_text_is_rejected_with_its_position(text: str, message: str) -> None:
    with pytest.raises(TemplateError, match=message):
        parse_text(text)


def test_yaml_that_is_too_long_is_rejected_before_it_is_parsed() -> None:
    with pytest.raises(TemplateError, match="may not exceed 1048576 bytes"):
        parse_text("a: " + "[" * 1_048_576)
    with pytest.raises(TemplateError, match="may not exceed 1048576 bytes"):
        parse_text("{a: " + "x" * 1_048_576)
    assert parse_text('{"a": "' + "x" * 1_048_576 + '"}')["a"] == "x" * 1_048_576
