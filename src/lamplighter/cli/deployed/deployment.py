"""Read the deployment of a project: its stack, and the resources of its template with the names that they have on AWS.

Guarantees few calls: what is asked about resources is asked in lists, never for each job. A call that is not allowed
raises `NotAllowed`, which names the action that the caller's policies lack.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from lamplighter.base.errors import LamplighterError
from lamplighter.base.json_text import Json
from lamplighter.cli.call_errors import ClientError
from lamplighter.cli.channel_targets import is_missing
from lamplighter.cli.command_context import CommandContext, fail
from lamplighter.cli.deploy.comparison.resolved_template import Resource, resolve_resources
from lamplighter.cli.deploy.deployment_plan import read_deployed_template
from lamplighter.cli.deploy.stack import stacks
from lamplighter.cli.deploy.stack.stacks import Stack
from lamplighter.cli.target import Target
from lamplighter.jobs.file.model import Project

QUEUE, TOPIC = "AWS::SQS::Queue", "AWS::SNS::Topic"
ARNS = {TOPIC: ("sns", "TopicName", ""), QUEUE: ("sqs", "QueueName", ".Arn")}
"""The types to which policies and subscriptions refer by ARN: the service, the property with the name, and what follows
the logical id in the reference.
"""
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
        return {str(each.properties.get(name)): each for each in self.resources.values() if each.type == kind}

    def arn(self, service: str, resource: str) -> str:
        """Return an ARN of the stack's account and region."""
        return _arn_beside(self.stack, service, resource)

    def call(self, service: str, operation: str, **params: Json) -> Json:
        """Return a service's answer, and nothing about a topic or a queue that does not exist. Raises `NotAllowed`."""
        try:
            return getattr(self.target.client(service), operation)(**params)
        except ClientError as error:
            if is_missing(error):
                return {}
            if error.response["Error"]["Code"] in REFUSED_CODES:
                raise NotAllowed(f"{service}:{error.operation_name}") from None
            raise

    def list_all(self, service: str, operation: str, **params: Json) -> Iterator[Json]:
        """Yield the items of the lists in all pages of a service's answer. Raises `NotAllowed`."""
        while True:
            page = self.call(service, operation, **params)
            yield from (each for items in page.values() if isinstance(items, list) for each in items)
            if not page.get("NextToken"):
                return
            params["NextToken"] = page["NextToken"]


def read_deployment(target: Target, project: Project) -> Deployment | None:
    """Return the deployment of a project, or None if there is none."""
    client = target.client("cloudformation")
    stack = stacks.find_stack(client, project.prefix)
    template = read_deployed_template(client, stack)
    return make_deployment(target, stack, template) if stack is not None and template else None


def require_deployment(context: CommandContext) -> Deployment:
    """Return the deployment of the job file; end the command with exit code 1 if there is none."""
    deployment = context.project and read_deployment(context.target, context.project)
    return deployment or fail(f"no job file of this folder is deployed to {context.target}: use --file, or deploy it")


def make_deployment(target: Target, stack: Stack, template: Json) -> Deployment:
    """Return the deployment of a stack whose whole template is known."""
    _, partition, _, region, account = stack.id.split(":")[:5]
    known = {"AWS::Partition": partition, "AWS::Region": region, "AWS::AccountId": account}
    for title, each in template["Resources"].items():
        if each["Type"] in ARNS:
            service, name, reference = ARNS[each["Type"]]
            known[title + reference] = _arn_beside(stack, service, each["Properties"][name])
    return Deployment(target, stack, resolve_resources(template, stack.parameters, known))


def _arn_beside(stack: Stack, service: str, resource: str) -> str:
    _, partition, _, region, account = stack.id.split(":")[:5]
    return f"arn:{partition}:{service}:{region}:{account}:{resource}"
