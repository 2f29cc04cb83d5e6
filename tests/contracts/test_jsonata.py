"""JSONata returns what AWS returns, within AWS's limits, and takes time and randomness only from the World port.

This is the contract of an engine of JSONata: the tests use only `lang/jsonata/expression.py`, so an engine that takes
the place of jlens has to pass them unchanged.
"""

import gc
from collections.abc import Iterator, Mapping
from threading import Thread

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamplighter.base.json_text import Json
from lamplighter.lang.jsonata.expression import UNDEFINED, JsonataError, JsonataSyntaxError, compile_expression
from tests.manual_world import ManualClock, manual_world


def evaluate(text: str, /, **bindings: Json) -> Json:
    return compile_expression(text).value(bindings, manual_world())


def failure(text: str, /, **bindings: Json) -> JsonataError:
    with pytest.raises(JsonataError) as caught:
        evaluate(text, **bindings)
    return caught.value


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("$states.input.items[price > 1].name", "b"),
        ("$states.input.items.price", [1, 2]),
        ("$sum($states.input.items.price) + $bias", 13),
        ("'item-' & $string($states.input.i)", "item-5"),
        ("$states.input.i / 2", 2.5),
        ("$states.input.i / 5", 1),
        ("$states.input.none", None),
        ("null", None),
        ("[]", []),
        ("[0]", [0]),
        ("[1, 'two', 3]", [1, "two", 3]),
        ("{'z': 1, 'a': {'b': true}}", {"z": 1, "a": {"b": True}}),
        ("$states.input.nope", UNDEFINED),
        ("$nope", UNDEFINED),
        ("$", UNDEFINED),
        ("$contains('hello$world', /^hello\\$/)", True),
        ("$contains('hello$world', /^hello\\ /)", False),
        ("$partition([0], 2)", [[0]]),
        ("$partition([0, 1, 2], 2)", [[0, 1], [2]]),
        ("$range(0, 10, 3)", [0, 3, 6, 9]),
        ("$range(1, 9, 9)", 1),
        ("$range(1, 9, 2)", [1, 3, 5, 7, 9]),
        ("$hash('input data', 'SHA-1')", "aaff4a450a104cd177d28d18d74485e8cae074b7"),
        ("$parse('-0')", 0),
        ("$parse('1.1')", 1.1),
        ("[$parse('null')]", [None]),
        ("$map(['[1]', 'null'], $parse)", [[1], None]),
        ("$base64encode('한')", "7ZWc"),
        ("$base64decode('7ZWc')", "한"),
        ("$base64encode($nope)", UNDEFINED),
        ("$uppercase($base64encode('a'))", "YQ=="),
        ("$parse('[1, 2, \"HelloWorld\"]')", [1, 2, "HelloWorld"]),
        ('$parse(\'{"Arg1": 1, "Arg2": []}\').Arg2', []),
        ("($x := 2; $y := function($z) { $z * $x }; $y(21))", 42),
        ("($range := function($n) { $n }; $range(7))", 7),
    ],
)
def test_expressions_return_what_aws_returns(text: str, result: Json) -> None:
    items = [{"name": "a", "price": 1}, {"name": "b", "price": 2}]
    found = evaluate(text, states={"input": {"i": 5, "none": None, "items": items}, "context": {}}, bias=10)
    assert found == result
    assert type(found) is type(result)


def test_undefined_is_not_null() -> None:
    assert evaluate("null") is None
    assert evaluate("$states.input.a", states={"input": {}}) is UNDEFINED


class RecordingMapping(Mapping[str, Json]):
    """A mapping that records which keys are read."""

    def __init__(self, values: dict[str, Json]) -> None:
        self.values_, self.read = values, set[str]()

    def __getitem__(self, name: str) -> Json:
        self.read.add(name)
        return self.values_[name]

    def __contains__(self, name: object) -> bool:
        return name in self.values_

    def __iter__(self) -> Iterator[str]:
        return iter(self.values_)

    def __len__(self) -> int:
        return len(self.values_)


def test_only_the_values_that_an_expression_names_are_read() -> None:
    states, bindings = RecordingMapping({"input": {"i": 1}, "context": {}}), RecordingMapping({"big": []})
    bindings.values_["states"] = states
    assert compile_expression("$states.input.i + 1").value(bindings, manual_world()) == 2
    assert (states.read, bindings.read) == ({"input"}, {"states"})


STATES = {
    "input": {"a": {"b": [1, 2]}, "c": 3, "x": "$states.input.a"},
    "result": [{"a": 1}, {"a": 2}],
    "errorOutput": None,
}


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("$states.input ~> $keys()", ["a", "c", "x"]),
        ("$states.*.c", 3),
        ("$states.input.a.b", [1, 2]),
        ("$states . input . c", 3),
        ("$states.result.a", [1, 2]),
        ("$states.result[1].a", 2),
        ("$states.input.**.b", [1, 2]),
        ("$states.input.a.%.c", 3),
        ("($s := $states; $s.input.c)", 3),
        ("$states.(input.c)", 3),
        ("$states.input.`c`", 3),
        ("$states.input.(a; c)", 3),
        ("$lookup($states, 'input').c", 3),
        ("$states.input.c & '$states.input.x'", "3$states.input.x"),
        ("$contains($states.input.x, /it's|\\$states/) and $states.input.c = 3 and '' = \"\"", True),
        ("$states.errorOutput", None),
    ],
)
def test_passing_only_the_named_values_changes_no_result(text: str, result: Json) -> None:
    assert evaluate(text, states=STATES) == result


NUMBERS = st.integers(-(2**53), 2**53)
DOCUMENTS = st.recursive(
    st.none() | st.booleans() | NUMBERS | st.text(st.characters(codec="utf-8"), max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(st.characters(codec="utf-8"), max_size=3), inner, max_size=3)
    ),
    max_leaves=10,
)


