"""Each command of a query does what AWS's documentation says.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_QuerySyntax.html
"""

import re

import pytest

from lamplighter.lang.log_query.commands import compile_query
from lamplighter.lang.log_query.query import QueryRun
from lamplighter.lang.log_query.scanner import QueryError
from tests.lang.log_query.queries import NOW, make_events, run_query

ANN = '{"level":"ERROR","ms":12.5,"user":{"name":"ann","tags":["a","b"]},"ok":true,"none":null,"my-key":7}'
BOB = '{"level":"INFO","ms":3,"user":{"name":"bob"}}'
TEXT = "plain user=ann, method:GET, latency := 7"
EMBEDDED = '2026 {"level":"WARN","ms":"40"} trailing'
EVENTS = make_events(ANN, BOB, TEXT, EMBEDDED)


def column(text: str, name: str) -> list[str | None]:
    return [row.get(name) for row in run_query(text, EVENTS)]


def test_a_query_without_fields_shows_time_and_message() -> None:
    assert run_query("limit 1", EVENTS) == [{"@timestamp": "2025-11-29 16:00:00.000", "@message": ANN}]


def test_each_event_of_a_result_has_its_pointer() -> None:
    run = QueryRun(compile_query("display level", NOW), 1)
    run.add(EVENTS[0])
    assert run.finish() == [[("level", "ERROR"), ("@ptr", "p0")]]


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("user.name", "ann"),
        ("user.tags.1", "b"),
        ("user.tags.2", None),
        ("user.tags", '["a","b"]'),
        ("ok", "true"),
        ("none", None),
        ("`my-key`", "7"),
        ("ms * 2 + 1", "26"),
        ("-ms", "-12.5"),
        ("2 ^ 3 ^ 0", "2"),
        ("ms / 0", None),
        ("7 % 4", "3"),
        ("10 / 3", "3.3333"),
        ("level + 1", None),
        ("level = 'ERROR'", "1"),
        ("not level = 'ERROR'", "0"),
        ("ms > 3 and ms <= 12.5", "1"),
        ("ms < 3 or ms != 12.5", "0"),
        ("missing = 1", "0"),
        ("missing != 1", "1"),
        ("level in ['INFO', 'ERROR']", "1"),
        ("ms not in [1, 12.50]", "0"),
        ("@message like 'ann'", "1"),
        ("@message like /(?i)ANN/", "1"),
        ("@message =~ /x{3}/", "0"),
        ("@message not like /ann/", "0"),
        ("strlen(level)", "5"),
        ("toupper(user.name)", "ANN"),
        ("tolower(level)", "error"),
        ("concat(level, '-', ms)", "ERROR-12.5"),
        ("substr(level, 1, 3)", "RRO"),
        ("replace(level, 'R', 'r')", "ErrOr"),
        ("trim('  x ')", "x"),
        ("ltrim('xxa', 'x')", "a"),
        ("strcontains(level, 'RR')", "1"),
        ("coalesce(missing, level)", "ERROR"),
        ("ispresent(missing)", "0"),
        ("isempty(missing)", "1"),
        ("isblank('  ')", "1"),
        ("abs(-3)", "3"),
        ("ceil(ms)", "13"),
        ("floor(ms)", "12"),
        ("sqrt(-1)", None),
        ("greatest(1, ms, 3)", "12.5"),
        ("least(1, ms)", "1"),
        ("bin(1h)", "2025-11-29 16:00:00.000"),
        ("datefloor(@timestamp, 1mo)", "2025-11-01 00:00:00.000"),
        ("dateceil(@timestamp, 1d)", "2025-11-30 00:00:00.000"),
        ("fromMillis(1000)", "1970-01-01 00:00:01.000"),
        ("toMillis(@timestamp)", str(NOW)),
        ("now()", str(NOW // 1000)),
        ("isValidIp('::1')", "1"),
        ("isValidIpV4('::1')", "0"),
        ("isIpv4InSubnet('10.1.2.3', '10.1.0.0/16')", "1"),
        ("isIpv4InSubnet('x', '10.1.0.0/16')", "0"),
    ],
)
def test_an_expression_has_its_value(expression: str, value: str | None) -> None:
    (row,) = run_query(f"fields {expression} as x", EVENTS[:1])
    assert row.get("x") == value


