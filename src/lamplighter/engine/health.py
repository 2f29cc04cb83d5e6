"""Whether an engine is well: named conditions, each with a reason that a person can act on.

A condition that stops the engine's work makes its health `unavailable`, which is HTTP 503; one that concerns only a
part of the work makes it `degraded`, with HTTP 200. To report something more, write a function that returns a
`Condition` or None and add it to `CHECKS`.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from lamplighter import __version__
from lamplighter.base.jsontext import Json
from lamplighter.engine.engine import Engine
from lamplighter.store import unapplied


@dataclass(frozen=True, slots=True)
class Condition:
    """Something that is wrong now."""

    name: str
    """A short name for programs, in lower case with hyphens; it never changes."""
    reason: str
    """What is wrong, in a sentence for people."""
    stops_work: bool
    """Whether the engine cannot do what it is asked to."""


@dataclass(frozen=True, slots=True)
class Health:
    """The health of an engine."""

    conditions: tuple[Condition, ...]

    @property
    def available(self) -> bool:
        """Whether the engine can do what it is asked to."""
        return not any(each.stops_work for each in self.conditions)

    @property
    def status(self) -> str:
        """`ok`, `degraded` or `unavailable`."""
        if not self.available:
            return "unavailable"
        return "degraded" if self.conditions else "ok"

    def body(self) -> Json:
        """The health as JSON; `reason` holds the gravest condition."""
        body: Json = {"status": self.status, "version": __version__}
        if self.conditions:
            gravest = sorted(self.conditions, key=lambda each: not each.stops_work)
            body["reason"] = gravest[0].reason
            body["conditions"] = [{"name": each.name, "reason": each.reason} for each in gravest]
        return body


Check = Callable[[Engine], Condition | None]


def data_directory(engine: Engine) -> Condition | None:
    """The data directory takes no writes."""
    refused = engine.pump.refused
    if not refused:
        return None
    return Condition("data-directory", f"the data directory takes no writes: {refused}", stops_work=True)


def file_applied(engine: Engine) -> Condition | None:
    """The jobs are not as their file says. A stranger may ask for the health, so the reason names no job."""
    found = unapplied.everything(engine.store.reader)
    if not found:
        return None
    first = found[0]
    why = f"the jobs are not as {first.file} says" + (f": {first.reason}" if engine.config.holder is None else "")
    return Condition("file-not-applied", why, stops_work=False)


CHECKS: tuple[Check, ...] = (data_directory, file_applied)
"""Everything that is checked."""


def of(engine: Engine, checks: Iterable[Check] = CHECKS) -> Health:
    """The health of an engine now."""
    found = (check(engine) for check in checks)
    return Health(tuple(each for each in found if each is not None))
