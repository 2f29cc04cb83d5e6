"""Definitions of state machines, drawn at random: valid, bounded, and of everything that the language has.

A *calm* definition can't fail of itself: no Fail state, no path that may be missing, no clock that may run out. What
comes of it does not hang on which of two branches fails first.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count, pairwise
from random import Random

from hypothesis import strategies as st

from lamplighter.base.json_text import Json, dumps

RESOURCES = (
    "arn:aws:states:::ecs:runTask",
    "arn:aws:states:::ecs:runTask.sync",
    "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
    "arn:aws:states:::aws-sdk:sfn:listExecutions",
    "arn:aws:states:eu-west-1:123456789012:activity:knock",
    "arn:aws:lambda:eu-west-1:123456789012:function:echo",
)
ERRORS = ("Boom", "States.TaskFailed", "States.Timeout", "States.HeartbeatTimeout", "Other")
INPUT: Json = {"items": [1, {"a": "b"}, "três"], "few": [0], "none": [], "n": 1, "word": "lamp"}
"""The input of all these machines: paths in them lead into it by way of the context object."""


def picks(seed: int, length: int) -> list[int]:
    """Numbers that repeat."""
    dice = Random(seed)
    return [dice.randrange(100_000) for _ in range(length)]


moves = st.builds(picks, st.integers(0, 2**32), st.integers(0, 60))
"""What happens next, and next: each number picks one of what is possible then. They shrink to fewer."""

texts = st.text(max_size=8)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=5,
)


@dataclass(frozen=True, slots=True)
class Ground:
    """Where a state is drawn."""

    names: Iterator[int]
    jsonata: bool
    calm: bool
    depth: int

    def below(self) -> "Ground":
        """The same, one level further in."""
        return Ground(self.names, self.jsonata, self.calm, self.depth - 1)


@st.composite
def definitions(draw: st.DrawFn, *, calm: bool = False, depth: int = 2) -> str:
    """A whole definition, as JSON text."""
    jsonata = draw(st.booleans())
    machine = draw(blocks(Ground(count(1), jsonata, calm, depth)))
    if jsonata:
        machine = {"QueryLanguage": "JSONata", **machine}
    if not calm and draw(st.booleans()):
        machine["TimeoutSeconds"] = draw(st.integers(1, 100))
    return dumps(machine)


@st.composite
def blocks(draw: st.DrawFn, ground: Ground) -> dict[str, Json]:
    """States in a row, some of which lead over others, or back to the first."""
    size = draw(st.integers(1, 3))
    named = dict(draw(states(ground)) for _ in range(size))
    loops = draw(st.integers(0, 3)) == 0
    row = [*named]
    if loops:
        named = _loop(ground, named)
        row = [*named][:-2]
    for name, follower in pairwise(row):
        _lead(named[name], follower)
    if not loops:
        draw(ends(ground, named, row[-1]))
    _skip(draw, ground, named, row)
    for name in list(named):
        if "Retry" in named[name]:
            _catch(draw, ground, named, name)
    return {"StartAt": row[0], "States": named}


def _lead(state: dict[str, Json], follower: str) -> None:
    if state["Type"] not in ("Succeed", "Fail", "Choice"):
        state.pop("End", None)
        state["Next"] = follower


@st.composite
def ends(draw: st.DrawFn, ground: Ground, named: dict[str, Json], last: str) -> None:
    """The end of a block: its last state's own, or a state that is an end."""
    kind = draw(st.sampled_from(("own", "Succeed") if ground.calm else ("own", "Succeed", "Fail")))
    if kind == "own":
        named[last]["End"] = True
        return
    name = f"{kind}{next(ground.names)}"
    _lead(named[last], name)
    named[name] = {"Type": kind} if kind == "Succeed" else {"Type": "Fail", "Error": draw(st.sampled_from(ERRORS))}


def _loop(ground: Ground, named: dict[str, Json]) -> dict[str, Json]:
    """Go through the states twice: a variable counts."""
    number = next(ground.names)
    variable, begin, again, test, done = (f"{word}{number}" for word in ("v", "Begin", "Again", "Test", "Done"))
    first = next(iter(named))
    plus = (
        {variable: f"{{% ${variable} + 1 %}}"}
        if ground.jsonata
        else {f"{variable}.$": f"States.MathAdd(${variable}, 1)"}
    )
    rule: Json = (
        {"Condition": f"{{% ${variable} < 2 %}}"}
        if ground.jsonata
        else {"Variable": f"${variable}", "NumericLessThan": 2}
    )
    return {
        begin: {"Type": "Pass", "Assign": {variable: 0}},
        **named,
        again: {"Type": "Pass", "Assign": plus, "Next": test},
        test: {"Type": "Choice", "Choices": [{**rule, "Next": first}], "Default": done},
        done: {"Type": "Succeed"},
    }


def _skip(draw: st.DrawFn, ground: Ground, named: dict[str, Json], row: list[str]) -> None:
    """Put a Choice before the second state that may lead to the third instead."""
    if len(row) < 3 or not draw(st.booleans()):
        return
    name = f"Choice{next(ground.names)}"
    path = "Execution.Input.n"
    rule: Json = (
        {"Condition": f"{{% $states.context.{path} > {draw(st.integers(0, 1))} %}}"}
        if ground.jsonata
        else {"Variable": f"$$.{path}", "NumericGreaterThan": draw(st.integers(0, 1))}
    )
    named[name] = {"Type": "Choice", "Choices": [{**rule, "Next": row[2]}], "Default": row[1]}
    _lead(named[row[0]], name)


