"""Say what started a run: a schedule, a rule, another run, or a person. Pure."""

from dataclasses import dataclass

from lamplighter.base.aws import arn as arns


@dataclass(frozen=True, slots=True)
class Trigger:
    """What started a run."""

    kind: str
    """schedule, rule, run, hand or unknown."""
    name: str = ""
    """The name of the schedule, the rule or the person; of another run, its job and name."""
    arn: str = ""

    @property
    def words(self) -> str:
        """The trigger for people: `schedule nightly`, `by hand`, `by anna`; empty if it is not known."""
        if self.kind == "hand":
            return f"by {self.name or 'hand'}"
        return "" if self.kind == "unknown" else f"{self.kind} {self.name}"


UNKNOWN_TRIGGER = Trigger("unknown")
BY_HAND = Trigger("hand")
KINDS = ("schedule", "rule", "run", "hand", "unknown")
"""All kinds of triggers."""


def read_trigger(origin: str | None, person: str = "") -> Trigger:
    """Return the trigger in the `origin` of a run: an ARN, empty for a request from outside, None if unknown.

    `person` is the name of the person who sent the request, if it is known.
    """
    if origin is None:
        return UNKNOWN_TRIGGER
    if not origin:
        return Trigger(BY_HAND.kind, person)
    found = arns.parse(origin)
    if found is None:
        return UNKNOWN_TRIGGER
    name = origin.rpartition("/")[2]
    if found.service == "scheduler":
        return Trigger("schedule", name, origin)
    if found.service == "events":
        return Trigger("rule", name, origin)
    parts = found.resource.split(":")
    return Trigger("run", ":".join(parts[1:3]), origin) if found.service == "states" else UNKNOWN_TRIGGER
