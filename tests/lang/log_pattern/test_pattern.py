"""Filter patterns match what AWS's guide states.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
"""

import re
import time
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamplighter.base.json_text import Json, dumps
from lamplighter.lang.log_pattern.pattern import compile_log_pattern
from lamplighter.lang.log_pattern.terms import LogPatternError, compile_wildcards

LINES = (
    "[ERROR 400] BAD REQUEST",
    "[ERROR 401] UNAUTHORIZED REQUEST",
    "[ERROR 419] MISSING ARGUMENTS",
    "[ERROR 420] INVALID ARGUMENTS",
    "[ERROR 500] INTERNAL SERVER ERROR",
    "[INFO] REQUEST FAILED",
    "[SUCCESS 200] AUTHORIZED REQUEST",
)
APACHE = '127.0.0.1 Prod frank [10/Oct/2000:13:25:15 -0700] "GET /index.html HTTP/1.0" 404 1534'
TRAIL: Json = {
    "eventType": "UpdateTrail",
    "sourceIPAddress": "111.111.111.111",
    "arrayKey": ["value", "another value"],
    "objectList": [{"name": "a", "id": 1}, {"name": "b", "id": 2}],
    "SomeObject": None,
    "flag": True,
    "code": 400,
    "latency": 0.001,
    "big": 1000,
    "text": "404",
    "cluster.name": "c",
}
USERS: Json = {
    "user": {"id": 1, "email": "John.Stiles@example.com"},
    "users": [{"id": 2, "email": "John.Doe@example.com"}, {"id": 3, "email": "Jane.Doe@example.com"}],
    "actions": ["GET", "PUT", "DELETE"],
    "coordinates": [[0, 1, 2], [4, 5, 6], [7, 8, 9]],
}
WORD_LINES = (
    "INFO 09/25/2014 12:00:00 GET /service/resource/67 1200",
    "INFO 09/25/2014 12:00:01 POST /service/resource/67/part/111 1310",
    "WARNING 09/25/2014 12:00:02 Invalid user request",
    "ERROR 09/25/2014 12:00:02 Failed to process request",
)


def matches(pattern: str, message: str) -> bool:
    return compile_log_pattern(pattern)(message) is not None


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("", range(7)),
        ('" "', range(7)),
        ("ERROR", range(5)),
        ("error", []),
        ("ERROR ARGUMENTS", [2, 3]),
        ("?ERROR ?ARGUMENTS", range(5)),
        ("?INVALID ?FAILED", [3, 5]),
        ("?ERROR ?ARGUMENTS REQUEST", [0, 1, 5, 6]),
        ("?INFO -ERROR", [5, 6]),
        ("ERROR -ARGUMENTS", [0, 1, 4]),
        ('"INTERNAL SERVER ERROR"', [4]),
        ('-"BAD REQUEST" ERROR', [1, 2, 3, 4]),
        ("%AUTHORIZED%", [1, 6]),
        (r"%^\[INFO|^\[SUCCESS%", [5, 6]),
        (r"%ERROR 4[02]\d\x5D%", [0, 1, 3]),
    ],
)
def test_terms_are_found_anywhere_in_a_line(pattern: str, found: list[int]) -> None:
    assert [number for number, line in enumerate(LINES) if matches(pattern, line)] == list(found)


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ('{ $.eventType = "UpdateTrail" }', True),
        ("{$.eventType=UpdateTrail}", True),
        ('{ $.eventType != "UpdateTrail" }', False),
        ("{ $.sourceIPAddress != 123.123.* }", True),
        ("{ $.sourceIPAddress = 111.*.111 }", True),
        ('{ $.arrayKey[0] = "value" }', True),
        ('{ $.arrayKey[9] = "value" }', False),
        ("{ $.eventType = %Trail% }", True),
        ("{ $.eventType != %Trail$% }", False),
        ("{ $.arrayKey[*] = %val.{2}% }", True),
        (r"{ $.* = %111\.111\.111\.1[0-9]{1,2}% }", True),
        ("{ $.['cluster.name'] = \"c\" }", True),
        ("{ $.objectList[1].id = 2 }", True),
        ("{ $.objectList[*].id > 1 }", True),
        ("{ $.objectList = 2 }", False),
        ("{ $.SomeObject IS NULL }", True),
        ("{ $.flag IS TRUE }", True),
        ("{ $.flag IS FALSE }", False),
        ("{ $.code IS NULL }", False),
        ("{ $.SomeOtherObject NOT EXISTS }", True),
        ("{ $.SomeObject NOT EXISTS }", False),
        ("{ $.SomeOtherObject = 1 || $.SomeOtherObject != 1 }", False),
        ("{ $.code = 400}", True),
        ("{ $.code = 4* }", True),
        ("{ $.code > 75 }", True),
        ("{ $.code < 400 }", False),
        ("{ $.code <= 400 && $.code >= +400.0 }", True),
        ("{ $.big = 1e+3 }", True),
        ("{ $.latency != 1e-3 }", False),
        ("{ $.text > 403 }", True),
        ("{ $.eventType > 1 }", False),
        ("{ $.flag = true }", False),
        ('{ $.text != "1%" && $.text != "2%" && $.text != "3%" && $.text != "4%" && $.text != "5%" }', True),
    ],
)
def test_the_nodes_of_a_json_event_are_compared(pattern: str, found: bool) -> None:
    assert matches(pattern, dumps(TRAIL)) == found


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ('{ ($.user.id = 1) && ($.users[0].email = "John.Doe@example.com") }', True),
        (
            '{ $.user.email = "John.Stiles@example.com" || $.coordinates[0][1] = "none" && $.actions[2] = "none" }',
            True,
        ),
        (
            '{ ($.user.email = "John.Stiles@example.com" || $.coordinates[0][1] = "none") && $.actions[2] = "none" }',
            False,
        ),
        ('{ ($.user.id = 2 && $.users[0].email = "nonmatch") || $.actions[2] = "GET" }', False),
        ("{ $.coordinates[2][1] = 8 && ($.users[*].id = 3 || $.users[*].id = 9) }", True),
    ],
)
def test_and_binds_more_tightly_than_or(pattern: str, found: bool) -> None:
    assert matches(pattern, dumps(USERS)) == found


