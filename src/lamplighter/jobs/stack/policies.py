"""Build IAM policies: statements that allow something, and the documents that hold them.

See https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements.html.
"""

from lamplighter.base.json_text import Json
from lamplighter.jobs.stack.resources import properties


def policy_document(statements: list[Json]) -> Json:
    """Return a policy of these statements."""
    return properties(Version="2012-10-17", Statement=statements)


def allow(actions: list[str], resources: Json, condition: Json = None) -> Json:
    """Return a statement of a role's policy that allows actions on resources."""
    return properties(Effect="Allow", Action=actions, Resource=resources, Condition=condition)


def allow_service(service: str, action: str, resource: Json = None, condition: Json = None) -> Json:
    """Return a statement of a resource's own policy that allows an action to a service of AWS.

    A role's trust policy names no resource.
    """
    principal = {"Service": f"{service}.amazonaws.com"}
    return properties(Effect="Allow", Principal=principal, Action=action, Resource=resource, Condition=condition)
