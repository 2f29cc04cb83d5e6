"""Find the names that two projects give to their resources alike: `a` with the job `b-c`, and `a-b` with the job `c`.

An account and region has one namespace for the resources of a type. Names keep their form, because CloudFormation
replaces a resource whose name changes. Pure.
"""

from lamplighter.base.json_text import Json

NAME_PROPERTIES = {
    "AWS::StepFunctions::StateMachine": "StateMachineName",
    "AWS::ECS::TaskDefinition": "Family",
    "AWS::CloudWatch::Alarm": "AlarmName",
    "AWS::SNS::Topic": "TopicName",
    "AWS::SQS::Queue": "QueueName",
}
"""The property with the name, for the types whose names join the project's name and another with a hyphen."""


def may_clash(project: str, other: str) -> bool:
    """Return whether two projects could give one name to two resources."""
    return project != other and (f"{project}-".startswith(f"{other}-") or f"{other}-".startswith(f"{project}-"))


def find_clashes(document: Json, deployed: Json, other: Json) -> dict[str, str]:
    """Return the names of new resources of a template that another project's template has, by logical ID."""
    taken = set(_names(other).values())
    old = deployed.get("Resources", {})
    return {title: each[1] for title, each in _names(document).items() if each in taken and title not in old}


def explain_clash(name: str, other: str) -> str:
    """Return what to do about a name that another project has."""
    return f"the project {other} has {name} already: rename this, or one of the two projects"


def _names(document: Json) -> dict[str, tuple[str, str]]:
    """Return the type and the name of each resource with a name, by logical ID."""
    found: dict[str, tuple[str, str]] = {}
    for title, each in document.get("Resources", {}).items():
        name = each.get("Properties", {}).get(NAME_PROPERTIES.get(each["Type"], ""))
        if isinstance(name, str):
            found[title] = each["Type"], name
    return found
