"""Implement what a port answers about the audit log if only the other side has one: CloudTrail, or another engine."""

from collections.abc import Mapping, Sequence

from lamplighter.store.audit_limits import LimitedKind
from lamplighter.store.audit_log import Actor, AuditEntry


class WithoutAuditLog:
    """A port without an audit log of its own."""

    has_audit_log = False

    async def record(self, actor: Actor, action: str, resource: str, outcome: str, kind: LimitedKind) -> None:
        """Do nothing: only an engine has an audit log of its own."""
        del actor, action, resource, outcome, kind

    def audit_entries(self, before: int | None, limit: int) -> Sequence[AuditEntry] | None:
        """Return None: only an engine has an audit log of its own."""
        del before, limit
        return None

    def find_starters(self, machine: str, times: Sequence[int]) -> Mapping[int, Actor]:
        """Return nobody: only an engine has an audit log of its own."""
        del machine, times
        return {}

    def audit_kept_days(self) -> float:
        """Return 0: only an engine has an audit log of its own."""
        return 0
