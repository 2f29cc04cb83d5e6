"""Schedule expressions: AWS's grammar, AWS's rules for daylight saving time, and no time skipped in between."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise
from zoneinfo import ZoneInfo

import pytest
from croniter import croniter
from hypothesis import given
from hypothesis import strategies as st

from lamplighter.lang.schedule.expression import MAX_INSTANT, InvalidSchedule, parse_schedule
from lamplighter.lang.schedule.time_zones import UnknownZone

MINUTE, HOUR = 60_000, 3_600_000
MONTH_LENGTHS = dict(zip(range(1, 13), (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31), strict=True))
"""The days of each month."""
EARLIEST, LATEST = datetime.fromisoformat("1971-01-01"), datetime.fromisoformat("2100-01-01")
NAMES = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")


def ms(text: str) -> int:
    """Return the milliseconds of an ISO date, in UTC if it has no offset."""
    date = datetime.fromisoformat(text)
    return int((date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp() * 1000)


def utc_text(instant: int | None) -> str | None:
    return None if instant is None else f"{datetime.fromtimestamp(instant / 1000, UTC):%Y-%m-%d %H:%M}"


def zone_text(instant: int, zone: str) -> str:
    return f"{datetime.fromtimestamp(instant / 1000, ZoneInfo(zone)):%Y-%m-%d %H:%M}"


def times(expression: str, start: str, count: int, zone: str = "UTC") -> list[int]:
    """Return the first times of a schedule after an instant."""
    schedule = parse_schedule(expression)
    found: list[int] = []
    after: int | None = ms(start)
    while len(found) < count and after is not None:
        after = schedule.next(after, zone)
        found += [] if after is None else [after]
    return found


def dates(expression: str, start: str, count: int) -> list[str]:
    return [str(utc_text(each)) for each in times(expression, start, count)]


# --- grammar ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "expression",
    [
        "rate(1 minute)", "rate(5 minutes)", "rate(1 hour)", "rate(12 hours)", "rate(1 day)", "rate(7 days)",
        "cron(*/15 * * * ? *)", "cron(0/15 * * * ? *)", "cron(0 10 * * ? *)", "cron(0 18 ? * MON-FRI *)",
        "cron(0-15/1 8-8 ? * 2,3,4,5,6,7 *)", "cron(0/30 20-2 ? * MON-FRI *)", "cron(15 10 ? * 6L 2019-2022)",
        "cron(0 8 1 JAN,JUN-AUG ? *)", "cron(0 8 L * ? *)", "cron(0 8 LW * ? *)", "cron(0 8 15W * ? *)",
        "cron(0 8 ? * 3#2 *)", "cron(0 8 ? * TUE#2 *)", "cron(0 8 ? * FRIL *)", "cron(0 8 ? * L *)",
        "cron(5,35 14 * * ? *)", "cron(0  18  ?  *  MON-FRI  *)", "at(2026-11-20T13:00:00)",
    ],
)  # fmt: skip
def test_an_expression_that_aws_accepts_is_accepted(expression: str) -> None:
    assert expression.startswith(parse_schedule(expression).kind)


@pytest.mark.parametrize(
    "expression",
    [
        "", "rate()", "rate(10)", "rate(0 minutes)", "rate(-10 minutes)", "rate(10 seconds)", "rate(10 years)",
        "rate( 10 minutes )", " rate(10 minutes)", "rate(10 minutes) ", "rate(10 minutess)", "rate(foo minutes)",
        "rate(1.5 hours)", "rate(99999999999 days)", "Rate(1 minute)", "rate(1 minutes)", "rate(5 minute)",
        "cron()", "cron(INVALID)", "cron(0 1 * * * *)", "cron(0 1 ? * ? *)", "cron(0 1 1 * MON *)",
        "cron(0 dummy ? * MON-FRI *)", "cron(71 8 1 * ? *)", "cron(7 20 * * NOT *)", "cron(0 24 * * ? *)",
        "cron(0 1 32 * ? *)", "cron(0 1 0 * ? *)", "cron(0 1 * 13 ? *)", "cron(0 1 ? * 8 *)", "cron(0 1 ? * 0 *)",
        "cron(0 1 * * ? 1969)", "cron(0 1 * * ? 2200)", "cron(0 1 * * ? 2030-2020)", "cron(0 1 * * ?)",
        "cron(0 0 1 * * ? *)", "cron(? 1 * * ? *)", "cron(0 1 * ? ? *)", "cron(0/0 1 * * ? *)", "cron(*-5 1 * * ? *)",
        "cron(0 1 ? * 3#6 *)", "cron(0 1 ? * 3#0 *)", "cron(0 1 ? * 3#1,6#3 *)", "cron(0 1 ? * 2/2 *)",
        "cron(0 1 W * ? *)", "cron(0 1 32W * ? *)", "cron(0 1 1,L * ? *)", "cron(L 1 * * ? *)", "cron(0 1 , * ? *)",
        "cron(MON 1 * * ? *)", "cron(0 1 ? JAN-MON MON *)", "cron( 0 1 * * ? *)", "cron(0 1 * * ? *", "0 1 * * ? *",
        "at()", "at(2021-12-31)", "at(2021-12-31T23:59:59Z)", "at(2021-13-31T23:59:59)", "at(2021-02-30T00:00:00)",
        "at(2021-12-31T24:00:00)", "at(2021-12-31 23:59:59)", "at(2021-12-31T23:59:59.5)",
    ],
)  # fmt: skip
def test_an_expression_that_aws_rejects_is_rejected(expression: str) -> None:
    with pytest.raises(InvalidSchedule):
        parse_schedule(expression)


@given(st.text("rate()cron at0123456789-*/?,LW#TZ:MONFRIJA minutes", max_size=40).map(lambda inner: f"cron({inner})"))
def test_any_text_is_a_schedule_or_is_rejected(expression: str) -> None:
    try:
        schedule = parse_schedule(expression)
    except InvalidSchedule:
        return
    assert schedule.kind == "cron"


def test_the_scheduler_needs_no_year_and_no_matching_plural() -> None:
    assert parse_schedule("rate(1 hours)", strict=False) == parse_schedule("rate(1 hour)")
    assert parse_schedule("cron(0 1 * * ?)", strict=False) == parse_schedule("cron(0 1 * * ? *)")
    with pytest.raises(InvalidSchedule):
        parse_schedule("cron(0 1 * *)", strict=False)


def test_an_unknown_zone_is_rejected() -> None:
    for zone in ("Mars/Olympus", "", "America", "../zone.tab", "localtime", "posix/Europe/Berlin"):
        with pytest.raises(UnknownZone):
            parse_schedule("cron(0 1 * * ? *)").next(0, zone)


# --- meaning of an expression -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("cron(0 8 L * ? *)", ["2026-01-31", "2026-02-28", "2026-03-31"]),
        ("cron(0 8 LW * ? *)", ["2026-01-30", "2026-02-27", "2026-03-31"]),
        ("cron(0 8 1W * ? *)", ["2026-01-01", "2026-02-02", "2026-03-02"]),  # Sundays
        ("cron(0 8 31W * ? *)", ["2026-01-30", "2026-03-31", "2026-05-29"]),  # Saturday, Tuesday, Sunday at the end
        ("cron(0 8 15W 8 ? *)", ["2026-08-14", "2027-08-16", "2028-08-15"]),  # Saturday, Sunday, Tuesday
        ("cron(0 8 ? * 6L *)", ["2026-01-30", "2026-02-27", "2026-03-27"]),
        ("cron(0 8 ? * 3#2 *)", ["2026-01-13", "2026-02-10", "2026-03-10"]),
        ("cron(0 8 ? * SUN#5 *)", ["2026-03-29", "2026-05-31", "2026-08-30"]),
        ("cron(0 8 ? * L *)", ["2026-01-03", "2026-01-10", "2026-01-17"]),
        ("cron(0 8 ? * 1 *)", ["2026-01-04", "2026-01-11", "2026-01-18"]),
        ("cron(0 8 ? * FRI-SUN *)", ["2026-01-02", "2026-01-03", "2026-01-04"]),
        ("cron(0 8 30-2 * ? *)", ["2026-01-01", "2026-01-02", "2026-01-30"]),
        ("cron(0 8 29 2 ? *)", ["2028-02-29", "2032-02-29", "2036-02-29"]),
        ("cron(0 8 1 1 ? 2030,2040)", ["2030-01-01", "2040-01-01"]),
        ("cron(0 8 1 1 ? 2100/50)", ["2100-01-01", "2150-01-01"]),
        ("cron(0 8 30 2 ? *)", []),
    ],
)
def test_a_cron_fires_on_its_days(expression: str, expected: list[str]) -> None:
    assert dates(expression, "2026-01-01", 3) == [f"{day} 08:00" for day in expected]


def test_a_range_of_hours_can_cross_midnight() -> None:
    found = dates("cron(0/30 22-1 ? * FRI *)", "2026-01-02", 5)
    assert [each[11:] for each in found] == ["00:30", "01:00", "01:30", "22:00", "22:30"]


def test_a_rate_is_counted_from_its_start_and_not_from_the_clock() -> None:
    rate, start = parse_schedule("rate(7 minutes)"), ms("2026-01-01T00:00:13")
    assert rate.next(start - 1, anchor_ms=start) == start
    assert rate.next(start, anchor_ms=start) == start + 7 * MINUTE
    assert rate.next(start + 100 * MINUTE, anchor_ms=start) == start + 105 * MINUTE
    assert rate.next(start) == start + 7 * MINUTE


def test_there_is_no_time_beyond_the_end_of_the_calendar() -> None:
    assert parse_schedule("rate(2147483647 days)").next(0, anchor_ms=0) is None
    assert dates("cron(59 23 31 12 ? *)", "2198-06-01", 5) == ["2198-12-31 23:59", "2199-12-31 23:59"]


def test_an_at_expression_fires_once_at_the_local_time_of_its_zone() -> None:
    at = parse_schedule("at(2026-07-01T12:00:30)")
    noon = ms("2026-07-01T12:00:30+09:00")
    assert at.next(noon - 1, "Asia/Seoul") == noon
    assert at.next(noon, "Asia/Seoul") is None


# --- daylight saving time ---------------------------------------------------------------------------------------------


def test_new_york_skips_the_hour_that_does_not_exist_in_spring() -> None:
    found = times("cron(30 2 * * ? *)", "2026-03-06T12:00", 3, "America/New_York")
    assert [zone_text(each, "America/New_York") for each in found] == [
        "2026-03-07 02:30", "2026-03-09 02:30", "2026-03-10 02:30",
    ]  # fmt: skip


def test_los_angeles_runs_and_skips_as_in_aws_s_example() -> None:
    """ "runs the schedule only once … before the shift occurs" (the guide shifts at 3 o'clock; the zone does at 2)."""
    zone = "America/Los_Angeles"
    spring = times("cron(30 2 * * ? *)", "2026-03-07T00:00", 2, zone)
    assert [zone_text(each, zone)[5:] for each in spring] == ["03-07 02:30", "03-09 02:30"]
    assert times("cron(30 1 * * ? *)", "2026-11-01T00:00", 1, zone) == [ms("2026-11-01T01:30-07:00")]


def test_new_york_runs_a_time_that_exists_twice_only_the_first_time() -> None:
    found = times("cron(30 1 * * ? *)", "2026-10-31T12:00", 2, "America/New_York")
    assert found == [ms("2026-11-01T01:30-04:00"), ms("2026-11-02T01:30-05:00")]


def test_london_runs_each_quarter_of_the_repeated_hour_once() -> None:
    found = times("cron(0/15 * * * ? *)", "2026-10-24T23:50", 9, "Europe/London")
    assert [zone_text(each, "Europe/London")[11:] for each in found] == [
        "01:00", "01:15", "01:30", "01:45", "02:00", "02:15", "02:30", "02:45", "03:00",
    ]  # fmt: skip
    assert found[4] - found[3] == HOUR + 15 * MINUTE


def test_no_time_is_repeated_during_the_second_pass_of_the_repeated_hour() -> None:
    found = parse_schedule("cron(0/15 * * * ? *)").next(ms("2026-10-25T01:20Z"), "Europe/London")
    assert found == ms("2026-10-25T02:00Z")


def test_lord_howe_changes_its_clocks_by_half_an_hour() -> None:
    spring = times("cron(0/15 2 * * ? *)", "2026-10-03T12:00", 2, "Australia/Lord_Howe")
    assert [zone_text(each, "Australia/Lord_Howe") for each in spring] == ["2026-10-04 02:30", "2026-10-04 02:45"]
    autumn = times("cron(0/15 1 * * ? *)", "2026-04-04T12:00", 5, "Australia/Lord_Howe")
    assert [zone_text(each, "Australia/Lord_Howe") for each in autumn] == [
        "2026-04-05 01:00", "2026-04-05 01:15", "2026-04-05 01:30", "2026-04-05 01:45", "2026-04-06 01:00",
    ]  # fmt: skip


def test_apia_skipped_a_whole_day() -> None:
    found = times("cron(0 12 * * ? *)", "2011-12-29T00:00", 3, "Pacific/Apia")
    assert [zone_text(each, "Pacific/Apia")[:10] for each in found] == ["2011-12-29", "2011-12-31", "2012-01-01"]


def test_an_at_expression_with_a_time_that_does_not_exist_never_fires() -> None:
    assert parse_schedule("at(2026-03-08T02:30:00)").next(0, "America/New_York") is None


def test_a_rate_of_one_day_is_24_hours_despite_daylight_saving_time() -> None:
    start = ms("2026-03-07T12:00-05:00")
    assert parse_schedule("rate(1 day)").next(start, "America/New_York", start) == ms("2026-03-08T13:00-04:00")


# --- properties -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CronField:
    """One field of a cron: its text, and the values that the text means."""

    text: str
    values: frozenset[int]


@st.composite
def fields(draw: st.DrawFn, low: int, high: int, steps: bool = True) -> CronField:
    parts = draw(st.lists(parts_of(low, high, steps), min_size=1, max_size=3))
    return CronField(",".join(part.text for part in parts), frozenset().union(*(part.values for part in parts)))


@st.composite
def parts_of(draw: st.DrawFn, low: int, high: int, steps: bool) -> CronField:
    first, last = sorted(draw(st.tuples(st.integers(low, high), st.integers(low, high))))
    step = draw(st.integers(1, high - low))
    kinds = {
        "*": (low, high, 1),
        f"{first}": (first, first, 1),
        f"{first}-{last}": (first, last, 1),
        f"*/{step}": (low, high, step),
        f"{first}/{step}": (first, high, step),
        f"{first}-{last}/{step}": (first, last, step),
    }
    text = draw(st.sampled_from([kind for kind in kinds if steps or "/" not in kind]))
    start, stop, by = kinds[text]
    return CronField(text, frozenset(value for value in range(start, stop + 1) if (value - start) % by == 0))


@st.composite
def crons(draw: st.DrawFn) -> tuple[CronField, ...]:
    """Minute, hour, day of the month, month and day of the week, with ? for one of the days."""
    minute, hour = draw(fields(0, 59)), draw(fields(0, 23))
    date, month, weekday = draw(fields(1, 31)), draw(fields(1, 12)), draw(fields(1, 7, steps=False))
    no_date = draw(st.booleans())
    either = CronField("?", frozenset(range(32)))
    return (minute, hour, either if no_date else date, month, weekday if no_date else either)


def expression_of(cron: tuple[CronField, ...]) -> str:
    return f"cron({' '.join(field.text for field in cron)} *)"


ZONES = st.sampled_from(["UTC", "America/New_York", "Europe/London", "Australia/Lord_Howe", "Asia/Kolkata"])
INSTANTS = st.integers(ms("1995-01-01"), ms("2037-01-01"))
CLOCK_SETTINGS = st.sampled_from(["2026-03-08T07:00", "2026-11-01T06:00", "2026-10-25T01:00", "2026-04-04T15:00"])
NEAR_SETTINGS = st.builds(lambda at, off: ms(at) + off, CLOCK_SETTINGS, st.integers(-4 * HOUR, 2 * HOUR))


def fires_at(cron: tuple[CronField, ...], instant: int, zone: str) -> bool:
    """Return whether a cron fires in a minute, judged by that minute alone."""
    at = datetime.fromtimestamp(instant / 1000, ZoneInfo(zone))
    found = (at.minute, at.hour, at.day, at.month, at.isoweekday() % 7 + 1)
    return at.fold == 0 and all(value in field.values for value, field in zip(found, cron, strict=True))


@given(crons(), ZONES, INSTANTS | NEAR_SETTINGS)
def test_next_equals_the_result_of_checking_every_minute(cron: tuple[CronField, ...], zone: str, after: int) -> None:
    first = after - after % MINUTE + MINUTE
    minutes = range(first, first + 4 * HOUR, MINUTE)
    naive = next((minute for minute in minutes if fires_at(cron, minute, zone)), None)
    found = parse_schedule(expression_of(cron)).next(after, zone)
    assert found == naive if naive is not None else found is None or found >= minutes.stop


@given(crons(), ZONES, INSTANTS)
def test_times_increase_and_the_next_time_is_the_same_from_any_instant_before_it(
    cron: tuple[CronField, ...], zone: str, after: int
) -> None:
    schedule = parse_schedule(expression_of(cron))
    found = [after]
    for _ in range(4):
        later = schedule.next(found[-1], zone)
        if later is None:
            break
        assert schedule.next(later - 1, zone) == later
        assert schedule.next((found[-1] + later) // 2, zone) == later
        found.append(later)
    assert all(earlier < later for earlier, later in pairwise(found))
    assert list(islice(schedule.times(after, zone), len(found) - 1)) == found[1:]


@given(crons(), INSTANTS)
def test_croniter_finds_the_same_times_in_utc(cron: tuple[CronField, ...], after: int) -> None:
    # croniter reads 1-1 and overlapping lists differently, so it gets each value on its own.
    minute, hour, date, months, weekday = cron
    every = [",".join(map(str, sorted(field.values))) for field in (minute, hour, months)]
    days = "*" if date.text == "?" else ",".join(map(str, sorted(date.values)))
    weekdays = "*" if weekday.text == "?" else ",".join(NAMES[value - 1] for value in sorted(weekday.values))
    start = datetime.fromtimestamp(after / 1000, UTC)
    croniter_expression = f"{every[0]} {every[1]} {days} {every[2]} {weekdays}"
    other = croniter(croniter_expression, start, max_years_between_matches=60)
    if any(
        date.values & set(range(1, length + 1)) for month, length in MONTH_LENGTHS.items() if month in months.values
    ):
        assert parse_schedule(expression_of(cron)).next(after) == ms(other.get_next(datetime).isoformat())


@given(st.sampled_from(["L", "1#1", "3#5", "7#2"]), INSTANTS)
def test_croniter_agrees_about_last_days_and_nth_weekdays(days: str, after: int) -> None:
    start = datetime.fromtimestamp(after / 1000, UTC)
    croniter_expression = "0 6 L * *" if days == "L" else f"0 6 * * {int(days[0]) - 1}{days[1:]}"
    expression = "cron(0 6 L * ? *)" if days == "L" else f"cron(0 6 ? * {days} *)"
    assert parse_schedule(expression).next(after) == ms(
        croniter(croniter_expression, start).get_next(datetime).isoformat()
    )


@given(st.integers(1, 10_000), st.integers(0, 10**13), st.integers(0, 10**13))
def test_a_rate_fires_at_whole_periods_from_its_anchor(minutes: int, anchor: int, after: int) -> None:
    found = parse_schedule(f"rate({minutes} minutes)", strict=False).next(after, anchor_ms=anchor)
    assert found is not None
    assert after < found < MAX_INSTANT
    assert (found - anchor) % (minutes * MINUTE) == 0
    assert found == anchor or (found > anchor and found - after <= minutes * MINUTE)


@given(st.datetimes(EARLIEST, LATEST, timezones=ZONES.map(ZoneInfo)))
def test_an_at_expression_fires_exactly_at_its_local_time_or_never(at: datetime) -> None:
    at = at.replace(microsecond=0, fold=0)
    found = parse_schedule(f"at({at:%Y-%m-%dT%H:%M:%S})").next(0, str(at.tzinfo))
    exists = at.astimezone(UTC).astimezone(at.tzinfo).replace(tzinfo=None) == at.replace(tzinfo=None)
    assert found == (int((at - datetime(1970, 1, 1, tzinfo=UTC)) / timedelta(milliseconds=1)) if exists else None)
