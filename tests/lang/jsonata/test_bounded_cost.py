"""Recognise the expressions whose cost is bounded for any document."""

import pytest

from lamplighter.base.errors import UnboundedWork
from lamplighter.lang.jsonata.bounded_cost import (
    MAX_CALLBACK_CHARACTERS,
    MAX_CALLBACKS,
    MAX_REFERENCES,
    SMALL_DOCUMENT_BYTES,
    Bound,
    bound_of,
)
from lamplighter.lang.jsonata.expression import compile_expression
from tests.manual_world import manual_world

BOUNDED = [
    "$states.input.a",
    "$states.input.items[0].x",
    "$states.input.items[id='x' and n > 3].y",
    "$x + 1",
    "-$x",
    "$string($x) & 'a'",
    "{'a': $x, 'b': [1, 2, $y]}",
    "$states.result.Payload.n > 3 and $not($exists($x))",
    "$a % 2 = 0 ? 'x' : 'y'",
    "$x in [1, 2, 3]",
    "$parse($states.errorOutput.Cause).Containers[0].ExitCode",
    "($x + 2) * 3",
    "$states.input.`a name`",
    "&".join(["$x"] * MAX_REFERENCES),
    "[$split($x, ',')[$ != '']]",
    "($a := $x; $a & $a)",
    "($a := $x.b; $c := $a ? $merge([$x, $a]) : {}; [$c, $string($a)])",
    "$x.function",
]
SHORT_CALLBACK = "$each($x, function($v, $k) { {'Name': $k, 'Value': $string($v)} })"
SMALL = [
    SHORT_CALLBACK,
    "$keys($x)",
    "$sift($x, function($v) { $v > 1 })",
    "($a := $sift($x.y, function($v, $k) { $k != 'z' }); $merge([$a, {'b': $each($x, function($v) { $v })}]))",
]
UNBOUNDED = [
    "$map($x, function($v){$v})",
    "[1..100]",
    "$pad('x', 1000000000)",
    "$x.($y.z)",
    "$x.$y",
    "$x.{'a': $y}",
    "$x.[$y]",
    "$x.%.y",
    "$x.**",
    "$x[$y = 1]",
    "$x[y[z]]",
    "$x[(1)]",
    "$x{a: b}",
    "$x^(a)",
    "$x ~> $f",
    "$x#$i",
    "$each($x, $f)",
    "$each($x, $string)",
    "$each($x, function($v, $k, $whole) { $whole })",
    "$each($x, function() { 1 })",
    "$each($x, function($v) { })",
    "$each($x, function($v) { $y })",
    "$each($x, function($v) { $pad($v, 9) })",
    "$each($x, function($v) { $merge([$v, $v]) })",
    "$each($x, function($v) { $v[a = 1] })",
    "$each($x, function($v) { [1..9] })",
    "$each($x, function($v) { function($w) { $w } })",
    "$each($x, function($v) { $each($v, function($w) { $w }) })",
    "$each({'a': $pad}, function($string) { $string('x', 1000000000) })",
    f"$each($x, function($v) {{ '{'x' * MAX_CALLBACK_CHARACTERS}' }})",
    f"[{','.join([SHORT_CALLBACK] * (MAX_CALLBACKS + 1))}]",
    "$each($x, function($v) { $v }, 1)",
    "$each($x, function($v) { $v })($y)",
    "$sift(function($v) { $v })",
    "function($v) { $v }($x)",
    "($f := function($n) { $f($n) }; $f(1))",
    "($each := $map; $each($x, function($v) { $v }))",
    "($string := $pad; $string('x', 1000000000))",
    "($f := $pad; $f('x', 1000000000))",
    "($a := $x & $x; $b := $a & $a; $c := $b & $b; $d := $c & $c; $e := $d & $d; $f := $e & $e; $f & $f)",
    "($a := $x;)",
    "[($a := $x; $a)]",
    "$x[$ = $y]",
    "$replace($x, 'a', $y)",
    "$match($x, /a+/)",
    "$contains($x, /(a+)+$/)",
    "$filter($x, $f)",
    "$x.y.$f(z)",
    "$$f($x)",
    "($x)($y)",
    "λ($v){1}",
    "/* a comment */ $x",
    "&".join(["$x"] * (MAX_REFERENCES + 1)),
]


@pytest.mark.parametrize("text", BOUNDED)
def test_an_expression_that_is_linear_in_its_documents_is_bounded(text: str) -> None:
    assert bound_of(text) is Bound.EVERY_DOCUMENT


@pytest.mark.parametrize("text", SMALL)
def test_an_expression_with_a_short_function_for_each_entry_is_bounded_for_small_documents(text: str) -> None:
    assert bound_of(text) is Bound.SMALL_DOCUMENTS


@pytest.mark.parametrize("text", UNBOUNDED)
def test_an_expression_that_may_repeat_or_multiply_its_work_is_not_bounded(text: str) -> None:
    assert bound_of(text) is Bound.NONE


def test_an_unbounded_expression_is_not_evaluated_if_unbounded_work_is_not_allowed() -> None:
    expression = compile_expression("$map([1, 2], function($v){ $v + 1 })")
    world = manual_world()
    assert expression.value({}, world) == [2, 3]
    with pytest.raises(UnboundedWork):
        expression.value(
            {}, type(world)(world.now, world.monotonic, world.uuid, world.random, allows_unbounded_work=False)
        )


def test_a_function_for_each_entry_is_evaluated_if_the_documents_are_small() -> None:
    expression = compile_expression(SHORT_CALLBACK)
    world = manual_world()
    blocked = type(world)(world.now, world.monotonic, world.uuid, world.random, allows_unbounded_work=False)
    assert expression.value({"x": {"a": 1}}, blocked) == {"Name": "a", "Value": "1"}
    large = {"x": {"a": "x" * SMALL_DOCUMENT_BYTES}}
    with pytest.raises(UnboundedWork):
        expression.value(large, blocked)
    assert expression.value(large, world) == {"Name": "a", "Value": large["x"]["a"]}
