"""Unix cron in AWS's grammar: the same times, or an error with what to write instead."""

from datetime import datetime, timedelta
from itertools import takewhile

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from lamplighter.lang.schedule.cron import parse_cron
from lamplighter.lang.schedule.unix_cron import InvalidUnixCron, is_unix_cron, to_aws_cron
from tests.property_settings import examples


@pytest.mark.parametrize(
    ("unix", "aws"),
    [
        ("0 3 * * *", "0 3 * * ? *"),
        ("0 3 * * 1-5", "0 3 ? * MON-FRI *"),
        ("0 3 * * 0", "0 3 ? * SUN *"),
        ("0 3 * * 7", "0 3 ? * SUN *"),
        ("0 3 * * 5-7", "0 3 ? * SUN,FRI,SAT *"),
        ("0 3 * * fri-sun", "0 3 ? * SUN,FRI,SAT *"),
        ("0 3 * * 1-7", "0 3 * * ? *"),
        ("0 3 * * 1-5/2", "0 3 ? * MON,WED,FRI *"),
        ("*/5 8-18 * * *", "0/5 8-18 * * ? *"),
        ("5,10 0-8/4 1,15 jan,JUL *", "5,10 0,4,8 1,15 1,7 ? *"),
        ("30 6 1-31 * mon", "30 6 * * ? *"),
        ("0 0 13 * 0-6", "0 0 * * ? *"),
        ("0 0 */2 * *", "0 0 1/2 * ? *"),
        ("0 0 1 nov-feb *", "0 0 1 1,2,11,12 ? *"),
        ("0 0 ? * MON", "0 0 ? * MON *"),
        ("@hourly", "0 * * * ? *"),
        ("@daily", "0 0 * * ? *"),
        ("@midnight", "0 0 * * ? *"),
        ("@Weekly", "0 0 ? * SUN *"),
        ("@monthly", "0 0 1 * ? *"),
        ("@yearly", "0 0 1 1 ? *"),
        ("@annually", "0 0 1 1 ? *"),
    ],
)
def test_an_expression_has_the_same_times_in_aws_s_grammar(unix: str, aws: str) -> None:
    assert to_aws_cron(unix, "a") == f"cron({aws})"
    assert is_unix_cron(unix)
    assert not is_unix_cron(f"cron({aws})")


NUMBERS = {"minute": (0, 59), "hour": (0, 23), "date": (1, 31), "month": (1, 12), "weekday": (0, 7)}


def draw_field(low: int, high: int) -> st.SearchStrategy[str]:
    """Draw a field: all, a value, a range, a list of values, or one with a step."""
    value = st.integers(low, high)
    ranges = st.tuples(value, value).map(lambda pair: f"{min(pair)}-{max(pair)}")
    steps = st.tuples(st.one_of(st.just("*"), ranges), st.integers(1, 9)).map(lambda pair: f"{pair[0]}/{pair[1]}")
    lists = st.lists(value, min_size=1, max_size=4).map(lambda values: ",".join(map(str, values)))
    return st.one_of(st.just("*"), ranges, steps, lists)


def matches(text: str, low: int, high: int, value: int) -> bool:
    """Return whether a value is one of a field's."""
    for part in text.split(","):
        span, _, step = part.partition("/")
        first, _, last = ("", "", "") if span == "*" else span.partition("-")
        start, end = (int(first), int(last or first)) if first else (low, high)
        if value in range(start, end + 1, int(step or 1)):
            return True
    return False


def occurs(fields: list[str], time: datetime) -> bool:
    """Return whether cron starts something at a time, by the text of crontab(5)."""
    minute, hour, date, month, weekday = fields
    number = time.isoweekday() % 7
    on_date = matches(date, 1, 31, time.day)
    on_weekday = any(matches(weekday, 0, 7, each) for each in ((0, 7) if number == 0 else (number,)))
    is_both = date.startswith("*") or weekday.startswith("*")
    on_day = (on_date and on_weekday) if is_both else (on_date or on_weekday)
    return (
        matches(minute, 0, 59, time.minute)
        and matches(hour, 0, 23, time.hour)
        and matches(month, 1, 12, time.month)
        and on_day
    )


@settings(max_examples=examples(60), deadline=None)
@given(
    st.tuples(*(draw_field(*each) for each in NUMBERS.values())),
    st.datetimes(datetime.fromisoformat("2026-01-01"), datetime.fromisoformat("2027-01-01")),
)
def test_a_translated_expression_occurs_exactly_when_cron_would_start_it(
    fields: tuple[str, ...], near: datetime
) -> None:
    assume(fields[2].startswith("*/1") or fields[4].startswith("*/1") or "*" in (fields[2], fields[4]))
    translated = parse_cron(to_aws_cron(" ".join(fields), "a").removeprefix("cron(").removesuffix(")"))
    start = near.replace(minute=0, second=0, microsecond=0)
    end = start + timedelta(hours=30)
    expected = [time for time in (start + timedelta(minutes=at) for at in range(1800)) if occurs(list(fields), time)]
    assert list(takewhile(lambda time: time < end, translated.times(start))) == expected


@pytest.mark.parametrize(
    ("unix", "message", "advice"),
    [
        ("60 3 * * *", "`60` is not a valid minute", "write 0 to 59"),
        ("0 3 0 * *", "`0` is not a valid day of the month", "write 1 to 31"),
        ("0 3 * * 8", "`8` is not a valid day of the week", "write 0 to 7, or SUN to SAT"),
        ("*/0 3 * * *", "`*/0` is not a valid minute", "write 0 to 59"),
        ("H(9-3) 3 * * *", "`H(9-3)` is not a valid minute", "write 0 to 59"),
        ("0 3 13 * 5", "names days of the month and days of the week", "a day of both starts two runs"),
        ("0 3 */2 * 5", "names days of the month and days of the week", "check the other: only a day of both is meant"),
        (
            "0 3 13 * */2",
            "names days of the month and days of the week",
            "check the other: only a day of both is meant",
        ),
        ("@reboot", "`@reboot` is not a schedule", "write one of @yearly"),
        ("@every 5m", "`@every 5m` is not a schedule", "or rate(5 minutes)"),
        ("@dayly", "`@dayly` is not a schedule", "write one of @yearly"),
    ],
)
def test_what_has_no_counterpart_is_refused_with_advice(unix: str, message: str, advice: str) -> None:
    with pytest.raises(InvalidUnixCron) as caught:
        to_aws_cron(unix, "a")
    assert message in caught.value.args[0]
    assert advice in caught.value.args[1]


def test_h_is_a_stable_value_that_differs_between_names() -> None:
    minutes = {to_aws_cron("H 3 * * *", f"job-{at}") for at in range(40)}
    assert len(minutes) > 15
    assert to_aws_cron("H H * * *", "backup") == to_aws_cron("H H * * *", "backup")


@pytest.mark.parametrize(
    ("unix", "place", "expected"),
    [
        ("H(10-19) 3 * * *", 0, [str(each) for each in range(10, 20)]),
        ("0 H(0-5) * * *", 1, [str(each) for each in range(6)]),
        ("H/15 * * * *", 0, [f"{each}/15" for each in range(15)]),
        ("0 3 H * *", 2, [str(each) for each in range(1, 29)]),
        ("0 3 * H *", 3, [str(each) for each in range(1, 13)]),
        ("0 3 * * H", 4, ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"]),
    ],
)
def test_h_stays_within_its_field_its_range_and_every_month(unix: str, place: int, expected: list[str]) -> None:
    found = {to_aws_cron(unix, f"job-{at}").removeprefix("cron(").split()[place] for at in range(300)}
    assert found == set(expected)