@st.composite
def states(draw: st.DrawFn, ground: Ground) -> tuple[str, dict[str, Json]]:
    """A state that is not yet led anywhere, and its name."""
    kinds = ["Pass", "Task", "Task", "Wait"] + (["Parallel", "Map", "Map"] if ground.depth else [])
    kind = draw(st.sampled_from(kinds))
    body = draw({"Pass": passes, "Task": tasks, "Wait": waits, "Parallel": parallels, "Map": maps}[kind](ground))
    if kind not in ("Pass", "Wait") and draw(st.booleans()):
        body["Retry"] = draw(retries(ground))
    return f"{kind}{next(ground.names)}", {"Type": kind, **body}


@st.composite
def passes(draw: st.DrawFn, ground: Ground) -> dict[str, Json]:
    """A Pass."""
    if ground.jsonata:
        return {"Output": draw(st.sampled_from(("{% $states.input %}", {"made": "{% 1 + 1 %}"}, 7)))}
    body: dict[str, Json] = {"Result": draw(values)} if draw(st.booleans()) else {}
    if not ground.calm:
        body["ResultPath"] = draw(st.sampled_from(("$", "$.at", None)))
    return body


@st.composite
def tasks(draw: st.DrawFn, ground: Ground) -> dict[str, Json]:
    """A Task."""
    body: dict[str, Json] = {"Resource": draw(st.sampled_from(RESOURCES))}
    if ground.jsonata:
        body["Arguments"] = {"word": "{% $states.context.Execution.Input.word %}"}
        body |= (
            {} if ground.calm else {"Output": draw(st.sampled_from(("{% $states.result %}", "{% $states.input %}")))}
        )
    else:
        body["Parameters"] = {"word.$": "$$.Execution.Input.word"}
        body |= {} if ground.calm else {"ResultPath": draw(st.sampled_from(("$", "$.did", None)))}
    if not ground.calm and draw(st.booleans()):
        body["TimeoutSeconds"] = draw(st.integers(5, 60))
        if draw(st.booleans()):
            body["HeartbeatSeconds"] = draw(st.integers(1, 4))
    return body


@st.composite
def waits(draw: st.DrawFn, ground: Ground) -> dict[str, Json]:
    """A Wait, for a time or until an instant, which may be past."""
    field: Json = draw(
        st.sampled_from(
            (
                {"Seconds": 0},
                {"Seconds": 10},
                {"Timestamp": "2026-01-01T00:00:30Z"},
                {"Timestamp": "2001-01-01T00:00:00Z"},
            )
        )
    )
    body: dict[str, Json] = dict(field)
    return body


@st.composite
def parallels(draw: st.DrawFn, ground: Ground) -> dict[str, Json]:
    """A Parallel."""
    size = draw(st.integers(1, 3))
    return {"Branches": [draw(blocks(ground.below())) for _ in range(size)]}


@st.composite
def maps(draw: st.DrawFn, ground: Ground) -> dict[str, Json]:
    """A Map."""
    body: dict[str, Json] = {"ItemProcessor": draw(blocks(ground.below())), "MaxConcurrency": draw(st.integers(0, 2))}
    path = f"Execution.Input.{draw(st.sampled_from(('items', 'few', 'none')))}"
    selects = draw(st.booleans())
    if ground.jsonata:
        body["Items"] = f"{{% $states.context.{path} %}}"
        if selects:
            body["ItemSelector"] = {"at": "{% $states.context.Map.Item.Index %}"}
        return body
    body["ItemsPath"] = f"$$.{path}"
    if selects:
        body["ItemSelector"] = {"at.$": "$$.Map.Item.Index", "value.$": "$$.Map.Item.Value"}
    return body


@st.composite
def retries(draw: st.DrawFn, ground: Ground) -> list[Json]:
    """Retriers, the last of which may be for everything."""
    found: list[Json] = [
        {
            "ErrorEquals": [draw(st.sampled_from(ERRORS))],
            "IntervalSeconds": draw(st.integers(1, 3)),
            "MaxAttempts": draw(st.integers(0, 2)),
            "BackoffRate": draw(st.sampled_from((1, 1.5, 2))),
        }
        for _ in range(draw(st.integers(0, 2)))
    ]
    if draw(st.booleans()):
        found.append({"ErrorEquals": ["States.ALL"], "MaxAttempts": 1, "MaxDelaySeconds": 2, "JitterStrategy": "FULL"})
    return found


def _catch(draw: st.DrawFn, ground: Ground, named: dict[str, Json], name: str) -> None:
    if draw(st.booleans()):
        return
    target = f"Caught{next(ground.names)}"
    where: Json = {"Output": "{% $states.errorOutput %}"} if ground.jsonata else {"ResultPath": "$"}
    named[name]["Catch"] = [{"ErrorEquals": [draw(st.sampled_from(("Boom", "States.ALL")))], "Next": target, **where}]
    named[target] = {"Type": "Pass", "End": True}