@pytest.mark.parametrize(
    "message", ["no JSON", "[1]", "", "{", '{"a": 1} tail', '{"a": ' + "1" * 5000 + "}", "{" * 9999]
)
def test_a_message_that_is_no_json_object_does_not_match(message: str) -> None:
    assert not matches("{ $.b NOT EXISTS }", message)


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("[ip, user, username, timestamp, request, status_code, bytes]", True),
        (r"[ip=%127\.0\.0\.[1-9]%, user, username, timestamp, request =*.html*, status_code = 4*, bytes]", True),
        ("[..., request =*.html*, status_code = 4*, bytes]", True),
        ("[ip, user, username, timestamp, request =*.html*, status_code = 404 || status_code = 410, bytes]", True),
        ("[ip, ..., status_code > 404, bytes]", False),
        ("[ip != 127*, ...]", False),
        ("[..., bytes >= 1534]", True),
        ('[..., timestamp = "10/Oct/2000:13:25:15 -0700", request, status_code, bytes]', True),
        ("[a, b, c, d, e, f, g, h]", False),
        ("[a, b, c, ..., d, e, f, g]", True),
        ("[]", True),
    ],
)
def test_fields_of_a_line_are_assigned_by_position(pattern: str, found: bool) -> None:
    assert matches(pattern, APACHE) == found


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("[w1=ERROR, w2]", [3]),
        ("[w1=ERROR]", []),
        ("[w1=ERROR || w1=WARNING, w2]", [2, 3]),
        ("[w1!=ERROR && w1!=WARNING, w2]", [0, 1]),
        ("[logLevel, date, time, method, url=%/service/resource/[0-9]+$%, response_time]", [0]),
        ("[logLevel, date, time, method, url=%/service/resource/[0-9]+/part/[0-9]+$%, response_time]", [1]),
    ],
)
def test_the_last_field_contains_the_rest_of_the_line(pattern: str, found: list[int]) -> None:
    assert [number for number, line in enumerate(WORD_LINES) if matches(pattern, line)] == found


def test_fields_are_returned_by_name_and_those_of_an_ellipsis_by_number() -> None:
    values = compile_log_pattern("[ip, ..., status, 4]")(APACHE)
    assert values == {
        "$ip": "127.0.0.1",
        "$2": "Prod",
        "$3": "frank",
        "$5": "GET /index.html HTTP/1.0",
        "$status": "404",
        "$4": "1534",
    }


