"""The rules behind AWS's messages, checked against recorded messages."""

import re

import pytest
import re2
from hypothesis import given
from hypothesis import strategies as st

from lamplighter.base.json_text import Json
from lamplighter.wire.models import java_text
from lamplighter.wire.models.catalog import ModelCatalog
from lamplighter.wire.models.service_models import SERVICES
from lamplighter.wire.models.service_quirks import ServiceQuirks

ENTRY = (
    "PutEventsRequestEntry(time=null, source=a, resources=null, detailType=null, detail={}, eventBusName=null, "
    "traceHeader=null, kmsKeyIdentifier=null)"
)
PARAMETER = "ConnectionBodyParameter(key=null, value=*** Sensitive Data Redacted ***, isValueSecret=false)"


@pytest.mark.parametrize(
    ("modelled", "recorded"),
    [
        (
            ["RUNNING", "SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED", "PENDING_REDRIVE"],
            ["SUCCEEDED", "TIMED_OUT", "PENDING_REDRIVE", "ABORTED", "FAILED", "RUNNING"],
        ),
        (
            ["POST", "GET", "HEAD", "OPTIONS", "PUT", "PATCH", "DELETE"],
            ["HEAD", "POST", "PATCH", "DELETE", "PUT", "GET", "OPTIONS"],
        ),
        (["BASIC", "OAUTH_CLIENT_CREDENTIALS", "API_KEY"], ["BASIC", "OAUTH_CLIENT_CREDENTIALS", "API_KEY"]),
        (
            ["AT_SEQUENCE_NUMBER", "AFTER_SEQUENCE_NUMBER", "TRIM_HORIZON", "LATEST", "AT_TIMESTAMP"],
            ["AFTER_SEQUENCE_NUMBER", "LATEST", "AT_TIMESTAMP", "AT_SEQUENCE_NUMBER", "TRIM_HORIZON"],
        ),
        (["INDEXES", "TOTAL", "NONE"], ["INDEXES", "TOTAL", "NONE"]),
        (["OFF", "ON", "OPTIONAL"], ["OPTIONAL", "OFF", "ON"]),
        (["None", "Tail"], ["Tail", "None"]),
        (
            ["name", "description", "tag-key", "tag-value", "all"],
            ["all", "name", "tag-key", "description", "tag-value"],
        ),
    ],
)
def test_enum_values_are_in_the_recorded_order(modelled: list[str], recorded: list[str]) -> None:
    assert java_text.set_order(modelled) == recorded


def test_the_hash_of_a_text_equals_java_s() -> None:
    assert java_text.string_hash("") == 0
    assert java_text.string_hash("hello") == 99162322
    assert java_text.string_hash("😀") == 0xD83D * 31 + 0xDE00


@pytest.mark.parametrize(
    ("name", "expected"),
    [("AuthorizationType", "authorizationType"), ("OAuthParameters", "oAuthParameters"), ("x", "x")],
)
def test_member_names_begin_in_lower_case(name: str, expected: str) -> None:
    assert java_text.member_name(name) == expected


@pytest.mark.parametrize(
    ("shape", "value", "text"),
    [
        ("PutEventsRequestEntryList", [{"Source": "a", "Detail": "{}"}], f"[{ENTRY}]"),
        ("TransformerPaths", {"de onde?": "$.a", "b": "$.b"}, "{de onde?=$.a, b=$.b}"),
        ("Boolean", True, "true"),
        ("ConnectionBodyParameter", {"IsValueSecret": False, "Value": "x"}, PARAMETER),
    ],
)
def test_values_are_shown_as_java_shows_them(catalog: ModelCatalog, shape: str, value: Json, text: str) -> None:
    model = catalog.service("events").model.shape_for(shape)
    quirks = ServiceQuirks(unmodelled={"PutEventsRequestEntry": ("kmsKeyIdentifier",)})
    assert java_text.java_text(value, model, quirks) == text


def test_every_pattern_of_every_model_compiles() -> None:
    catalog = ModelCatalog()
    shapes = [
        model.shape_for(name)
        for model in (catalog.service(service).model for service in SERVICES)
        for name in model.shape_names
    ]
    patterns = {shape.metadata["pattern"] for shape in shapes if "pattern" in shape.metadata}
    assert all(java_text.java_pattern(source).groups >= 0 for source in patterns)
    plain = patterns - java_text.REWRITTEN.keys()
    assert all(r"\p{N}" in source and "_" in source for source in plain if r"\p{L}" in source)


def test_a_pattern_for_letters_matches_unicode_letters() -> None:
    tag = java_text.java_pattern(r"^([\p{L}\p{Z}\p{N}_.:/=+\-@]*)$")
    assert tag.fullmatch("Größe 日本 ٣_/=+-@")
    assert not tag.fullmatch("a\tb")
    assert not tag.fullmatch("a#b")
    assert not java_text.java_pattern(r"\d{2}").fullmatch("٣٣")


def compile_as_written(source: str) -> Json:
    """Compile with RE2 if needed, because Python does not support Unicode categories."""
    return re2.compile(source) if r"\p" in source else re.compile(source)


@given(st.text(alphabet=" \t:aé\x00\x1f\x7f~", max_size=8), st.sampled_from(sorted(java_text.REWRITTEN)))
def test_a_rewritten_pattern_matches_the_same_texts(text: str, source: str) -> None:
    assert bool(java_text.java_pattern(source).fullmatch(text)) == bool(compile_as_written(source).fullmatch(text))


def test_a_rewritten_pattern_rejects_a_crafted_text_without_backtracking() -> None:
    for source in java_text.REWRITTEN:
        assert java_text.java_pattern(source).fullmatch("\t a" * 5000 + "\x00") is None
