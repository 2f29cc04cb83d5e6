"""Describe how a resource differs from its last deployment, and explain the changes of a drift-aware change set.

See https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ResourceTargetDefinition.html.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from lamplighter.base.json_text import Json
from lamplighter.services.cloudformation.stacks.shown_properties import shown_text, shown_value
from lamplighter.services.cloudformation.tables.stack_resources import StackResource

SYNC = "SyncWithActual"
"""The action, and the type of a property's change, if the new template states what is already there."""


@dataclass(frozen=True, slots=True)
class ActualResource:
    """A resource as its last deployment left it, and as it is now."""

    status: str
    """The status of its drift: IN_SYNC, MODIFIED, DELETED, UNKNOWN or UNSUPPORTED."""
    previous: StackResource
    row: StackResource
    """The resource with its actual properties; without a physical id if it was deleted."""

    @property
    def is_drifted(self) -> bool:
        """Return whether the resource was changed or deleted without its stack."""
        return self.status in ("MODIFIED", "DELETED")

    def drifted_properties(self) -> list[str]:
        """Return the names of the properties that were changed."""
        old, new = self.previous.body["properties"], self.row.body["properties"]
        return sorted(name for name in {**old, **new} if old.get(name) != new.get(name))

    def context(self) -> str:
        """Return the properties of the last deployment, as change sets show a context."""
        return shown_text({"Properties": shown_properties(self.previous)})


def shown_properties(row: StackResource) -> Json:
    """Return the properties of a resource without its secrets."""
    return row.body.get("shown") or row.body["properties"]


def stack_drift_status(actual: Mapping[str, ActualResource]) -> str:
    """Return the drift status of a stack."""
    if any(each.is_drifted for each in actual.values()):
        return "DRIFTED"
    return "UNKNOWN" if any(each.status == "UNKNOWN" for each in actual.values()) else "IN_SYNC"


def add_sources(details: list[Json], actual: ActualResource, now: int) -> list[Json]:
    """Return the details of a change with the sources of their values, and with the drift of drifted properties."""
    source = "PREVIOUS_DEPLOYMENT_STATE" if actual.status in ("UNSUPPORTED", "UNKNOWN") else "ACTUAL_STATE"
    drifted = frozenset(actual.drifted_properties())
    return [
        _add_source(each, source, actual if each["Target"].get("Name") in drifted else None, now) for each in details
    ]


def _add_source(detail: Json, source: str, drifted: ActualResource | None, now: int) -> Json:
    target = detail["Target"] | {"BeforeValueFrom": source, "AfterValueFrom": "TEMPLATE"}
    if drifted is not None:
        target["Drift"] = _drift(drifted, target["Name"], now)
    return detail | {"Target": target}


def _drift(actual: ActualResource, name: str, now: int) -> Json:
    values = {"PreviousValue": shown_properties(actual.previous), "ActualValue": shown_properties(actual.row)}
    shown = {member: shown_value(properties[name]) for member, properties in values.items() if name in properties}
    return {**shown, "DriftDetectionTimestamp": now / 1000}


def synchronized_details(actual: ActualResource, changed: frozenset[str], now: int) -> Iterator[Json]:
    """Yield a detail for each property whose drift ends because the new template states its actual value."""
    for name in actual.drifted_properties():
        if name not in changed:
            present = shown_properties(actual.row).get(name)
            value = {} if present is None else {"BeforeValue": shown_value(present), "AfterValue": shown_value(present)}
            target = {
                "Attribute": "Properties",
                "Name": name,
                "RequiresRecreation": "Never",
                "Path": f"/Properties/{name}",
                **value,
                "BeforeValueFrom": "ACTUAL_STATE",
                "AfterValueFrom": "TEMPLATE",
                "Drift": _drift(actual, name, now),
                "AttributeChangeType": SYNC,
            }
            yield {"Target": target, "Evaluation": "Static", "ChangeSource": "NoModification"}
