"""Each command of a query does what AWS's documentation says.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_QuerySyntax.html
"""

import re

import pytest

from lamplighter.lang.log_query.commands import compile_query
from lamplighter.lang.log_query.query import QueryRun
from lamplighter.lang.log_query.scanner import QueryError
from lamplighter.lang.log_query.source import Source
from lamplighter.lang.log_query.stages import QueryTooLarge
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
        ("round(2.5)", "3"),
        ("round(-1.25, 1)", "-1.3"),
        ("round('x')", None),
        ("toInt('3.9')", "3"),
        ("toInt(3000000000)", None),
        ("toLong(3000000000)", "3000000000"),
        ("toDouble('1.50')", "1.5"),
        ("toNumber('x')", None),
        ("haversine(52.52, 13.405, 48.8566, 2.3522) > 877", "1"),
        ("if(ms > 12, 'slow', 'fast')", "slow"),
        ("case(ms > 100, 'a', ms > 10, 'b', 'c')", "b"),
        ("case(ms > 100, 'a', 'c')", "c"),
        ("case(ms > 100, 'a')", None),
        ("isNumeric(ms)", "1"),
        ("isNumeric(level)", "0"),
        ("messageSize('é')", "2"),
        ("queryStartTime()", "1000"),
        ("queryEndTime()", "5000"),
        ("queryTimeRange()", "4000"),
        ("formatDate(@timestamp, '%Y-%m-%d %H:%M')", "2025-11-29 16:00"),
        ("formatDate(@timestamp, '%d.%m. %H:%M %Z 100%%', 'Europe/Berlin')", "29.11. 17:00 CET 100%"),
        ("strftime(1000, '%T.%f')", "00:00:01.000000"),
        ("formatDate(@timestamp, '%Y', 'Nowhere')", None),
        ("formatDate('x', '%Y')", None),
        ("formatDate(@timestamp, '%Q %')", "%Q %"),
        ("startsWith(level, 'ERR')", "1"),
        ("endsWith(level, 'ERR')", "0"),
        ("strcontains(level, 'err')", "0"),
        ("strcontains(level, 'err', 'true')", "1"),
        ("urlencode('a b&c')", "a+b%26c"),
        ("urldecode('a%20b')", "a b"),
        ("base64encode('hello')", "aGVsbG8="),
        ("base64decode('aGVsbG8=')", "hello"),
        ("base64decode('?')", None),
        ("hexToAscii('48656c6c6f')", "Hello"),
        ("hexToDec('0xff')", "255"),
        ("decToHex(255)", "0xff"),
        ("decToHex(-255.9)", "-0xff"),
        ("ipv4ToNumber('10.0.0.1')", "167772161"),
        ("isPrivateIP('172.16.0.1')", "1"),
        ("isPrivateIP('100.64.0.1')", "0"),
        ("isPublicIP('8.8.8.8')", "1"),
        ("isReservedIP('240.0.0.1')", "1"),
        ("jsonArraySize('[1, [2, 3]]')", "2"),
        ("jsonArraySize('{}')", None),
        ("jsonArrayContains('[\"a\", 2]', 'a')", "1"),
        ("jsonArrayContains('[\"a\", 2]', 'A')", "0"),
        ("jsonStringify(jsonParse('{\"a\": [1]}'))", '{"a":[1]}'),
        ("jsonParse('no json')", None),
        ("jsonParse('3')", None),
        ("split('a,b,c', ',')", '["a","b","c"]'),
        ("toupper(jsonParse(@message))", None),
        ("jsonParse(@message) = jsonParse(@message)", "0"),
        ("jsonParse(@message) != 3", "0"),
        ("ispresent(jsonParse(@message))", "1"),
    ],
)
def test_an_expression_has_its_value(expression: str, value: str | None) -> None:
    (row,) = run_query(f"fields {expression} as x", EVENTS[:1], window=(1_000, 5_000))
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
        ("unnest a", "'into' is missing"),
        ("limit 1 | SOURCE logGroups()", "a command is expected"),
        ("SOURCE logGroups(namePrefix: 3)", "a text in quotation marks is missing"),
        ("SOURCE logGroups(prefix: ['a'])", "unexpected symbol found 'prefix'"),
        ("SOURCE logGroups(class: ['FAST'])", "a class is one of"),
        ("SOURCE logGroups(namePrefix: ['a','b','c','d','e','f'])", "at most 5 prefixes"),
        ("SOURCE logGroups() limit 1", "'|' is missing"),
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


