"""Random definitions of state machines: valid, bounded, and with all elements of the language.

A *calm* definition cannot fail by itself: it has no Fail state, no path that may be missing and no timeout. Its result
does not depend on which of two branches fails first.
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
"""The input of all these machines; their paths read it from the context object."""


def picks(seed: int, length: int) -> list[int]:
    """Return random numbers that are the same for the same seed."""
    rng = Random(seed)
    return [rng.randrange(100_000) for _ in range(length)]


moves = st.builds(picks, st.integers(0, 2**32), st.integers(0, 60))
"""A strategy for the course of an execution: each number selects one of the possible next events."""

texts = st.text(max_size=8)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=5,
)


@dataclass(frozen=True, slots=True)
class Block:
    """The properties of the block in which a state is drawn."""

    names: Iterator[int]
    jsonata: bool
    calm: bool
    depth: int

    def deeper(self) -> "Block":
        """Return the properties of a block one level deeper."""
        return Block(self.names, self.jsonata, self.calm, self.depth - 1)


@st.composite
def definitions(draw: st.DrawFn, *, calm: bool = False, depth: int = 2) -> str:
    """Return a whole definition as JSON text."""
    jsonata = draw(st.booleans())
    machine = draw(blocks(Block(count(1), jsonata, calm, depth)))
    if jsonata:
        machine = {"QueryLanguage": "JSONata", **machine}
    if not calm and draw(st.booleans()):
        machine["TimeoutSeconds"] = draw(st.integers(1, 100))
    return dumps(machine)


@st.composite
def blocks(draw: st.DrawFn, block: Block) -> dict[str, Json]:
    """Return a row of states, perhaps with a Choice that skips one, or with a loop."""
    size = draw(st.integers(1, 3))
    named = dict(draw(states(block)) for _ in range(size))
    loops = draw(st.integers(0, 3)) == 0
    row = [*named]
    if loops:
        named = _add_loop(block, named)
        row = [*named][:-2]
    for name, follower in pairwise(row):
        _set_next(named[name], follower)
    if not loops:
        draw(ends(block, named, row[-1]))
    _add_choice(draw, block, named, row)
    for name in list(named):
        if "Retry" in named[name]:
            _add_catch(draw, block, named, name)
    return {"StartAt": row[0], "States": named}


def _set_next(state: dict[str, Json], follower: str) -> None:
    if state["Type"] not in ("Succeed", "Fail", "Choice"):
        state.pop("End", None)
        state["Next"] = follower


@st.composite
def ends(draw: st.DrawFn, block: Block, named: dict[str, Json], last: str) -> None:
    """End a block: with `End` in its last state, or with a Succeed or Fail state."""
    kind = draw(st.sampled_from(("own", "Succeed") if block.calm else ("own", "Succeed", "Fail")))
    if kind == "own":
        named[last]["End"] = True
        return
    name = f"{kind}{next(block.names)}"
    _set_next(named[last], name)
    named[name] = {"Type": kind} if kind == "Succeed" else {"Type": "Fail", "Error": draw(st.sampled_from(ERRORS))}


def _add_loop(block: Block, named: dict[str, Json]) -> dict[str, Json]:
    """Return the states with a loop that runs them twice; a variable counts."""
    number = next(block.names)
    variable, begin, again, test, done = (f"{word}{number}" for word in ("v", "Begin", "Again", "Test", "Done"))
    first = next(iter(named))
    increment = (
        {variable: f"{{% ${variable} + 1 %}}"}
        if block.jsonata
        else {f"{variable}.$": f"States.MathAdd(${variable}, 1)"}
    )
    rule: Json = (
        {"Condition": f"{{% ${variable} < 2 %}}"}
        if block.jsonata
        else {"Variable": f"${variable}", "NumericLessThan": 2}
    )
    return {
        begin: {"Type": "Pass", "Assign": {variable: 0}},
        **named,
        again: {"Type": "Pass", "Assign": increment, "Next": test},
        test: {"Type": "Choice", "Choices": [{**rule, "Next": first}], "Default": done},
        done: {"Type": "Succeed"},
    }


def _add_choice(draw: st.DrawFn, block: Block, named: dict[str, Json], row: list[str]) -> None:
    """Insert a Choice that leads to the second or to the third state."""
    if len(row) < 3 or not draw(st.booleans()):
        return
    name = f"Choice{next(block.names)}"
    path = "Execution.Input.n"
    rule: Json = (
        {"Condition": f"{{% $states.context.{path} > {draw(st.integers(0, 1))} %}}"}
        if block.jsonata
        else {"Variable": f"$$.{path}", "NumericGreaterThan": draw(st.integers(0, 1))}
    )
    named[name] = {"Type": "Choice", "Choices": [{**rule, "Next": row[2]}], "Default": row[1]}
    _set_next(named[row[0]], name)


@st.composite
def states(draw: st.DrawFn, block: Block) -> tuple[str, dict[str, Json]]:
    """Return a state without a next state, and its name."""
    kinds = ["Pass", "Task", "Task", "Wait"] + (["Parallel", "Map", "Map"] if block.depth else [])
    kind = draw(st.sampled_from(kinds))
    body = draw({"Pass": passes, "Task": tasks, "Wait": waits, "Parallel": parallels, "Map": maps}[kind](block))
    if kind not in ("Pass", "Wait") and draw(st.booleans()):
        body["Retry"] = draw(retries(block))
    return f"{kind}{next(block.names)}", {"Type": kind, **body}


@st.composite
def passes(draw: st.DrawFn, block: Block) -> dict[str, Json]:
    """Return a Pass state."""
    if block.jsonata:
        return {"Output": draw(st.sampled_from(("{% $states.input %}", {"made": "{% 1 + 1 %}"}, 7)))}
    body: dict[str, Json] = {"Result": draw(values)} if draw(st.booleans()) else {}
    if not block.calm:
        body["ResultPath"] = draw(st.sampled_from(("$", "$.at", None)))
    return body


@st.composite
def tasks(draw: st.DrawFn, block: Block) -> dict[str, Json]:
    """Return a Task state."""
    body: dict[str, Json] = {"Resource": draw(st.sampled_from(RESOURCES))}
    if block.jsonata:
        body["Arguments"] = {"word": "{% $states.context.Execution.Input.word %}"}
        body |= {} if block.calm else {"Output": draw(st.sampled_from(("{% $states.result %}", "{% $states.input %}")))}
    else:
        body["Parameters"] = {"word.$": "$$.Execution.Input.word"}
        body |= {} if block.calm else {"ResultPath": draw(st.sampled_from(("$", "$.did", None)))}
    if not block.calm and draw(st.booleans()):
        body["TimeoutSeconds"] = draw(st.integers(5, 60))
        if draw(st.booleans()):
            body["HeartbeatSeconds"] = draw(st.integers(1, 4))
    return body


@st.composite
def waits(draw: st.DrawFn, block: Block) -> dict[str, Json]:
    """Return a Wait state, for a duration or until a timestamp, which may be in the past."""
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
def parallels(draw: st.DrawFn, block: Block) -> dict[str, Json]:
    """Return a Parallel state."""
    size = draw(st.integers(1, 3))
    return {"Branches": [draw(blocks(block.deeper())) for _ in range(size)]}


@st.composite
def maps(draw: st.DrawFn, block: Block) -> dict[str, Json]:
    """Return a Map state."""
    body: dict[str, Json] = {"ItemProcessor": draw(blocks(block.deeper())), "MaxConcurrency": draw(st.integers(0, 2))}
    path = f"Execution.Input.{draw(st.sampled_from(('items', 'few', 'none')))}"
    selects = draw(st.booleans())
    if block.jsonata:
        body["Items"] = f"{{% $states.context.{path} %}}"
        if selects:
            body["ItemSelector"] = {"at": "{% $states.context.Map.Item.Index %}"}
        return body
    body["ItemsPath"] = f"$$.{path}"
    if selects:
        body["ItemSelector"] = {"at.$": "$$.Map.Item.Index", "value.$": "$$.Map.Item.Value"}
    return body


@st.composite
def retries(draw: st.DrawFn, block: Block) -> list[Json]:
    """Return retriers; the last one may be for all errors."""
    retriers: list[Json] = [
        {
            "ErrorEquals": [draw(st.sampled_from(ERRORS))],
            "IntervalSeconds": draw(st.integers(1, 3)),
            "MaxAttempts": draw(st.integers(0, 2)),
            "BackoffRate": draw(st.sampled_from((1, 1.5, 2))),
        }
        for _ in range(draw(st.integers(0, 2)))
    ]
    if draw(st.booleans()):
        retriers.append(
            {"ErrorEquals": ["States.ALL"], "MaxAttempts": 1, "MaxDelaySeconds": 2, "JitterStrategy": "FULL"}
        )
    return retriers


def _add_catch(draw: st.DrawFn, block: Block, named: dict[str, Json], name: str) -> None:
    if draw(st.booleans()):
        return
    target = f"Caught{next(block.names)}"
    where: Json = {"Output": "{% $states.errorOutput %}"} if block.jsonata else {"ResultPath": "$"}
    named[name]["Catch"] = [{"ErrorEquals": [draw(st.sampled_from(("Boom", "States.ALL")))], "Next": target, **where}]
    named[target] = {"Type": "Pass", "End": True}