@given(DOCUMENTS)
def test_a_value_passes_through_unchanged(document: Json) -> None:
    assert evaluate("$document", document=document) == document
    assert evaluate("{'a': $document}", document=document) == {"a": document}


def test_integers_beyond_64_bits_become_doubles() -> None:
    assert evaluate("$big.n", big={"n": 2**70, "m": [2**64]}) == float(2**70)


def test_time_random_numbers_and_uuids_come_from_the_world_port() -> None:
    text = "[$now(), $now('[Y]-[M01]'), $millis(), $random(), $uuid(), $shuffle([1..20])]"
    expression = compile_expression(text)
    first: Json = expression.value({}, manual_world())
    assert first[:3] == ["2026-01-01T00:00:00.000Z", "2026-01", 1_767_225_600_000]
    assert expression.value({}, manual_world()) == first
    assert sorted(first[5:]) == list(range(1, 21))
    later: Json = expression.value({}, manual_world(ManualClock(0), seed=1))
    assert later[0] == "1970-01-01T00:00:00.000Z"
    assert later[3:] != first[3:]


def test_a_seed_returns_the_same_random_number_every_time() -> None:
    assert evaluate("[$random(3) = $random(3), $random(3) = $random(4)]") == [True, False]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("1 + 'a'", "T2002"),
        ("$number('x')", "D3030"),
        ("$nope(1)", "T1006"),
        ("$eval('1+1')", "T1006"),
        ("$error('no')", "D3137"),
        ("$abs('x')", "T0410"),
        ("$range(1)", "T0410"),
        ("$uuid(1)", "T0410"),
        ("$hash('a')", "T0410"),
        ("$parse('{')", ""),
        ("$parse()", "T0410"),
        ("$parse('1', 2)", "T0410"),
        ("$base64decode('/w==')", ""),
        ("1/0", "D1001"),
        ("$partition([1], 0)", ""),
        ("$hash('a', 'CRC')", ""),
        ("$random('x')", ""),
    ],
)
def test_a_failure_has_the_code_of_jsonata(text: str, code: str) -> None:
    error = failure(text)
    assert error.code == code
    assert "Error" not in error.message.split(":")[0]


def test_the_cause_is_written_in_aws_s_words() -> None:
    assert failure("1 + 'a'").cause("1 + 'a'", "Output/v") == (
        "The JSONata expression '1 + 'a'' specified for the field 'Output/v' threw an error during evaluation. "
        'T2002: The right side of the "+" operator must evaluate to a number'
    )


@pytest.mark.parametrize("text", ["function($x){$x}", "$f := function($x){$x}", "$sum"])
def test_a_function_is_no_result(text: str) -> None:
    assert failure(text).cause(text, "Items") == (
        f"The JSONata expression '{text}' specified for the field 'Items' returned an unsupported result type."
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[1..873783] ~> $count()", "Expression evaluation memory limit exceeded: Check for excessive memory usage"),
        (
            "$range(1, 873783, 1) ~> $count()",
            "Expression evaluation memory limit exceeded: Check for excessive memory usage",
        ),
        ("+".join(["1"] * 200), "Stack overflow error: Check for non-terminating recursive function."),
        (
            "($f := function($n) { 1 + $f($n) }; $f(1))",
            "Stack overflow error: Check for non-terminating recursive function.",
        ),
        ("($f := function($n) { $f($n) }; $f(1))", "Expression evaluation timeout: Check for infinite loop"),
    ],
)
def test_exceeding_a_limit_of_aws_is_an_error_without_a_code(text: str, message: str) -> None:
    error = failure(text)
    assert error.code == ""
    assert error.message.startswith(message)
    assert f"during evaluation: {message}" in error.cause(text, "Output")


def test_the_longest_sequence_that_aws_accepts_is_accepted() -> None:
    assert evaluate("[1..873782] ~> $count()") == 873_782


@pytest.mark.parametrize("text", ["", "1 +", "a[1,2)", "(1", "'x", "{'a':}", "$x :=", "(" * 2000, "a b"])
def test_an_invalid_expression_is_rejected_when_it_is_compiled(text: str) -> None:
    with pytest.raises(JsonataSyntaxError, match=r"\w+"):
        compile_expression(text)


def test_a_value_that_is_nested_too_deeply_fails_the_expression() -> None:
    deep: Json = None
    for _ in range(2_000):
        deep = [deep]
    assert failure("$count($deep)", deep=deep).code == ""


def test_a_range_of_any_size_fails_as_one_that_is_too_large() -> None:
    assert failure("$range(0, 1e308, 2)").message.startswith("Expression evaluation memory limit exceeded")


@pytest.mark.parametrize("text", ["$match($s, /(a+)+$/)", "$contains($s, /(a|a)*b/)", "$replace($s, /(a+)+$/, '')"])
def test_a_regular_expression_that_backtracks_without_end_reaches_the_limit_of_time(text: str) -> None:
    assert failure(text, s="a" * 40 + "!").message == "Expression evaluation timeout: Check for infinite loop"


def test_an_expression_can_be_evaluated_and_freed_in_another_thread(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Python's garbage collector frees objects in whichever thread runs."""
    errors: list[object] = []
    gc.collect()  # garbage of other tests must not be counted here
    monkeypatch.setattr("sys.unraisablehook", errors.append)
    text = "$now('[Y]') & '-' & $string(21 * 2)"
    expressions, found = [compile_expression(text)], [evaluate(text)]

    def evaluate_and_free() -> None:
        found.append(expressions.pop().value({}, manual_world()))
        gc.collect()

    thread = Thread(target=evaluate_and_free)
    thread.start()
    thread.join()
    assert [*found, *errors] == [found[0], found[0]]
