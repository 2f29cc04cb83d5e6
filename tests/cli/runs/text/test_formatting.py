"""Durations and times are formatted and parsed as people write them."""

import pytest
import typer

from lamplighter.cli.runs.parse_instant import parse_instant
from lamplighter.cli.runs.text.formatting import format_distance, format_milliseconds

NOW = 1_774_569_600_000
SECOND, MINUTE, HOUR, DAY = 1_000, 60_000, 3_600_000, 86_400_000


@pytest.mark.parametrize(
    ("milliseconds", "words"),
    [
        (0, "0ms"),
        (85, "85ms"),
        (2_100, "2.1s"),
        (59_600, "1m"),
        (3_780_000, "1h3m"),
        (2 * DAY + HOUR + 59 * SECOND, "2d1h"),
        (-5, "0ms"),
    ],
)
def test_a_duration_is_formatted_with_the_precision_that_matters(milliseconds: int, words: str) -> None:
    assert format_milliseconds(milliseconds) == words


@pytest.mark.parametrize(
    ("offset", "words"),
    [
        (-12 * SECOND, "12s ago"),
        (12 * SECOND, "in 12s"),
        (-5 * MINUTE - SECOND, "5m ago"),
        (3 * HOUR + 20 * MINUTE, "in 3h20m"),
        (-50 * HOUR - MINUTE, "2d2h ago"),
        (0, "0s ago"),
    ],
)
def test_a_time_is_formatted_as_its_distance_from_now(offset: int, words: str) -> None:
    assert format_distance(NOW + offset, NOW) == words


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("10m", NOW - 10 * MINUTE),
        ("1h30m", NOW - 90 * MINUTE),
        ("2w", NOW - 14 * 24 * HOUR),
        ("2026-03-27T00:00:00+00:00", NOW),
    ],
)
def test_a_time_is_parsed_as_a_duration_before_now_or_as_a_date(text: str, expected: int) -> None:
    assert parse_instant(text, NOW) == expected


@pytest.mark.parametrize("text", ["", "soon", "10", "1w2d", "2026-13-01"])
def test_an_invalid_time_is_rejected(text: str) -> None:
    with pytest.raises(typer.BadParameter, match="use a duration"):
        parse_instant(text, NOW)
