"""Tell which transitions of its definition a run took.

A history names the states that a run visited, one after the other, but not the rule that led from one to the next. So
this compares each step with the definition, and with how the state ended: a caught error took a Catch, anything else
took Next, a rule of the Choice, or the end. Rules of one kind with the same target count as one transition, because no
history tells them apart. Guarantees at most one transition for each visit. Pure.
See https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from lamplighter.asl.definition.walk_states import walk_states
from lamplighter.base.json_text import Json
from lamplighter.runs.history.story import Story, Visit

Kind = Literal["next", "choice", "default", "catch"]
END = -1
"""The index, among the transitions that a state took, of the end of the run."""


@dataclass(frozen=True, slots=True)
class Transition:
    """A way from a state to another one."""

    to: str
    kind: Kind
    errors: tuple[str, ...] = ()
    """The errors that a Catch names."""


def list_transitions(state: Mapping[str, Json]) -> Sequence[Transition]:
    """Return the transitions of a state in the order of the definition, which need not be valid."""
    found: dict[tuple[str, bool], Transition] = {}
    for each in _declared_transitions(state):
        key = each.to, each.kind == "catch"
        known = found.get(key)
        found[key] = each if known is None else replace(known, errors=known.errors + each.errors)
    return list(found.values())


def _declared_transitions(state: Mapping[str, Json]) -> Iterator[Transition]:
    yield from (Transition(target, "next") for target in _names(state.get("Next")))
    for rule in _objects(state.get("Choices")):
        yield from (Transition(target, "choice") for target in _names(rule.get("Next")))
    yield from (Transition(target, "default") for target in _names(state.get("Default")))
    for catcher in _objects(state.get("Catch")):
        errors = catcher.get("ErrorEquals")
        for target in _names(catcher.get("Next")):
            yield Transition(target, "catch", tuple(map(str, errors if isinstance(errors, list) else ())))


def _names(value: Json) -> Iterator[str]:
    """Yield the value if it can be the name of a state."""
    if isinstance(value, str) and value:
        yield value


def _objects(value: Json) -> Iterator[dict[str, Json]]:
    return (each for each in (value if isinstance(value, list) else ()) if isinstance(each, dict))


def taken_transitions(story: Story, definition: Json) -> Mapping[str, Sequence[int]]:
    """Return, by state, the indexes of the transitions that a run took, in the order of `list_transitions`.

    The state at which the run ended as its definition says has also the index `END`.
    """
    known = {name: list_transitions(state) for name, state in walk_states(definition)}
    last = max((at for at, visit in enumerate(story.visits) if visit.around is None), default=None)
    found: dict[str, dict[int, None]] = {}
    for at, visit in enumerate(story.visits):
        ended = at == last and _ended_run(story, visit)
        taken = END if ended else _taken_by(story, visit, known.get(visit.state, ()))
        if taken is not None:
            found.setdefault(visit.state, {})[taken] = None
    return {name: list(indexes) for name, indexes in found.items()}


def _ended_run(story: Story, visit: Visit) -> bool:
    """Return whether the run ended at the last visit as the definition says, and not by an error or a request."""
    return story.outcome == "succeeded" or (story.outcome == "failed" and visit.kind == "Fail")


def _taken_by(story: Story, visit: Visit, transitions: Sequence[Transition]) -> int | None:
    fitting = [at for at, each in enumerate(transitions) if each.to == visit.follower]
    caught = story.caught(visit)
    likely = [at for at in fitting if (transitions[at].kind == "catch") == caught]
    return next(iter(likely or fitting), None)
