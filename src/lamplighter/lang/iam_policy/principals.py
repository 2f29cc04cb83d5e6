"""Decide whether a Principal element of a trust policy or a resource policy includes a caller.

See https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html: an account's root
stands for all identities of the account, and wildcards other than a single * are not patterns.
"""

from dataclasses import dataclass

from lamplighter.base.json_text import Json
from lamplighter.lang.iam_policy.text_patterns import as_list

PRINCIPAL_KINDS = ("AWS", "Service", "Federated", "CanonicalUser")


@dataclass(frozen=True, slots=True)
class Principal:
    """Who makes a request: a service of AWS, or an identity of an account."""

    service: str = ""
    """A service principal, such as states.amazonaws.com; empty for an identity."""
    arns: tuple[str, ...] = ()
    """The ARNs that stand for an identity: that of a session and its role, or that of a user."""
    account: str = ""


def includes(element: Json, principal: Principal) -> bool:
    """Return whether a Principal element includes a principal."""
    if element == "*":
        return True
    given = element if isinstance(element, dict) else {"AWS": element}
    if "*" in as_list(given.get("AWS", [])):  # the same as a single *
        return True
    if principal.service:
        return any(_is_service(str(each), principal.service) for each in as_list(given.get("Service", [])))
    return any(_is_identity(str(each), principal) for each in as_list(given.get("AWS", [])))


def _is_service(wanted: str, service: str) -> bool:
    """Return whether a service principal is wanted; "states.REGION.amazonaws.com" is the regional one of a service."""
    name, rest = service.partition(".")[::2]
    return wanted == service or (wanted.startswith(f"{name}.") and wanted.endswith(f".{rest}"))


def _is_identity(wanted: str, principal: Principal) -> bool:
    if wanted in ("*", principal.account) or wanted in principal.arns:
        return True
    return wanted.endswith(f":iam::{principal.account}:root") and wanted.startswith("arn:")