def test_an_expression_without_a_name_is_named_by_its_text() -> None:
    assert run_query("fields strlen( level ), ms+1", EVENTS[:1]) == [{"strlen( level )": "5", "ms+1": "13.5"}]


def test_json_within_a_text_is_discovered() -> None:
    assert column("display ms", "ms") == ["12.5", "3", None, "40"]


def test_filters_keep_the_events_for_which_they_are_true() -> None:
    assert column("filter ms > 5 | filter level != 'WARN' | display level", "level") == ["ERROR"]


def test_a_glob_makes_a_field_of_each_asterisk() -> None:
    query = "parse @message 'user=*, method:*, latency := *' as @user, method, latency | filter ispresent(@user)"
    (row,) = run_query(query, EVENTS)
    assert (row["@user"], row["method"], row["latency"], row["@message"]) == ("ann", "GET", "7", TEXT)


def test_a_regular_expression_makes_a_field_of_each_named_group() -> None:
    query = r"parse /user=(?<who>\w+), method:(?<method>\w+)/ | filter method = 'GET' | display who"
    assert run_query(query, EVENTS) == [{"who": "ann"}]


def test_a_parsed_field_can_be_parsed_again() -> None:
    query = "parse 'user=*' as rest | parse rest '*, method:*,' as who, method | filter who = 'ann' | display method"
    assert run_query(query, EVENTS) == [{"method": "GET"}]


def test_a_sort_orders_numbers_as_numbers_and_missing_values_first() -> None:
    assert column("display ms | sort ms asc", "ms") == [None, "3", "12.5", "40"]
    assert column("display ms | sort ms desc", "ms") == ["40", "12.5", "3", None]
    assert column("display ms | sort ms desc | limit 1", "ms") == ["40"]
    assert column("display ms | sort by ms asc | filter ms > 3 | limit 1", "ms") == ["12.5"]


def test_a_sort_by_several_fields_is_stable() -> None:
    events = make_events('{"a":1,"b":1}', '{"a":2,"b":1}', '{"a":1,"b":2}')
    found = run_query("display a, b | sort a asc, b desc", events)
    assert found == [{"a": "1", "b": "2"}, {"a": "1", "b": "1"}, {"a": "2", "b": "1"}]


def test_stats_aggregate_all_events_or_groups() -> None:
    query = (
        "stats count(*) as n, count(ms) as with_ms, sum(ms) as total, avg(ms) as mean, min(ms) as low, max(ms) as high,"
        "count_distinct(level) as levels, median(ms) as middle, pct(ms, 100) as top, stddev(ms) as spread, "
        "latest(level) as last, earliest(level) as first, sortsFirst(level) as a, sortsLast(level) as z"
    )
    assert run_query(query, EVENTS) == [
        {
            "n": "4",
            "with_ms": "3",
            "total": "55.5",
            "mean": "18.5",
            "low": "3",
            "high": "40",
            "levels": "3",
            "middle": "12.5",
            "top": "40",
            "spread": "19.2159",
            "last": "ERROR",
            "first": "WARN",
            "a": "ERROR",
            "z": "WARN",
        }
    ]


def test_stats_group_by_fields_and_times() -> None:
    found = run_query("stats count(*) by bin(2m) | sort bin(2m) asc", EVENTS)
    assert found == [
        {"bin(2m)": "2025-11-29 15:56:00.000", "count(*)": "1"},
        {"bin(2m)": "2025-11-29 15:58:00.000", "count(*)": "2"},
        {"bin(2m)": "2025-11-29 16:00:00.000", "count(*)": "1"},
    ]


def test_stats_of_no_events_have_no_rows() -> None:
    assert run_query("filter level = 'x' | stats count(*)", EVENTS) == []


