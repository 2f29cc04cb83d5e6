"""An event pattern described in words."""

import pytest

from lamplighter.base.json_text import Json
from lamplighter.console.view.pattern_wording import describe_values


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (["a", 1, None, True], '"a" or 1 or null or true'),
        ([{"prefix": "a"}], 'begins with "a"'),
        ([{"suffix": {"equals-ignore-case": ".PNG"}}], 'ends with ".PNG" (ignoring case)'),
        ([{"equals-ignore-case": "a"}], 'equals "a" (ignoring case)'),
        ([{"anything-but": ["a", "b"]}], 'anything but "a" or "b"'),
        ([{"anything-but": {"prefix": "a"}}], 'anything but a value that begins with "a"'),
        ([{"numeric": [">", 0, "<=", 5]}], "> 0 and <= 5"),
        ([{"exists": False}], "does not exist"),
        ([{"cidr": "10.0.0.0/8"}], "an address in 10.0.0.0/8"),
        ([{"wildcard": "a*b"}], 'matches "a*b"'),
        ([{"odd": 1}], '{"odd":1}'),
        ("no list", '"no list"'),
    ],
)
def test_each_comparison_is_described_in_words(values: Json, words: str) -> None:
    assert describe_values(values) == words
