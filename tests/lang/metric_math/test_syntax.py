"""The syntax of metric math: what binds stronger, spaces, texts, limits, and the words of errors."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from lamplighter.lang.metric_math.evaluate import evaluate
from lamplighter.lang.metric_math.functions import MathContext
from lamplighter.lang.metric_math.syntax import (
    MAX_DEPTH,
    MAX_OPERATORS,
    Array,
    Call,
    MetricMathError,
    Name,
    Node,
    Number,
    Operation,
    Text,
    functions_in,
    names_in,
    parse_expression,
)

NODES = st.recursive(
    st.integers(0, 9).map(lambda number: Number(float(number)))
    | st.sampled_from([Name("m1"), Name("e_2"), Text("ü 1")]),
    lambda inner: (
        st.builds(
            Operation, st.sampled_from(["+", "-", "*", "/", "^", "<", "<=", "==", "!=", "AND", "OR"]), inner, inner
        )
        | st.builds(Call, st.sampled_from(["SUM", "FILL"]), st.lists(inner, max_size=3).map(tuple))
        | st.builds(Array, st.lists(inner, max_size=3).map(tuple))
    ),
    max_leaves=12,
)
ARITHMETIC = st.lists(
    st.tuples(st.sampled_from([" + ", "-", " * ", "/ ", "^", "- -", "^-"]), st.integers(0, 4), st.booleans()),
    min_size=1,
    max_size=7,
)


def written(node: Node) -> str:
    """Return the text of a tree, with all its brackets."""
    match node:
        case Number(value):
            return f"{value:g}"
        case Text(value):
            return f"'{value}'"
        case Name(value):
            return value
        case Operation(sign, left, right):
            return f"({written(left)} {sign} {written(right)})"
        case Call(function, arguments):
            return f"{function}({', '.join(map(written, arguments))})"
        case Array(items):
            return f"[{','.join(map(written, items))}]"


@given(NODES)
def test_a_tree_that_is_written_is_read_again(node: Node) -> None:
    text = written(node)
    assert parse_expression(text) == node
    assert parse_expression(f"\n {text.replace('(', ' ( ')}\t") == node
    assert {name: text.count(name) for name in ("m1", "e_2")} == {
        name: list(names_in(node)).count(name) for name in ("m1", "e_2")
    }


@given(ARITHMETIC)
def test_operators_bind_as_in_python(parts: list[tuple[str, int, bool]]) -> None:
    """`^` binds stronger than a sign in front of it, and to the right; the others to the left."""
    text = "3.0" + "".join(f"{sign}{f'({number}.0+1)' if group else f'{number}.0'}" for sign, number, group in parts)
    try:
        expected = eval(text.replace("^", "**"))
    except (ZeroDivisionError, OverflowError):
        assume(False)
    assume(not isinstance(expected, complex) and abs(expected) < 1e300)
    node = parse_expression(text)
    try:
        found = evaluate(node, MathContext({}, {}, ()))
    except MetricMathError:
        assume(False)  # a part of it is too large for a number with a fraction
    assert found == pytest.approx(float(expected))


@pytest.mark.parametrize(
    ("text", "brackets"),
    [
        ("1 OR 0 AND 0", "1 OR (0 AND 0)"),
        ("1 || 0 && 0", "1 OR (0 AND 0)"),
        ("1 < 2 + 3", "1 < (2 + 3)"),
        ("1 == 1 AND 2 > 1", "(1 == 1) AND (2 > 1)"),
        ("1 - 2 - 3", "(1 - 2) - 3"),
        ("8 / 4 / 2", "(8 / 4) / 2"),
        ("8 / 4 * 2", "(8 / 4) * 2"),
        ("2 * 3 ^ 2", "2 * (3 ^ 2)"),
        ("3 > 2 > 1", "(3 > 2) > 1"),
        ("- m1 ^ 2", "0 - (m1 ^ 2)"),
        ("-m1 * 2", "(0 - m1) * 2"),
        ("+m1", "m1"),
        ("sum( m1 )", "SUM(m1)"),
        ("[ ]", "[]"),
        ("METRICS( )", "METRICS()"),
        ("m1>=-1", "m1 >= (0 - 1)"),
        (".5 + 1. + 1.5E1 + 1e-1", "((0.5 + 1) + 15) + 0.1"),
        ('"it\'s"', '"it\'s"'),
    ],
)
def test_what_binds_stronger_has_the_same_tree_as_with_brackets(text: str, brackets: str) -> None:
    assert parse_expression(text) == parse_expression(brackets)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "Expected a value at the end of the expression."),
        (" ", "Expected a value at the end of the expression."),
        ("m1 +", "Expected a value at the end of the expression."),
        ("* m1", "Expected a value before: *"),
        ("m1 m2", "Unexpected text before: m2"),
        ("m1)", "Unexpected text before: )"),
        ("(m1", "Expected ')' at the end of the expression."),
        ("[m1 m2]", "Expected ']' before: m2"),
        ("SUM(m1", "Expected ')' at the end of the expression."),
        ("SUM(m1,)", "Expected a value before: )"),
        ("m1 = m2", "Unexpected character at: = m2"),
        ("m1 & m2", "Unexpected character at: & m2"),
        ("größe", "Unexpected character at: öße"),
        ("'open", "Unexpected character at: 'open"),
        ("1e999", "The number 1e999 is too large."),
        ("m1 ; " + "x" * 50, "Unexpected character at: ; " + "x" * 17),
        ("1.2.3", "Unexpected text before: 0.3"),
        ("\0", "Unexpected character at: \0"),
    ],
)
def test_the_error_names_the_place(text: str, message: str) -> None:
    with pytest.raises(MetricMathError) as error:
        parse_expression(text)
    assert str(error.value) == message


@pytest.mark.parametrize("deep", ["({})", "-{}", "SUM({})", "[{}]", "1 ^ {}", "(1 + {})"])
def test_an_expression_is_nested_to_a_limit(deep: str) -> None:
    text = "1"
    for _ in range(MAX_DEPTH - 1):
        text = deep.format(text)
    parse_expression(text)
    with pytest.raises(MetricMathError, match=f"The expression is nested more than {MAX_DEPTH} levels deep"):
        parse_expression(deep.format(text))


@pytest.mark.parametrize("sign", ["+", "*", "<", "AND", "||"])
def test_an_expression_has_operators_to_a_limit(sign: str) -> None:
    longest = f" {sign} ".join(["1"] * (MAX_OPERATORS + 1))
    parse_expression(longest)
    with pytest.raises(MetricMathError, match=f"The expression has more than {MAX_OPERATORS} operators"):
        parse_expression(f"{longest} {sign} 1")


@given(st.text(max_size=40))
def test_any_text_has_a_tree_or_is_an_error(text: str) -> None:
    try:
        node = parse_expression(text)
    except MetricMathError:
        return
    assert all(name in text for name in names_in(node))
    assert all(name in text.upper() for name in functions_in(node))
