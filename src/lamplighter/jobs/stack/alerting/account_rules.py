"""Apply to the resources of a template what an account requires of all of them: tags, limits of roles, KMS keys.

This is one pass over the finished resources, so that no builder can forget it. Guarantees that a role which sends to or
receives from something encrypted may use its key, and no other role may. KEY_USERS lists the services that the policy
of a key has to allow, because a template cannot change the policy of a key that exists. See
https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html,
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-key-management.html and
https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html.
"""

from collections.abc import Iterator, Mapping

from lamplighter.base.json_text import Json
from lamplighter.jobs.file.aws_settings import AwsSettings, KmsKeys
from lamplighter.jobs.file.model import Project
from lamplighter.jobs.stack.arns import sub_if_needed
from lamplighter.jobs.stack.nested_stacks import resource_owners
from lamplighter.jobs.stack.policies import allow
from lamplighter.jobs.stack.resources import properties, tag_list

ROLE, QUEUE = "AWS::IAM::Role", "AWS::SQS::Queue"
TAGGED_BY_MAP = ("AWS::Pipes::Pipe",)
TAGGED = (
    *("AWS::CloudWatch::Alarm", "AWS::EC2::InternetGateway", "AWS::EC2::RouteTable", "AWS::EC2::SecurityGroup"),
    *("AWS::EC2::Subnet", "AWS::EC2::VPC", "AWS::ECS::Cluster", "AWS::ECS::TaskDefinition", "AWS::Events::Rule"),
    *(ROLE, "AWS::Logs::LogGroup", "AWS::SNS::Topic", QUEUE, "AWS::Scheduler::ScheduleGroup"),
    *("AWS::StepFunctions::StateMachine", *TAGGED_BY_MAP),
)
"""The types that take tags; a schedule has those of its group. A test compares them with AWS's schemas."""
KEY_PROPERTIES: Mapping[str, tuple[str, str]] = {
    "AWS::Logs::LogGroup": ("KmsKeyId", "logs"),
    "AWS::SNS::Topic": ("KmsMasterKeyId", "topics"),
    QUEUE: ("KmsMasterKeyId", "queues"),
}
"""For each type that is encrypted: the property with the key, and the kind of key."""
SEND, RECEIVE = ["kms:Decrypt", "kms:GenerateDataKey"], ["kms:Decrypt"]
KEY_ACTIONS: Mapping[str, tuple[str, list[str]]] = {
    "sns:Publish": ("topics", SEND),
    "sqs:SendMessage": ("queues", SEND),
    "sqs:ReceiveMessage": ("queues", RECEIVE),
}
"""For each action on something encrypted: the kind of key, and the actions of KMS that it needs."""
KEY_USERS: Mapping[str, tuple[str, ...]] = {
    "logs": ("logs.REGION.amazonaws.com",),
    "topics": ("cloudwatch.amazonaws.com", "events.amazonaws.com"),
    "queues": ("events.amazonaws.com", "sns.amazonaws.com"),
}
"""The services that use a key themselves, by the kind of key."""


def apply_account_rules(resources: Mapping[str, Json], project: Project) -> dict[str, Json]:
    """Return the resources as the settings of an account require, each with the tags of the job that it belongs to."""
    owners = resource_owners({"Resources": resources})
    tags = {title: {**project.aws.tags, **project.jobs[job].tags} for title, job in owners.items()}
    return {
        title: {**each, "Properties": each["Properties"] | _required(each, project.aws, tags.get(title))}
        for title, each in resources.items()
    }


def _required(resource: Json, aws: AwsSettings, own_tags: Mapping[str, str] | None) -> dict[str, Json]:
    """Return the properties that the account requires; `own_tags` are those of a resource that belongs to a job."""
    kind, given = resource["Type"], resource["Properties"]
    tags = aws.tags if own_tags is None else own_tags
    named, key = KEY_PROPERTIES.get(kind, ("", ""))
    return {
        **(_tags(kind, given, tags) if tags and kind in TAGGED else {}),
        **(_role_properties(given, aws) if kind == ROLE else {}),
        **_encryption(kind, named, getattr(aws.kms, key) if key else None),
    }


def _tags(kind: str, given: Json, tags: Mapping[str, str]) -> dict[str, Json]:
    """Return the tags of a resource: its own win."""
    if kind in TAGGED_BY_MAP:
        return {"Tags": {**tags, **given.get("Tags", {})}}
    own = {each["Key"]: each["Value"] for each in given.get("Tags", ())}
    return {"Tags": tag_list({**tags, **own})}


def _role_properties(given: Json, aws: AwsSettings) -> dict[str, Json]:
    policies = [
        {
            **each,
            "PolicyDocument": {
                **each["PolicyDocument"],
                "Statement": [*statements, *_key_statements(statements, aws.kms)],
            },
        }
        for each in given.get("Policies", ())
        for statements in [each["PolicyDocument"]["Statement"]]
    ]
    return properties(
        Path=aws.role_path,
        PermissionsBoundary=None if aws.boundary is None else sub_if_needed(policy_arn(aws.boundary)),
        Policies=policies or None,
    )


def policy_arn(policy: str) -> str:
    """Return the ARN of a managed policy by its name or ARN, with placeholders of CloudFormation."""
    return policy if policy.startswith("arn:") else f"arn:${{AWS::Partition}}:iam::${{AWS::AccountId}}:policy/{policy}"


def _key_statements(statements: list[Json], keys: KmsKeys) -> Iterator[Json]:
    """Yield the statements for the keys of what a role sends to or receives from, if the stack has it.

    A topic or queue of another stack, which a statement names by its ARN, has a key of its own, or none.
    """
    for action, (kind, needed) in KEY_ACTIONS.items():
        used = [each["Resource"] for each in statements if action in each["Action"]]
        if (key := getattr(keys, kind)) and any(isinstance(each, dict) for resources in used for each in resources):
            yield allow(needed, [key])


def _encryption(kind: str, named: str, key: str | None) -> dict[str, Json]:
    if key is None:
        return {}
    # SQS encrypts with its own key or with that of a user, and refuses both.
    return {named: key, **({"SqsManagedSseEnabled": False} if kind == QUEUE else {})}
