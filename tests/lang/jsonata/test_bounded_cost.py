"""Recognise the expressions whose cost is bounded for any document."""

import pytest

from lamplighter.base.errors import UnboundedWork
from lamplighter.lang.jsonata.bounded_cost import MAX_REFERENCES, is_bounded
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
    "($a := $x; $a & $a)",
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
    assert is_bounded(text)


@pytest.mark.parametrize("text", UNBOUNDED)
def test_an_expression_that_may_repeat_or_multiply_its_work_is_not_bounded(text: str) -> None:
    assert not is_bounded(text)


def test_an_unbounded_expression_is_not_evaluated_if_unbounded_work_is_not_allowed() -> None:
    expression = compile_expression("$map([1, 2], function($v){ $v + 1 })")
    world = manual_world()
    assert expression.value({}, world) == [2, 3]
    with pytest.raises(UnboundedWork):
        expression.value(
            {}, type(world)(world.now, world.monotonic, world.uuid, world.random, allows_unbounded_work=False)
        )
