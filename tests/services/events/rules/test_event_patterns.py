import pytest

from lamplighter.base.errors import AwsError
from lamplighter.services.events.rules.event_patterns import read_pattern


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (
            "this is no JSON",
            (
                "Unrecognized token 'this': was expecting (JSON String, Number, Array, Object or token 'null', 'true' "
                "or 'false')\n at [Source: (String)\"this is no JSON\"; line: 1, column: 5]"
            ),
        ),
        (
            '{\n{"a"',
            (
                "Unexpected character ('{' (code 123)): was expecting double-quote to start field name\n"
                ' at [Source: (String)"{\n{"a""; line: 2, column: 2]'
            ),
        ),
        ("", 'Unexpected end-of-input\n at [Source: (String)""; line: 1, column: 1]'),
        ('"text"', 'Filter is not an object\n at [Source: (String)""text""; line: 1, column: 2]'),
        ("7", 'Filter is not an object\n at [Source: (String)"7"; line: 1, column: 2]'),
        (
            '{"a":\r\n [{"b\\"": 1}]}',
            'Unrecognized match type b"\n at [Source: (String)"{"a":\r\n [{"b\\"": 1}]}"; line: 2, column: 12]',
        ),
    ],
)
def test_an_invalid_pattern_is_reported_with_its_location(text: str, reason: str) -> None:
    with pytest.raises(AwsError) as raised:
        read_pattern(text)
    assert raised.value.message == f"Event pattern is not valid. Reason: {reason}"


def test_the_message_contains_only_a_part_of_a_long_pattern() -> None:
    text = '{"a": 1, "b": "' + "x" * 600 + '"}'
    with pytest.raises(AwsError) as raised:
        read_pattern(text)
    assert f'{text[:500]}"[truncated {len(text) - 500} chars]; line: 1, column: 8]' in raised.value.message


@pytest.mark.parametrize(
    ("text", "reason", "column"),
    [
        ('{"a": 1, "b": closed}', '"a" must be an object or an array', 8),
        ('{"a": [{"b": "c"}], "b" 1}', "Unrecognized match type b", 15),
        ('{"a": "b', '"a" must be an object or an array', 8),
        ('["a", b', "Filter is not an object", 2),
        ('{"a": [] ', "Empty arrays are not allowed", 9),
        (
            '{"a": [] "b"}',
            "Empty arrays are not allowed",
            9,
        ),
        (
            '{"a": ["b"] "c": 1}',
            "Unexpected character ('\"' (code 34)): was expecting comma to separate Object entries",
            14,
        ),
        ('{"a": [{"wildcard": "**', "Unexpected end-of-input: was expecting closing quote for a string value", 24),
    ],
)
def test_the_first_of_several_errors_in_the_text_is_reported(text: str, reason: str, column: int) -> None:
    with pytest.raises(AwsError) as raised:
        read_pattern(text)
    where = f'\n at [Source: (String)"{text}"; line: 1, column: {column}]'
    assert raised.value.message == f"Event pattern is not valid. Reason: {reason}{where}"


def test_text_after_the_last_brace_of_a_pattern_is_ignored() -> None:
    assert read_pattern('{"a": ["b"]} and more').matches({"a": "b"})
    with pytest.raises(AwsError) as raised:
        read_pattern('{"a": []}}')
    assert raised.value.message.endswith("column: 9]")
