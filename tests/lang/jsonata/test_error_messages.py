"""Messages of jlens are translated into the words that AWS uses."""

import pytest

from lamplighter.lang.jsonata.error_messages import evaluation_message, function_message
from lamplighter.lang.jsonata.expression import JsonataError, JsonataSyntaxError, compile_expression
from tests.manual_world import manual_world


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a[1,2)", ("S0202", 'Expected "]", got ","')),
        ('"unterminated', ("S0101", "String literal must be terminated by a matching quote")),
        ("1 +", ("S0207", "Unexpected end of expression")),
        ('{"a":}', ("S0211", 'The symbol "}" cannot be used as a unary operator')),
        ("(1", ("S0203", 'Expected ")" before end of expression')),
        ("a b", ("S0201", 'Syntax error: "b"')),
        ("a 3", ("S0201", "Syntax error: 3")),
        ("{'a' 1}", ("S0202", 'Expected ":", got 1')),
    ],
)
def test_syntax_errors_show_the_symbol_itself(text: str, words: tuple[str, str]) -> None:
    with pytest.raises(JsonataSyntaxError) as caught:
        compile_expression(text)
    assert (caught.value.code, str(caught.value)) == words


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("$nope(1)", ("T1006", "Attempted to invoke a non-function")),
        ("$number('x')", ("D3030", 'Unable to cast value to a number: "x"')),
        ("'a' - 1", ("T2001", 'The left side of the "-" operator must evaluate to a number')),
        ("$error('no')", ("D3137", "no")),
        ("$sum('x')", ("T0412", 'Argument 1 of function "sum" must be an array of "numbers"')),
        ("$abs('x')", ("T0410", 'Argument 1 of function "abs" does not match function signature')),
        ("$filter([1], 1)", ("T0410", 'Argument 2 of function "filter" does not match function signature')),
        ("$min(1, 2)", ("T0410", 'Argument 2 of function "min" does not match function signature')),
        ("$abs($uppercase(1))", ("T0410", 'Argument 1 of function "uppercase" does not match function signature')),
        (
            "true < false",
            ("T2010", 'The expressions either side of operator "<" must evaluate to numeric or string values'),
        ),
        ("['a'..3]", ("T2003", "The left side of the range operator (..) must evaluate to an integer")),
        ("[1..'a']", ("T2004", "The right side of the range operator (..) must evaluate to an integer")),
        ("$replace('a', '', 'b')", ("D3010", "Second argument of replace function cannot be an empty string")),
        ("$split('a', 'b', -1)", ("D3020", "Third argument of split function must evaluate to a positive number")),
        (
            "$formatBase(10, 1)",
            ("D3100", "The radix of the formatBase function must be between 2 and 36.  It was given 1"),
        ),
        (
            "$single([1, 2])",
            ("D3138", "The $single() function expected exactly 1 matching result.  Instead it matched more."),
        ),
        ("$string(1/0)", ("D1001", "Number out of range: null")),  # JSONata: D3001, because 1/0 is Infinity there
    ],
)
def test_failures_have_the_messages_of_jsonata(text: str, words: tuple[str, str]) -> None:
    with pytest.raises(JsonataError) as caught:
        compile_expression(text).value({}, manual_world())
    assert (caught.value.code, caught.value.message) == words


def test_a_message_without_a_rule_is_unchanged() -> None:
    assert evaluation_message("D3137", "no 3.0 here") == ("D3137", "no 3.0 here")
    assert function_message("no\nway") == ("", "no\nway")
