"""Make `permissions.json`: which actions CloudFormation needs for each type of resource, and on what each action works.

`.venv/bin/python -m tests.jobs.iam.handler_permissions > src/lamplighter/jobs/iam/permissions.json` reads both from
cfn-lint (MIT-0), which contains AWS's resource provider schemas with the permissions of their handlers, and the Service
Authorization Reference. Left out is what the handlers need only for properties that no job file sets (`UNUSED`).
"""

import json
import re
from importlib.resources import files
from pathlib import Path

from lamplighter.base.json_text import Json
from lamplighter.jobs.iam.command_calls import DEPLOY_CALLS, READ_CALLS, list_actions

SOURCES = Path(__file__).parents[3] / "src" / "lamplighter"
TYPE = re.compile(r"AWS::\w+::\w+")
READS = re.compile(r"\w+:(Get|List|Describe)")
KINDS: dict[str, tuple[str, str, str]] = {
    "cloudformation:stack": ("stack/", "", ""),
    "cloudwatch:alarm": ("alarm:", "AWS::CloudWatch::Alarm", "AlarmName"),
    "ecr:repository": ("repository/", "", ""),
    "ecs:cluster": ("cluster/", "AWS::ECS::Cluster", "ClusterName"),
    "ecs:task": ("task/", "AWS::ECS::Cluster", "ClusterName"),
    "ecs:task-definition": ("task-definition/", "AWS::ECS::TaskDefinition", "Family"),
    "events:api-destination": ("api-destination/", "AWS::Events::ApiDestination", "Name"),
    "events:connection": ("connection/", "AWS::Events::Connection", "Name"),
    "events:rule-on-default-event-bus": ("rule/", "AWS::Events::Rule", "Name"),
    "iam:role": ("role/", "AWS::IAM::Role", "RoleName"),
    "logs:log-group": ("log-group:", "AWS::Logs::LogGroup", "LogGroupName"),
    "logs:log-stream": ("log-group:", "AWS::Logs::LogGroup", "LogGroupName"),
    "pipes:pipe": ("pipe/", "AWS::Pipes::Pipe", "Name"),
    "s3:bucket": ("", "", ""),
    "s3:object": ("/", "", ""),
    "scheduler:schedule": ("schedule/", "AWS::Scheduler::ScheduleGroup", "Name"),
    "scheduler:schedule-group": ("schedule-group/", "AWS::Scheduler::ScheduleGroup", "Name"),
    "secretsmanager:secret": ("secret:", "", ""),
    "sns:topic": ("", "AWS::SNS::Topic", "TopicName"),
    "sqs:queue": ("", "AWS::SQS::Queue", "QueueName"),
    "states:execution": ("execution:", "AWS::StepFunctions::StateMachine", "StateMachineName"),
    "states:maprun": ("mapRun:", "AWS::StepFunctions::StateMachine", "StateMachineName"),
    "states:statemachine": ("stateMachine:", "AWS::StepFunctions::StateMachine", "StateMachineName"),
}
"""For each resource type of the Service Authorization Reference that a project has: the beginning of the ARN's resource
part, and the type and the property of the template that state its names."""
FOREIGN = re.compile("iam:(PassRole|CreateServiceLinkedRole)|secretsmanager:(?!Get)")
"""What handlers need of other services. What they state of KMS, Firehose and others is for properties that no job file
sets."""
UNUSED = re.compile(
    r"logs:(CreateLogDelivery|(Put|Delete)ResourcePolicy|(Put|Delete)IndexPolicy|PutBearerToken\w*|PutDataProtection\w*)"
    r"|ecs:PutAccountSetting\w*|ec2:\w*(Vpn|VpcEncryption|VpcTenancy|CidrBlock)\w*|cloudformation:SetStackPolicy"
    r"|sns:PutDataProtectionPolicy|iam:AttachRolePolicy"
    r"|s3:(?!(Create|Delete)Bucket$|PutEncryption|PutBucketPublic|PutBucketVersioning|PutLifecycle"
    r"|PutBucketTagging|TagResource|UntagResource|(Put|Delete)BucketPolicy)\w+"
)
EVERYWHERE = {
    "cloudwatch:DescribeAlarms": "with a prefix, as `status` calls it, it names no alarm",
    "cloudformation:DescribeStacks": "without a name, as the console calls it, it works on all stacks",
    "sns:GetSubscriptionAttributes": "two versions of AWS's reference contradict each other: a topic, or no resource",
    "sns:SetSubscriptionAttributes": "the same",
    "sns:Unsubscribe": "the same",
}
"""Actions that are allowed on everything, although the reference names resources."""


