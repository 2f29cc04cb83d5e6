"""Plan a deployment: compare the stack as it is with the stack that the job file describes.

Guarantees that planning changes nothing. Rejects a stack of the project's name that was not made from a job file.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from lamplighter.base.errors import LamplighterError
from lamplighter.base.json_text import Json
from lamplighter.cli.deploy.check_names import check_names
from lamplighter.cli.deploy.comparison.changes import Change, compare_resources
from lamplighter.cli.deploy.comparison.resolved_template import resolve_resources
from lamplighter.cli.deploy.job_images import Image, ecr_uri, project_images
from lamplighter.cli.deploy.leaving_roles import keep_leaving_roles
from lamplighter.cli.deploy.retain_logs import keep_leaving_logs
from lamplighter.cli.deploy.stack import stacks
from lamplighter.cli.deploy.stack.stacks import Stack
from lamplighter.cli.deploy.template_parameters import choose_parameters
from lamplighter.cli.engine_health import is_lamplighter
from lamplighter.cli.target import Target
from lamplighter.jobs import names
from lamplighter.jobs.file.aws_settings import AwsSettings
from lamplighter.jobs.file.load import LoadedJobFile
from lamplighter.jobs.stack.built_images import write_images
from lamplighter.jobs.stack.handover import Handover, read_handover
from lamplighter.jobs.stack.localize_template import localize_template
from lamplighter.jobs.stack.nested_stacks import keep_parts, limit_step
from lamplighter.jobs.stack.network import keep_zones
from lamplighter.jobs.stack.template import build_template


class ForeignStack(LamplighterError):
    """A stack has the project's name, but lamplighter did not make it."""


@dataclass(frozen=True, slots=True)
class DeploymentPlan:
    """The plan of a project's deployment to a target."""

    name: str
    """The stack's name."""
    stack: Stack | None
    deployed: Json
    """The template of the existing stack; empty if there is none, or if the stack holds nothing."""
    template: Json
    parameters: Mapping[str, str]
    images: tuple[Image, ...]
    is_engine: bool
    """Whether the target is a lamplighter engine."""
    changes: tuple[Change, ...]
    aws: AwsSettings
    is_complete: bool = True
    """Whether the plan has all jobs; if not, another deployment has to follow."""
    image_names: Mapping[str, str] = field(default_factory=dict)
    """The names of the images by the template's parameters. On AWS, the template itself has the names."""


def plan_deployment(
    loaded: LoadedJobFile, target: Target, given: Mapping[str, str], handover: Handover | None = None
) -> DeploymentPlan:
    """Compute what the deployment of a project would change; without a handover, that of the stack stays in effect."""
    name, is_engine = loaded.project.prefix, is_lamplighter(target.endpoint)
    client = target.client("cloudformation")
    stack = stacks.find_stack(client, name)
    deployed = read_deployed_template(client, stack)
    moved, defaults = handover or read_handover(deployed), {}
    document = build_template(loaded.project, "here" if is_engine else "aws", moved)
    if is_engine:
        document = localize_template(document, loaded.folder.absolute())
        defaults = {names.CONSOLE_URL: target.public_url or target.endpoint or ""}
    images = tuple(project_images(loaded))
    image_names = _name_images(images, target, is_engine=is_engine)
    document = document if is_engine else write_images(document, image_names)
    document = keep_leaving_roles(keep_leaving_logs(document, deployed), deployed, target.client("stepfunctions"))
    whole = document if is_engine else keep_parts(keep_zones(document, deployed), deployed)
    document = whole if is_engine else limit_step(whole, deployed)
    parameters = choose_parameters(document, stack, defaults, given) | (image_names if is_engine else {})
    check_names(client, name, document, deployed)
    before = resolve_resources(deployed, stack.parameters if stack else {})
    changes = compare_resources(before, resolve_resources(document, parameters), metadata=target.endpoint is not None)
    return DeploymentPlan(
        *(name, stack, deployed, document, parameters, images, is_engine, tuple(changes), loaded.project.aws),
        is_complete=document is whole,
        image_names=image_names,
    )


def read_deployed_template(client: Json, stack: Stack | None) -> Json:
    """Return a stack's template, or {} if it holds nothing; raise `ForeignStack` if it was not made from a job file."""
    if stack is None or stack.status == stacks.IN_REVIEW:
        return {}
    document = stacks.read_template(client, stack)
    if not stacks.is_from_job_file(document):
        raise ForeignStack(
            f"the stack {stack.name} was not created by lamplighter and is not changed: give your project another name"
        )
    return {} if stack.status == stacks.ROLLED_BACK else document


def _name_images(images: tuple[Image, ...], target: Target, *, is_engine: bool) -> dict[str, str]:
    if not images or is_engine:
        return {image.parameter: image.local_name for image in images}
    account = target.client("sts").get_caller_identity()["Account"]
    ecr = target.client("ecr")
    return {image.parameter: ecr_uri(ecr, account, target.region, image) for image in images}
