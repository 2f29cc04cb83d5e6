"""A template is read alike whether it is JSON or YAML; short forms are functions."""

import json

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from lamplighter.base.json_text import Json
from lamplighter.lang.template.text import SHORT_FUNCTIONS, TemplateError, parse_text
from tests.lang.template.templates import plain, refusal

documents = st.dictionaries(st.text("abcXYZ:", min_size=1, max_size=5), plain, max_size=4)


@given(documents)
def test_json_is_read_as_it_is(document: Json) -> None:
    assert parse_text(json.dumps(document)) == document


@given(documents)
def test_yaml_says_what_json_says(document: Json) -> None:
    assert parse_text(yaml.safe_dump(document)) == document
    assert parse_text(yaml.safe_dump(document, default_flow_style=True)) == document


@given(st.text())
def test_a_text_is_read_or_refused_in_words(text: str) -> None:
    told = refusal(lambda: parse_text(text))
    assert told is None or told.startswith("Template ")


@pytest.mark.parametrize("name", sorted(SHORT_FUNCTIONS - {"GetAtt"}))
def test_a_short_form_is_its_function(name: str) -> None:
    assert parse_text(f"a: !{name} x") == {"a": {f"Fn::{name}": "x"}}
    assert parse_text(f"a: !{name} [x, !Ref y]") == {"a": {f"Fn::{name}": ["x", {"Ref": "y"}]}}
    assert parse_text(f"a: !{name}\n  b: !Condition c") == {"a": {f"Fn::{name}": {"b": {"Condition": "c"}}}}


def test_an_attribute_is_split_at_its_first_dot() -> None:
    assert parse_text("a: !GetAtt Stack.Outputs.Arn") == {"a": {"Fn::GetAtt": ["Stack", "Outputs.Arn"]}}
    assert parse_text("a: !GetAtt [Stack, Outputs.Arn]") == {"a": {"Fn::GetAtt": ["Stack", "Outputs.Arn"]}}


def test_scalars_are_those_of_cloudformation_not_of_yaml() -> None:
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
    ("text", "told"),
    [
        ('{"a": 1, "b"', r"JSON not well-formed\. \(line 1, column 13\)"),
        ("a: [", r"YAML not well-formed\. \(line 2, column 1\)"),
        ("a: &x 1\nb: *x", "YAML aliases are not allowed"),
        ("- a", "unsupported structure"),
        ("a: !Nonsense x", "YAML not well-formed"),
        ("[" * 5000, "not well-formed|nested too deeply"),
        ('{"a":' * 5000 + "1" + "}" * 5000, "nested too deeply"),
    ],
)
def test_what_is_no_template_is_refused_with_its_place(text: str, told: str) -> None:
    with pytest.raises(TemplateError, match=told):
        parse_text(text)


def test_yaml_that_is_too_long_is_refused_before_it_is_read() -> None:
    with pytest.raises(TemplateError, match="may not exceed 1048576 bytes"):
        parse_text("a: " + "[" * 1_048_576)
    with pytest.raises(TemplateError, match="may not exceed 1048576 bytes"):
        parse_text("{a: " + "x" * 1_048_576)
    assert parse_text('{"a": "' + "x" * 1_048_576 + '"}')["a"] == "x" * 1_048_576
