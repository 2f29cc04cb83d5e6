"""What started a run, in words."""

import pytest

from lamplighter.runs.run_trigger import read_trigger

SCHEDULE = "arn:aws:scheduler:eu-west-1:123456789012:schedule/default/nightly"


@pytest.mark.parametrize(
    ("origin", "words"),
    [
        (SCHEDULE, "schedule nightly"),
        ("arn:aws:events:eu-west-1:123456789012:rule/orders", "rule orders"),
        ("arn:aws:events:eu-west-1:123456789012:rule/bus/orders", "rule orders"),
        ("arn:aws:states:eu-west-1:123456789012:execution:parent:7", "run parent:7"),
        ("", "by hand"),
        (None, ""),
        ("no arn", ""),
    ],
)
def test_a_trigger_is_named(origin: str | None, words: str) -> None:
    assert read_trigger(origin).words == words