def read_handlers() -> dict[str, Json]:
    """Return the permissions of the handlers of all types, by type."""
    resources = files("cfnlint.data.schemas.resources")
    schemas = [json.loads(each.read_text()) for each in resources.iterdir() if each.name.endswith(".json")]
    return {each["typeName"]: each["handlers"] for each in schemas if "handlers" in each}


def read_authorization() -> Json:
    """Return the Service Authorization Reference: the actions and resources of each service."""
    return json.loads((files("cfnlint.data.AdditionalSpecs") / "Policies.json").read_text())


def types_in_sources() -> list[str]:
    """Return all types of resources that the source of templates names."""
    texts = [
        path.read_text() for part in ("jobs/stack", "cli/deploy") for path in sorted((SOURCES / part).rglob("*.py"))
    ]
    return sorted({found for text in texts for found in TYPE.findall(text)})


def handler_actions(kind: str, handlers: Json, names: tuple[str, ...]) -> set[str]:
    """Return the actions that the named handlers of a type need for what job files use."""
    own = handlers["read" if "read" in handlers else "create"]["permissions"][0].partition(":")[0] + ":"
    own = {"AWS::ECS::TaskDefinition": "ecs:", "AWS::Events::Rule": "events:"}.get(kind, own)
    found = {each for name in names for each in handlers.get(name, {}).get("permissions", [])}
    is_connection = kind == "AWS::Events::Connection"
    return {
        each
        for each in found
        if (READS.match(each) or not UNUSED.fullmatch(each))
        and (each.startswith(own) or (FOREIGN.match(each) and (is_connection or each.startswith("iam:"))))
    }


def type_permissions(kind: str, handlers: Json) -> Json:
    """Return the actions that read a resource of a type, those that make it, and those that change what exists."""
    every = handler_actions(kind, handlers, ("create", "read", "update", "delete"))
    made = handler_actions(kind, handlers, ("create",))
    reads = {each for each in every if READS.match(each)}
    return {"make": sorted(made - reads), "change": sorted(every - reads - made), "read": sorted(reads)}


def kinds_of(action: str, authorization: Json) -> list[str]:
    """Return the kinds of resources on which an action works, among those that a project has; none for everything."""
    if action in EVERYWHERE:
        return []
    service, _, name = action.partition(":")
    named = authorization[service]["Actions"][name.lower()].get("Resources", [])
    return sorted({f"{service}:{KINDS[key][0]}" for each in named if (key := f"{service}:{each.lower()}") in KINDS})


def build_permissions() -> Json:
    """Return the whole document."""
    handlers, authorization = read_handlers(), read_authorization()
    types = {kind: type_permissions(kind, handlers[kind]) for kind in types_in_sources()}
    handled = {action for each in types.values() for actions in each.values() for action in actions}
    actions = sorted(handled | list_actions(READ_CALLS) | list_actions(DEPLOY_CALLS))
    return {
        "source": "AWS's resource provider schemas and Service Authorization Reference, in cfn-lint (MIT-0); made by "
        "tests/jobs/iam/handler_permissions.py",
        "names": {f"{key.partition(':')[0]}:{begin}": [kind, name] for key, (begin, kind, name) in KINDS.items()},
        "types": types,
        "actions": {each: kinds_of(each, authorization) for each in actions},
    }


if __name__ == "__main__":
    print(json.dumps(build_permissions(), indent=1))
