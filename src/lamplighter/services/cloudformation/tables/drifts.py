"""Store the results of drift detection: each detection on a stack, and the last result for each resource."""

from dataclasses import dataclass

from lamplighter.base.json_text import Json, loads
from lamplighter.store.rows import Table


@dataclass(frozen=True, slots=True)
class DriftDetection:
    """A detection of drift on a stack."""

    key: str
    """The ID of the detection."""
    stack: str
    body: Json
    """When it began (in milliseconds), its status, its result, and the resources that it checks (None: all)."""


@dataclass(frozen=True, slots=True)
class ResourceDrift:
    """The last result of drift detection for a resource."""

    stack: str
    logical: str
    body: Json
    """The time (in milliseconds), the status, the properties and their differences."""

    @property
    def status(self) -> str:
        """Return the status: IN_SYNC, MODIFIED, DELETED or UNKNOWN."""
        found: str = self.body["status"]
        return found


DETECTIONS = Table("drift_detections", DriftDetection, json={"body": loads}, columns={"key": "id"})
DRIFTS = Table("resource_drifts", ResourceDrift, json={"body": loads})


detection = DETECTIONS.find_by("key")
"""Return the detection with this ID, or None if there is none."""
put_detection = DETECTIONS.replace
"""Store a new or changed detection."""
drifts_of = DRIFTS.select_by("stack", order="logical")
"""Return the last results for the resources of a stack, by logical ID."""
put_drift = DRIFTS.replace
"""Store the result for a resource in place of the last one."""
delete_drifts = DRIFTS.delete_by("stack")
"""Forget the results for the resources of a stack, because an operation changes them."""
