"""Define a permission that a call needs, and how to name a call's resource: the small language of the rule tables.

A rule returns the ARNs about which IAM decides. For an action that has no resources, that is `*`.
See https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace

from lamplighter.base.aws import arn
from lamplighter.base.json_text import Json
from lamplighter.bus import Caller
from lamplighter.lang.iam_policy.text_patterns import ContextValue

ANY = "*"
OWN_PARTITION = f"arn:{arn.PARTITION}:"


@dataclass(frozen=True, slots=True)
class Permission:
    """An action on a resource, which a call needs."""

    action: str
    """As policies spell it: ecs:RunTask."""
    resource: str
    context: Mapping[str, ContextValue] = field(default_factory=dict)
    """The service's own condition keys, in lower case."""


def in_own_partition(permission: Permission) -> Permission:
    """Return a permission with the resource in the engine's only partition.

    Most services find their resources whatever the partition in an ARN is, so it must not hide a resource from a deny.
    """
    if not permission.resource.startswith("arn:") or permission.resource.startswith(OWN_PARTITION):
        return permission
    return replace(permission, resource=OWN_PARTITION + permission.resource.split(":", 2)[-1])


ResourceRule = Callable[[Json, Caller], Iterable[str]]
"""Returns the ARNs of a call's resources, by its parameters."""


def no_resource(_params: Json, _caller: Caller) -> tuple[str, ...]:
    """Return the resource of an action that has none."""
    return (ANY,)


def named(service: str, parameter: str, form: str = "{}", default: str = ANY) -> ResourceRule:
    """Return the rule for a parameter that has an ARN, or a name that `form` puts into the ARN's last part.

    If the parameter is missing, the name is `default`, or there is no resource if that is `*`.
    """

    def rule(params: Json, caller: Caller) -> tuple[str, ...]:
        found = params.get(parameter, default)
        if not isinstance(found, list):
            found = [found]
        return tuple(_arn(service, str(each), form, caller) for each in found) or (ANY,)

    return rule


def _arn(service: str, name: str, form: str, caller: Caller) -> str:
    if name == ANY or name.startswith("arn:"):
        return name
    return arn.build(service, caller.region, caller.account, form.format(name))


def same(operations: str, rule: ResourceRule) -> dict[str, ResourceRule]:
    """Return the same rule for several operations, whose names are separated by spaces."""
    return dict.fromkeys(operations.split(), rule)
