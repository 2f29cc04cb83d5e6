"""Read the deployment of a project: its stack, and the resources of its template with the names that they have on AWS.

Guarantees few calls: what is asked about resources is asked in lists, never for each job. A call that is not allowed
raises `NotAllowed`, which names the action that the caller's policies lack.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from lamplighter.base.errors import LamplighterError
from lamplighter.base.json_text import Json, dumps, loads
from lamplighter.cli.call_errors import ClientError
from lamplighter.cli.deploy import stacks
from lamplighter.cli.deploy.deployment_plan import read_deployed_template
from lamplighter.cli.deploy.resolved_template import Resource, resolve_resources
from lamplighter.cli.deploy.stacks import Stack
from lamplighter.cli.target import Target

QUEUE, TOPIC = "AWS::SQS::Queue", "AWS::SNS::Topic"
NAMED_SERVICES = {TOPIC: ("sns", "TopicName"), QUEUE: ("sqs", "QueueName")}
"""The types to which policies and subscriptions refer: their services, and the properties with their names."""
REFERENCE = re.compile(r"\$\{([\w:.]+)\}")
IAM_PREFIXES = {"service-quotas": "servicequotas"}
"""The services whose prefix in policies is not botocore's name of the service."""
REFUSED_CODES = ("AccessDenied", "AccessDeniedException", "AuthorizationError", "UnauthorizedOperation")


class NotAllowed(LamplighterError):
    """A call that the caller's policies do not allow; its text is the action."""


@dataclass(frozen=True, slots=True)
class Deployment:
    """The stack of a project on AWS, and its resources by logical id."""

    target: Target
    stack: Stack
    resources: Mapping[str, Resource]
    """The resources of the stack and its nested stacks, with the ARNs of topics and queues filled in."""

    def named(self, kind: str, name: str) -> dict[str, Resource]:
        """Return the resources of a type by the property that names them."""
        found = [each for each in self.resources.values() if each.type == kind]
        return {str(each.properties[name]): each for each in found if name in each.properties}

    def arn(self, service: str, resource: str) -> str:
        """Return an ARN of the stack's account and region."""
        return make_arn(self.stack, service, resource)

    def list_all(self, service: str, operation: str, **params: Json) -> list[Json]:
        """Return the items of the lists in all pages of a service's answer. Raises `NotAllowed`."""
        pages = self.ask(service, operation, **params)
        return [each for page in pages for items in page.values() if isinstance(items, list) for each in items]

    def ask(self, service: str, operation: str, **params: Json) -> Iterator[Json]:
        """Yield the pages of a service's answer, one if it has no pages. Raises `NotAllowed`."""
        client = self.target.client(service)
        try:
            if client.can_paginate(operation):
                yield from client.get_paginator(operation).paginate(**params)
            else:
                yield getattr(client, operation)(**params)
        except ClientError as error:
            if error.response["Error"]["Code"] in REFUSED_CODES:
                raise NotAllowed(f"{IAM_PREFIXES.get(service, service)}:{error.operation_name}") from None
            raise


def read_deployment(target: Target, name: str) -> Deployment | None:
    """Return the deployment of the stack of a name, or None if there is none."""
    client = target.client("cloudformation")
    stack = stacks.find_stack(client, name)
    template = read_deployed_template(client, stack)
    return make_deployment(target, stack, template) if stack is not None and template else None


def make_deployment(target: Target, stack: Stack, template: Json) -> Deployment:
    """Return the deployment of a stack whose whole template is known."""
    resources = resolve_resources(template, stack.parameters)
    _, partition, _, region, account = stack.id.split(":")[:5]
    values = {"AWS::Partition": partition, "AWS::Region": region, "AWS::AccountId": account}
    for title, each in resources.items():
        service, name = NAMED_SERVICES.get(each.type, ("", ""))
        if name in each.properties:
            own = make_arn(stack, service, str(each.properties[name]))
            values[title if each.type == TOPIC else f"{title}.Arn"] = own
    return Deployment(target, stack, {title: _fill(each, values) for title, each in resources.items()})


def make_arn(stack: Stack, service: str, resource: str) -> str:
    """Return an ARN of a stack's account and region."""
    _, partition, _, region, account = stack.id.split(":")[:5]
    return f"arn:{partition}:{service}:{region}:{account}:{resource}"


def _fill(resource: Resource, values: Mapping[str, str]) -> Resource:
    text: str = dumps(dict(resource.properties))
    for name in set(REFERENCE.findall(text)) & values.keys():
        text = text.replace(f"${{{name}}}", values[name])
    return replace(resource, properties=loads(text))