def test_a_result_of_stats_can_be_filtered_and_aggregated_again() -> None:
    events = make_events(*('{"k":"a"}',) * 3, '{"k":"b"}')
    assert run_query("stats count(*) as n by k | filter n > 1", events) == [{"k": "a", "n": "3"}]
    assert run_query("stats count(*) as n by k | stats max(n) as most, count(*) as kinds", events) == [
        {"most": "3", "kinds": "2"}
    ]
    assert run_query("stats count(*) by k | sort count(*) desc | limit 1 | fields 1 + 1 as x", events) == [
        {"k": "a", "count(*)": "3", "x": "2"}
    ]


def test_dedup_keeps_the_first_event_of_each_value_and_those_without_one() -> None:
    events = make_events('{"k":"a","n":1}', '{"k":"a","n":2}', "x", "y", '{"k":"b","n":3}')
    assert run_query("display n | dedup k", events) == [{"n": "1"}, {}, {}, {"n": "3"}]
    query = "filter ispresent(k) | display n | sort n desc | dedup k | limit 1"
    assert run_query(query, events) == [{"n": "3"}]


def test_texts_are_sorted_naturally_before_numbers() -> None:
    """The example of AWS: https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_QuerySyntax-Sort.html."""
    texts = ["!:", "#", "*%04", "0#", "5A", "111A", "2345_", "@", "@_", "A", "A9876fghj", "a12345hfh"]
    texts += ["0", "1", "2", "3"]
    found = run_query("display @message | sort @message asc", make_events(*reversed(texts)))
    assert [row["@message"] for row in found] == texts


def test_comments_and_backticks_are_read() -> None:
    assert run_query("# all errors\nfields `level` # the level\n| limit 1", EVENTS) == [{"level": "ERROR"}]


def test_a_run_is_done_when_its_limit_is_reached_before_rows_are_gathered() -> None:
    for text, is_done in (("limit 1", True), ("stats count(*) | limit 1", False), ("limit 1 | stats count(*)", True)):
        run = QueryRun(compile_query(text, NOW), 10)
        run.add(EVENTS[0])
        assert run.is_done == is_done, text


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("fieldz x", "a command is expected"),
        ("filter a =", "is missing"),
        ("filter a ~ 3", "unexpected symbol found '~'"),
        ("filter (a", "')' is missing"),
        ("filter a like 3", "a text or a regular expression is missing"),
        ("filter a not 3", "'like' or 'in' is missing"),
        ("filter a like /[/", "missing ]"),
        ("filter a in 3", "'[' is missing"),
        ("fields a | | b", "a command is expected"),
        ("fields strlen()", "missing"),
        ("fields substr(a)", "takes 2 to 3"),
        ("fields bin(5)", "is missing"),
        ("fields datefloor(a, 5)", "is not a period"),
        ("stats foo(x)", "'foo' is not a function of stats"),
        ("stats pct(x, 101)", "from 0 to 100"),
        ("parse 'a*b' as", "the name of a field is missing"),
        ("parse 'a*b*' as x", "2 asterisks, but 1 names"),
        ("parse x", "a pattern in quotation marks"),
        ("dedup a | sort a", "only limit can follow dedup"),
        ("limit 0", "from 1 to 100000"),
        ("limit x", "from 1 to 100000"),
        ("filter " + "(" * 100, "nested too deeply"),
        ("x" * 10_001, "longer than"),
    ],
)
def test_an_invalid_query_states_the_reason(text: str, reason: str) -> None:
    with pytest.raises(QueryError, match=re.escape(reason)):
        compile_query(text, NOW)


@pytest.mark.parametrize(
    ("expression", "value"),
    [("1" + " + 1" * 2_000, "2001"), ("2" + " * 1" * 2_000, "2"), ("1" + " ^ 1" * 2_000, "1"), ("2 ^ 3 ^ 2", "512")],
)
def test_an_expression_has_as_many_operands_as_the_query_has_room_for(expression: str, value: str) -> None:
    """Many operands in a row are no deeper than two."""
    assert column(f"fields {expression} as x | limit 1", "x") == [value]