ORDERS = '{"orders": [{"id": 7, "item.name": "pen", "tags": ["a", "b"]}, {"id": 8}], "total": 2}'


@pytest.mark.parametrize(
    ("attribute", "value"),
    [
        ("js.total", "2"),
        ("js.orders[1].id", "8"),
        ("js.orders[0].tags[1]", "b"),
        ("js.orders[0].`item.name`", "pen"),
        ("`js`.orders[0].tags", '["a","b"]'),
        ("js.orders[9].id", None),
        ("js.total[0]", None),
        ("js.total.x", None),
    ],
)
def test_attributes_of_maps_and_items_of_lists_are_fields(attribute: str, value: str | None) -> None:
    (row,) = run_query(f"fields jsonParse(@message) as js | display {attribute} as x", make_events(ORDERS))
    assert row.get("x") == value


def test_unnest_makes_a_row_of_each_item() -> None:
    text = "fields jsonParse(@message) as js | unnest js.orders into each | display each.id as id, js.total as total"
    events = make_events(ORDERS, '{"orders": [], "total": 0}', '{"orders": "one"}', "{}")
    assert run_query(text, events) == [
        {"id": "7", "total": "2"},
        {"id": "8", "total": "2"},
        {},  # "any other types … are treated as a list with one item"
    ]
    assert run_query(text.replace("display", "filter each.id > 7 | display"), events) == [{"id": "8", "total": "2"}]
    summed = "fields jsonParse(@message) as js | unnest js.orders into o | stats sum(o.id) as s, count(*) as n"
    assert run_query(summed, events) == [{"s": "15", "n": "3"}]
    again = "fields jsonParse(@message) as js | unnest js.orders into o | unnest o.tags into t | display t"
    assert run_query(again, events) == [{"t": "a"}, {"t": "b"}]
    sorted_first = "fields jsonParse(@message) as js | sort @timestamp asc | unnest js.orders into o | display o.id"
    assert run_query(sorted_first, events) == [{}, {"o.id": "7"}, {"o.id": "8"}]


def test_an_event_counts_once_for_all_rows_that_unnest_makes_of_it() -> None:
    run = QueryRun(compile_query("fields jsonParse(@message) as js | unnest js.orders into o", NOW), 10)
    run.add(make_events(ORDERS)[0])
    assert (run.matched, len(run.finish())) == (1, 2)


def test_rows_that_unnest_multiplies_are_bounded() -> None:
    text = "fields jsonParse(@message) as js" + " | unnest js.a into b" * 8 + " | stats count(*)"
    run = QueryRun(compile_query(text, NOW), 10)
    with pytest.raises(QueryTooLarge):
        run.add(make_events('{"a": [1, 2, 3, 4, 5, 6, 7, 8, 9]}')[0])


@pytest.mark.parametrize(
    ("text", "source"),
    [
        ("SOURCE logGroups()", Source()),
        ("source loggroups(namePrefix: ['a', \"b\"]) | limit 1", Source(["a", "b"])),
        (
            "SOURCE logGroups(accountIdentifiers:['1'], class: ['INFREQUENT_ACCESS'], namePrefix: 'x') | limit 1",
            Source(["x"], ["INFREQUENT_ACCESS"], ["1"]),
        ),
        ("limit 1", None),
    ],
)
def test_source_selects_log_groups(text: str, source: Source | None) -> None:
    assert compile_query(text, NOW).source == source


@pytest.mark.parametrize(
    ("period", "same"), [("300s", "60s"), ("90m", "60m"), ("100h", "24h"), ("5000ms", "1s"), ("3d", "72000000000ms")]
)
def test_the_number_of_a_period_is_capped_by_its_unit(period: str, same: str) -> None:
    """AWS: "the cap for ms is 1000, the caps for s and m are 60, and the cap for h is 24"."""
    (found,) = run_query(f"fields bin({period}) as x, bin({same}) as y | limit 1", EVENTS)
    assert (found["x"] == found["y"]) == (period != "3d")
