"""Values that are written as text are parsed back unchanged."""

from math import inf, isnan, nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json
from lamplighter.wire.protocols.text import parse_text, write_text
from tests.service_models import scalar_shape


@given(
    st.tuples(st.just("integer"), st.integers(-(2**31), 2**31 - 1))
    | st.tuples(st.just("double"), st.floats(allow_nan=False))
    | st.tuples(st.just("boolean"), st.booleans())
    | st.tuples(st.just("string"), st.text())
    | st.tuples(st.just("blob"), st.binary())
    | st.tuples(st.just("timestamp"), st.integers(-(10**12), 10**13).map(lambda milliseconds: milliseconds / 1000))
)
def test_parsing_reverses_writing(case: tuple[str, Json]) -> None:
    kind, value = case
    assert parse_text(write_text(value, scalar_shape(kind)), scalar_shape(kind)) == value


def test_a_timestamp_is_written_as_aws_writes_it() -> None:
    assert write_text(1767225600.5, scalar_shape("timestamp")) == "2026-01-01T00:00:00.500Z"


def test_a_timestamp_without_a_zone_is_utc() -> None:
    assert parse_text("2026-01-01T00:00:00", scalar_shape("timestamp")) == 1767225600.0


@pytest.mark.parametrize(("text", "value"), [("NaN", nan), ("Infinity", inf), ("-Infinity", -inf)])
def test_a_double_that_is_no_number_has_aws_s_spelling(text: str, value: float) -> None:
    """https://smithy.io/2.0/aws/protocols/aws-query-protocol.html#non-numeric-float-and-double-serialization."""
    parsed = parse_text(text, scalar_shape("double"))
    assert isnan(parsed) if isnan(value) else parsed == value
    assert write_text(value, scalar_shape("double")) == text


@pytest.mark.parametrize(
    "text", ["1_0", "nan", "NAN", "-NaN", "inf", "Inf", "infinity", "+Infinity", "1e400", "\u0661", "", "0x1"]
)
@pytest.mark.parametrize("kind", ["double", "float"])
def test_a_double_that_only_python_can_parse_is_malformed_input(kind: str, text: str) -> None:
    with pytest.raises(AwsError) as caught:
        parse_text(text, scalar_shape(kind))
    assert caught.value.code == "MalformedInput"


@pytest.mark.parametrize(
    ("kind", "text"),
    [("timestamp", "yesterday"), ("boolean", "yes"), ("double", "x"), ("integer", "1.0"), ("integer", str(2**31))],
)
def test_a_text_of_another_type_is_malformed_input(kind: str, text: str) -> None:
    with pytest.raises(AwsError) as caught:
        parse_text(text, scalar_shape(kind))
    assert caught.value.code == "MalformedInput"
