"""Build the smallest IAM policies for who deploys a project to AWS, and for who only looks at it. Pure.

Guarantees that everything follows from the template. `permissions.json` has the permissions of CloudFormation's
handlers for each type of resource, because CloudFormation calls with its caller's permissions unless the stack has a
role. It also says on which resources each action works; the names in the template say which those are. An account or
region that the job file does not name becomes `*`. See
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/control-access-with-iam.html,
https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
and https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from pathlib import Path

from lamplighter.base.group_items import group_items
from lamplighter.base.json_text import Json, dumps, loads
from lamplighter.jobs.file.model import Project
from lamplighter.jobs.iam.command_calls import DEPLOY_CALLS, READ_CALLS, list_actions
from lamplighter.jobs.stack.nested_stacks import STACK
from lamplighter.jobs.stack.place_jobs import JOBS, REST
from lamplighter.jobs.stack.policies import allow, policy_document
from lamplighter.lang.template.functions import DYNAMIC_REFERENCE

MAX_CHARACTERS = 6_144
"""The most characters of a managed policy, without white space."""
PERMISSIONS_FILE = Path(__file__).with_name("permissions.json")
SECRETS = "secretsmanager"
ROLE = "AWS::IAM::Role"
BUCKET_TYPES = ("AWS::S3::Bucket", "AWS::S3::BucketPolicy")
BUCKET_STACK = "lamplighter-templates"
KEPT_NAME = 24
"""The characters of a stack's name that a generated name of 64 characters keeps, however long the logical id is."""
BELOW = ("ecs:task/", "scheduler:schedule/")
"""Kinds of resources whose ARN has the name of what they are in, before their own."""
LINKED_ROLES = {
    "AWS::ECS::Cluster": "ecs.amazonaws.com",
    "AWS::Events::Connection": "apidestinations.events.amazonaws.com",
}
"""The services that need a service-linked role for a type of resource."""
STACK_TAG = "aws:ResourceTag/aws:cloudformation:stack-name"
"""The tag that CloudFormation gives to what it makes, and that nobody else can give."""
BOUND_ACTIONS = ("iam:CreateRole", "iam:PutRolePermissionsBoundary")


class Access(Enum):
    """What a policy is for."""

    READ = "read"
    DEPLOY = "deploy"
    CLOUDFORMATION_ROLE = "cloudformation-role"


def build_policies(project: Project, template: Json, access: Access) -> list[Json]:
    """Return the policies that a user or role needs together."""
    builder = _Policies(project, template, access, loads(PERMISSIONS_FILE.read_text()))
    documents: list[list[Json]] = []
    for statement in builder.statements():
        fitting = (each for each in documents if len(dumps(policy_document([*each, statement]))) <= MAX_CHARACTERS)
        if (room := next(fitting, None)) is not None:
            room.append(statement)
        else:
            documents.append([statement])
    return [policy_document(each) for each in documents]