def test_values_are_returned_by_their_selectors() -> None:
    values = compile_log_pattern("{ $.code = 4* && $.objectList[*].name = * && $.x NOT EXISTS }")(dumps(TRAIL))
    assert values == {"$.code": "400", "$.objectList[*].name": "a"}


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("ERROR:", "Invalid character(s) in term 'ERROR:'"),
        ('""', "Invalid character(s) in term '\"\"'"),
        ("a 'b c'", "Invalid character(s) in term ''b'"),
        ("{ $.a = 1", "If a filter pattern starts with '{' it must end with '}'"),
        ("[a", "If a filter pattern starts with '[' it must end with ']'"),
        ("%something!%", "Invalid character(s) in term 'something!'"),
        ("%(a|b)%", "Invalid character(s) in term '(a|b)'"),
        ("%ä%", "Invalid character(s) in term 'ä'"),
        ("%[a%", "Invalid filter pattern"),
        ("%a", "Invalid filter pattern"),
        ("{ $.a EXISTS }", "Invalid filter pattern"),
        ("{ $.a IS NOT NULL }", "Invalid filter pattern"),
        ("{ $.a == 1 }", "Invalid filter pattern"),
        ('{ $.a > "A" }', "Invalid filter pattern"),
        ("{ $.a < %1% }", "Invalid filter pattern"),
        ("{ !($.a = 1) }", "Invalid filter pattern"),
        ("{ ($.a = 1 }", "Invalid filter pattern"),
        ("{ $..a = 1 }", "Invalid filter pattern"),
        ("{ $.a = %a% || $.b = %b% || $.c = %c% }", "Invalid filter pattern"),
        ("{ $.a[*] = 1 || $.b[*] = 1 || $.c[*] = 1 || $.d[*] = 1 }", "Invalid filter pattern"),
        ("{ $.a[*][*] = 1 }", "Only one wildcard selector is supported in a property selector"),
        ("{ " + "(" * 100 + "$.a = 1" + ")" * 100 + " }", "Invalid filter pattern"),
        ("{}", "Invalid filter pattern"),
        ("[a = 4* && b > 1000]", "Invalid filter pattern"),
        ("[a b]", "Invalid filter pattern"),
        ("[..., a, ...]", "Invalid filter pattern"),
        ("[a, a]", "Invalid filter pattern"),
    ],
)
def test_a_pattern_that_aws_rejects_is_rejected(pattern: str, message: str) -> None:
    with pytest.raises(LogPatternError) as error:
        compile_log_pattern(pattern)
    assert str(error.value) == message


def test_a_backtracking_expression_ends_in_bounded_time() -> None:
    match = compile_log_pattern("%" + "a*" * 200 + "b%")
    began = time.thread_time()
    assert match("a" * 20_000) is None
    assert time.thread_time() - began < 5


words = st.from_regex(r"[A-Za-z0-9_]{1,6}", fullmatch=True)
lines = st.text(alphabet="abAB01_ .[]\"{}'%-", max_size=40)
phrases = st.text(alphabet='ab01 .:[]"\\', min_size=1, max_size=8).filter(lambda text: not text.isspace())


def quoted(phrase: str) -> str:
    return '"' + phrase.replace("\\", "\\\\").replace('"', '\\"') + '"'


@given(st.lists(words, min_size=1, max_size=4), lines)
def test_all_of_several_terms_must_be_present(terms: list[str], line: str) -> None:
    assert matches(" ".join(terms), line) == all(term in line for term in terms)


@given(st.lists(phrases, min_size=1, max_size=4), lines)
def test_one_of_several_optional_terms_must_be_present(terms: list[str], line: str) -> None:
    assert matches(" ".join("?" + quoted(term) for term in terms), line) == any(term in line for term in terms)


@given(phrases, lines)
def test_an_excluded_term_matches_exactly_if_the_term_does_not(phrase: str, line: str) -> None:
    assert matches("-" + quoted(phrase), line) != matches(quoted(phrase), line)


@given(st.text(alphabet="ab*", max_size=8), st.text(alphabet="ab", max_size=10))
def test_an_asterisk_matches_any_text(pattern: str, value: str) -> None:
    expression = re.compile(".*".join(map(re.escape, pattern.split("*"))), re.DOTALL)
    assert compile_wildcards(pattern)(value) == (expression.fullmatch(value) is not None)


comparisons: dict[str, Callable[[int, int], bool]] = {
    "=": int.__eq__,
    "!=": int.__ne__,
    "<": int.__lt__,
    ">": int.__gt__,
    "<=": int.__le__,
    ">=": int.__ge__,
}


@given(st.sampled_from(sorted(comparisons)), st.integers(-99, 99), st.integers(-99, 99))
def test_numbers_compare_as_numbers_in_documents_and_in_fields(operator: str, value: int, operand: int) -> None:
    expected = comparisons[operator](value, operand)
    assert matches(f"{{ $.n {operator} {operand} }}", dumps({"n": value})) == expected
    assert matches(f"[a, n {operator} {operand}]", f"x {value}") == expected


@given(st.dictionaries(st.sampled_from("abc"), st.integers(0, 2)), st.integers(0, 2), st.integers(0, 2))
def test_a_compound_condition_combines_the_results_of_its_parts(document: Json, one: int, other: int) -> None:
    first, second = f"$.a = {one}", f"$.b != {other}"
    parts = [matches(f"{{ {each} }}", dumps(document)) for each in (first, second)]
    assert matches(f"{{ {first} && {second} }}", dumps(document)) == all(parts)
    assert matches(f"{{ ({first}) || ({second}) }}", dumps(document)) == any(parts)


@given(st.text(max_size=30) | st.text(alphabet='{}[]$.=!<>&|()"%*?-, ab1', max_size=30), lines)
def test_any_text_is_a_pattern_or_is_rejected(pattern: str, line: str) -> None:
    try:
        match = compile_log_pattern(pattern)
    except LogPatternError:
        return
    match(line)
    match('{"a": {"b": [1, "1", null]}}')
