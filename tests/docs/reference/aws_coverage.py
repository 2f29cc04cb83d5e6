"""Make the page about AWS's operations and resource types: what an engine serves, and what differs from AWS."""

from pathlib import Path

import botocore
import yaml

from lamplighter.services.cloudformation.resource_types.recorded_only import NO_EFFECT_ON_AWS
from lamplighter.services.cloudformation.resource_types.registry import NESTED_STACK, RESOURCE_TYPES
from tests.docs.reference.served_operations import ServiceOperations, service_operations

HEAD = """# What is there of AWS

<!-- Made by `make reference` from the program and from botocore's models. Do not edit this page. -->

The engine answers the operations on this page with the parameters, results and errors of AWS. It answers any other
operation with an error that says so. The engine checks signatures, if it has credentials. IAM's policies decide only
with [`up --enforce-iam`](iam.md). [AWS's APIs](aws-apis.md) shows how to call the engine, also with CDK and Terraform.

AWS's operations are those of botocore {version} (the library of the AWS CLI).

"""
NOTES = Path(__file__).with_name("aws_notes.yaml")


def page_text() -> str:
    """Return the page."""
    services = service_operations()
    notes = yaml.safe_load(NOTES.read_text())
    assert set(notes) == {each.command for each in services}
    rows = "".join(f"| {_link(each)} | {len(each.served)} | {_total(each)} |\n" for each in services)
    table = f"| service | operations here | of AWS's |\n|---|---|---|\n{rows}"
    sections = "".join(_section(each, notes[each.command]) for each in services)
    return HEAD.format(version=botocore.__version__) + table + sections + _resource_types()


def without_models(page: str) -> str:
    """Return the page without what depends on botocore's version: its number, and the operations that are missing."""
    varying = ("**Not there", "| [", "AWS's operations")
    return "\n".join(line for line in page.splitlines() if not line.startswith(varying))


def _total(service: ServiceOperations) -> int:
    return len(service.served) + len(service.missing)


def _link(service: ServiceOperations) -> str:
    return f"[{_name(service)}](#{_name(service).lower().replace(' ', '-')})"


def _name(service: ServiceOperations) -> str:
    return service.title.replace("AWS SFN", "Step Functions").removeprefix("Amazon ").removeprefix("AWS ")


def _section(service: ServiceOperations, notes: list[str]) -> str:
    items = "".join(f"- {each}\n" for each in notes)
    served = ", ".join(service.served)
    parts = [f"\n## {_name(service)}\n\n`aws {service.command} …`\n\n{items}\n**Operations:** {served}.\n"]
    if service.missing:
        parts.append(f"\n**Not there:** {', '.join(service.missing)}.\n")
    return "".join(parts)


def _resource_types() -> str:
    rows = "".join(f"| `{name}` | {_without_effect(kind.without_effect)} |\n" for name, kind in RESOURCE_TYPES.items())
    others = ", ".join(f"`{each}`" for each in sorted({NESTED_STACK, *NO_EFFECT_ON_AWS}))
    return f"""
## Resource types of CloudFormation

These types are simulated with all properties of AWS's registry, except those in the second column, which are only
recorded.

| type | properties without effect |
|---|---|
{rows}
{others} are there, too. All other types are recorded: Ref, GetAtt and names look as on AWS, nothing is created, and the
resource's status reason is *Recorded; not simulated here.*
"""


def _without_effect(properties: tuple[str, ...]) -> str:
    return ", ".join(f"`{each.replace('/', '.')}`" for each in properties)