@dataclass(frozen=True)
class _Policies:
    project: Project
    template: Json
    access: Access
    permissions: Json

    @property
    def _makes_resources(self) -> bool:
        """Whether CloudFormation makes the resources with these policies."""
        has_role = self.project.aws.cloudformation_role is not None
        return self.access is Access.CLOUDFORMATION_ROLE or (self.access is Access.DEPLOY and not has_role)

    def statements(self) -> Iterator[Json]:
        """Yield a statement for all actions of a service on the same resources, under the same condition."""

        def key(action: str) -> str:
            resources, condition = self._resources(action), self._condition(action)
            return dumps([action.partition(":")[0] if resources != ["*"] else "", resources, condition])

        for text, actions in group_items(sorted(self.actions), key).items():
            _, resources, condition = loads(text)
            yield allow(actions, resources, condition)
        if self._makes_resources:
            yield from self._reading_references()
        elif self.access is Access.DEPLOY:
            # `destroy` itself disables the schedules, and UpdateSchedule passes their role again.
            roles = [self._arn("iam:role/", each) for each in self._names("iam:role/", is_change=True)]
            yield allow(["iam:PassRole"], roles, {"StringEquals": {"iam:PassedToService": ["scheduler.amazonaws.com"]}})

    def _reading_references(self) -> Iterator[Json]:
        """Yield what CloudFormation reads for the caller: the parameters and secrets to which the template refers."""
        found = sorted(set(DYNAMIC_REFERENCE.findall(dumps(self.template))))
        parameters = [each for service, each in found if service != SECRETS]
        secrets = [each.partition(":SecretString")[0] for service, each in found if service == SECRETS]
        if parameters:
            names = [each.partition(":")[0].lstrip("/") for each in parameters]
            yield allow(
                ["ssm:GetParameter", "ssm:GetParameters"], [self._arn("ssm:parameter/", each) for each in names]
            )
        if secrets:
            arns = [each if each.startswith("arn:") else self._arn(f"{SECRETS}:secret:", each) for each in secrets]
            yield allow(["secretsmanager:GetSecretValue"], [f"{each}*" for each in arns])
        if found and self.project.aws.kms.secrets:
            yield allow(["kms:Decrypt"], list(self.project.aws.kms.secrets))

    # --- actions ------------------------------------------------------------------------------------------------------

    @cached_property
    def actions(self) -> set[str]:
        """The actions of the policies."""
        found = set[str]()
        if self._makes_resources:
            types = self._types | (set(BUCKET_TYPES) if self.project.aws.bucket is None else set())
            left_out = "Put" if self._boundary is None else "Delete"
            found = self._handled(types, "read", "make", "change") - {f"iam:{left_out}RolePermissionsBoundary"}
            found.add("s3:GetObject")  # the templates of nested stacks, and of a change of the stack
        if self.access is not Access.CLOUDFORMATION_ROLE:
            found |= list_actions(READ_CALLS) | self._handled(self._types, "read")
        if self.access is Access.DEPLOY:
            found |= list_actions(DEPLOY_CALLS) | {"iam:PassRole"}
        return found

    @cached_property
    def _types(self) -> set[str]:
        return {each["Type"] for each in self.template["Resources"].values()} | {STACK}

    def _handled(self, types: set[str], *parts: str) -> set[str]:
        return {action for kind in types for part in parts for action in self.permissions["types"][kind][part]}

    # --- conditions ---------------------------------------------------------------------------------------------------

    def _condition(self, action: str) -> Json:
        if action == "iam:PassRole":
            return {"StringEquals": {"iam:PassedToService": self._role_users()}}
        if action == "iam:CreateServiceLinkedRole":
            services = [service for kind, service in LINKED_ROLES.items() if kind in self._types]
            return {"StringEquals": {"iam:AWSServiceName": services}}
        if action in BOUND_ACTIONS and self._boundary is not None:
            return {"ArnLike": {"iam:PermissionsBoundary": self._boundary}}
        if action.startswith("ec2:") and action in self._changing - self._making:
            return {"StringEquals": {STACK_TAG: self.project.prefix}}
        return None

    @cached_property
    def _making(self) -> set[str]:
        return self._handled(self._types, "make")

    @cached_property
    def _changing(self) -> set[str]:
        return self._handled(self._types, "change")

    def _role_users(self) -> list[str]:
        """Return the services to which roles are passed: those that the trust policies of the template name."""
        if not self._makes_resources:
            return ["cloudformation.amazonaws.com"]
        trusts = [each["AssumeRolePolicyDocument"]["Statement"] for _, each in self._of_type(ROLE)]
        named = {statement["Principal"]["Service"] for trust in trusts for statement in trust}
        return sorted(named | {"ecs-tasks.amazonaws.com", "states.amazonaws.com"})

    @cached_property
    def _boundary(self) -> str | None:
        found = (each.get("PermissionsBoundary") for _, each in self._of_type(ROLE))
        return next((self._text(each) for each in found if each is not None), None)

    # --- resources ----------------------------------------------------------------------------------------------------

    def _resources(self, action: str) -> list[str]:
        is_change = action in self._making | self._changing
        if action.startswith("ec2:") and is_change:
            return [self._arn("ec2:", "*/*")]
        if action == "iam:PassRole" and not self._makes_resources:
            return [str(self.project.aws.cloudformation_role)]
        if action == "iam:CreateServiceLinkedRole":
            return [self._arn("iam:role/", "aws-service-role/*")]
        found = [
            self._arn(kind, name)
            for kind in self.permissions["actions"][action]
            for name in self._names(kind, is_change=is_change)
        ]
        if found and (action == "iam:PassRole" or not is_change):
            found += [each for each in self._given_arns if each.split(":")[2] == action.partition(":")[0]]
        return found or ["*"]

    def _arn(self, kind: str, name: str) -> str:
        service, _, begin = kind.partition(":")
        region = "" if service in ("iam", "s3") else self.project.aws.region or "*"
        account = "" if service == "s3" else self._account
        return f"arn:{self._partition}:{service}:{region}:{account}:{begin}{name}".replace(":::/", ":::")

    def _names(self, kind: str, *, is_change: bool) -> list[str]:
        """Return the patterns of the names of a kind of resources."""
        prefix, bucket = self.project.prefix, self._bucket
        if kind == "iam:role/":
            # A role that does not exist has no path, so its name alone is what GetRole asks for.
            linked = [] if is_change else ["aws-service-role/ecs.amazonaws.com/*", "AWSServiceRoleForECS"]
            return [*(f"{path}{_generated(prefix)}" for path in self._role_paths), *linked]
        fixed = {
            "cloudformation:stack/": [f"{prefix}/*", f"{prefix}-{JOBS}*/*", f"{prefix}-{REST}*/*", f"{BUCKET_STACK}/*"],
            "ecr:repository/": [f"{prefix}/*"],
            "s3:": [bucket],
            "s3:/": [f"{bucket}/lamplighter/{prefix}/*"],
            "secretsmanager:secret:": ["events!connection/*" if is_change else "*"],
        }
        return fixed.get(kind) or self._template_names(kind)

    def _template_names(self, kind: str) -> list[str]:
        """Return the patterns of the names that the template gives to a kind, or that CloudFormation generates."""
        prefix = self.project.prefix
        type_name, key = self.permissions["names"][kind]
        found: set[str] = set()
        for title, properties in self._of_type(type_name):
            if isinstance(name := properties.get(key), str):
                head, named, tail = name.partition(prefix)
                found.add(f"{head}{named}{tail[:1]}*" if tail else name)
            else:
                # Some types get a name without the stack's: it begins with the logical id.
                found |= {_generated(prefix), f"*{re.split('(?=[A-Z])', title)[-1]}-*"}
        found |= self._given_clusters if kind.startswith("ecs:") and type_name.endswith("Cluster") else set()
        names = sorted(found) or [f"{prefix}-*"]
        return [f"{name}/*" if kind in BELOW and not name.endswith("*") else name for name in names]

    @cached_property
    def _given_clusters(self) -> set[str]:
        return {job.cluster.rpartition("/")[2] for job in self.project.jobs.values() if job.cluster is not None}

    @cached_property
    def _given_arns(self) -> list[str]:
        """The roles, topics and queues of others that the job file names."""
        roles = [job.roles for job in self.project.jobs.values()]
        named = [role for each in roles for role in (each.execution, each.task, each.machine)]
        named += [arn for each in self.project.channels.values() for arn in (each.sns, each.sqs)]
        return sorted({each for each in named if each})

    @cached_property
    def _role_paths(self) -> list[str]:
        return sorted({self._text(each.get("Path", "/")).lstrip("/") for _, each in self._of_type(ROLE)})

    @property
    def _bucket(self) -> str:
        return self.project.aws.bucket or f"lamplighter-{self._account}-{self.project.aws.region or '*'}"

    @property
    def _account(self) -> str:
        return self.project.aws.account or "*"

    @property
    def _partition(self) -> str:
        region = self.project.aws.region or ""
        return {"cn": "aws-cn", "us-gov": "aws-us-gov"}.get(region.rpartition("-")[0].rpartition("-")[0], "aws")

    def _of_type(self, name: str) -> list[tuple[str, Json]]:
        found = self.template["Resources"].items()
        return [(title, each.get("Properties", {})) for title, each in found if each["Type"] == name]

    def _text(self, value: Json) -> str:
        """Return a text of the template with the account and the partition in their places."""
        text = str(value["Fn::Sub"] if isinstance(value, dict) else value)
        return text.replace("${AWS::AccountId}", self._account).replace("${AWS::Partition}", self._partition)


def _generated(prefix: str) -> str:
    """Return the pattern of names that CloudFormation generates in a stack and in its nested stacks."""
    return f"{prefix}-*" if len(prefix) <= KEPT_NAME else f"{prefix[:KEPT_NAME]}*"
