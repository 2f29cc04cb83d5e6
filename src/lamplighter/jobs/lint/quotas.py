"""Report which quotas of AWS the stack of a project reaches, and by how much.

CloudFormation's limits of a template are fixed. The other quotas are an account's defaults, which AWS raises on request
and which other projects share, so they are warnings. See
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html,
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html and
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from lamplighter.base.json_text import Json
from lamplighter.jobs.file.parsing.yaml_document import Severity
from lamplighter.jobs.iam.check_roles import MAX_POLICY_CHARACTERS
from lamplighter.jobs.iam.resolve_template import ResolvedStack
from lamplighter.jobs.stack.alerting.alert_check import ALERT_CHECK_RULE
from lamplighter.jobs.stack.nested_stacks import resource_owners, split_template
from lamplighter.jobs.stack.template import to_compact_json
from lamplighter.lang.template.template import MAX_OUTPUTS, MAX_PARAMETERS, MAX_RESOURCES, MAX_TEMPLATE_BYTES

MAX_DYNAMIC_REFERENCES = 60
MAX_TARGET_INPUT = 8_192
"""The most characters of a target's input:
https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_Target.html"""
NETWORK_ADDRESSES = 246
"""The addresses of the two subnets that a stack makes: AWS keeps five of each."""
QuotaFinding = tuple[Severity, str, str]
"""The severity, the problem, and what to write instead."""


@dataclass(frozen=True, slots=True)
class AccountQuota:
    """A default quota of an account and a region."""

    type: str
    what: str
    most: int
    fewest: int
    """The quota of the regions that have the smallest."""


ACCOUNT_QUOTAS = (
    AccountQuota("AWS::Events::Rule", "rules of EventBridge", 300, 100),
    AccountQuota("AWS::IAM::Role", "roles", 1_000, 1_000),
    AccountQuota("AWS::CloudWatch::Alarm", "alarms", 5_000, 5_000),
    AccountQuota("AWS::Events::ApiDestination", "API destinations", 3_000, 3_000),
)


def quota_findings(document: Json) -> Iterator[QuotaFinding]:
    """Yield the quotas that the template of a project reaches."""
    split = split_template(document)
    for each in (split.root, *split.nested.values()):
        yield from _template_findings(each)
    yield from _channel_findings(document)
    types = Counter(each["Type"] for each in document["Resources"].values())
    for quota in ACCOUNT_QUOTAS:
        count = types[quota.type]
        if count > quota.most:
            message = f"the stack has {count:,} {quota.what}, and an account has {quota.most:,} unless AWS raises that"
            yield "warning", message, "ask AWS for a higher quota, or split the project in two"
        elif count > quota.fewest:
            message = f"the stack has {count:,} {quota.what}, and some regions allow {quota.fewest:,} by default"
            yield "warning", message, "look at the quota of your region in Service Quotas"
    tasks = types["AWS::ECS::TaskDefinition"]
    if types["AWS::EC2::VPC"] and tasks > NETWORK_ADDRESSES:
        message = f"{tasks} jobs share a network with {NETWORK_ADDRESSES} addresses: so many tasks can run at once"
        yield "warning", message, "name larger subnets: network: {subnets: [subnet-…]} in `defaults`"


def _channel_findings(document: Json) -> Iterator[QuotaFinding]:
    """Yield what names all channels and becomes too long: the policies that jobs share, and the inputs of rules."""
    stack, owners = ResolvedStack(document, {}), resource_owners(document)
    for title, each in document["Resources"].items():
        if each["Type"] == "AWS::IAM::Role" and title not in owners:
            found, most, what = len(to_compact_json(stack.statements(title))), MAX_POLICY_CHARACTERS, "policy"
        elif title == ALERT_CHECK_RULE:
            found, most, what = len(stack.properties(title)["Targets"][0]["Input"]), MAX_TARGET_INPUT, "input"
        else:
            continue
        if found > most:
            message = f"the {what} of {title} has {found:,} characters, and AWS allows {most:,}"
            yield "error", message, "use fewer channels or shorter names, or split the project in two"


def _template_findings(document: Json) -> Iterator[QuotaFinding]:
    text = to_compact_json(document)
    counts = [
        ("resources", len(document["Resources"]), MAX_RESOURCES),
        ("outputs", len(document.get("Outputs", {})), MAX_OUTPUTS),
        ("parameters", len(document.get("Parameters", {})), MAX_PARAMETERS),
        ("bytes", len(text), MAX_TEMPLATE_BYTES),
        ("references to secrets", text.count("{{resolve:"), MAX_DYNAMIC_REFERENCES),
    ]
    for what, found, most in counts:
        if found > most:
            yield "error", f"the stack has {found:,} {what}, and AWS allows {most:,}", "split the project in two"
