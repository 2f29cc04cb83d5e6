"""Find the services that the policies of topics and queues refuse although the template's policies allow them.

A rule, a subscription or an alarm whose message is refused reports nothing. The policies are read from AWS and judged
by the evaluator of IAM's policies (`lang/iam_policy`): each statement of the template's policy must still be allowed.
A statement that denies something to everybody also keeps the machines of the project from publishing.
"""

from collections.abc import Iterator, Mapping

from lamplighter.base.group_items import group_items
from lamplighter.base.json_text import Json, loads_or
from lamplighter.cli.deployed.deployment import Deployment
from lamplighter.cli.deployed.recipients import describe_receiver
from lamplighter.cli.deployed.switched_off import RESTORE
from lamplighter.cli.deployed.waiting_messages import queue_attributes
from lamplighter.cli.doctor.finding import Finding, bad
from lamplighter.lang.iam_policy.evaluate import Effect, compile_policy, decide_for_principal
from lamplighter.lang.iam_policy.principals import Principal


def check_senders(deployment: Deployment) -> Iterator[Finding]:
    """Report the services that may not send to a topic or a queue of the stack any more."""
    policies = [each for each in deployment.resources.values() if each.type.endswith(("TopicPolicy", "QueuePolicy"))]
    statements = [each for policy in policies for each in policy.properties["PolicyDocument"]["Statement"]]
    for arn, wanted in group_items(statements, lambda each: str(each["Resource"])).items():
        yield from _check(deployment, arn, wanted)


def _check(deployment: Deployment, arn: str, wanted: list[Json]) -> Iterator[Finding]:
    policy = compile_policy(loads_or(_read_policy(deployment, arn), {"Statement": []}))
    about = describe_receiver(deployment, arn)
    for each in wanted:
        service, action = each["Principal"]["Service"], each["Action"].lower()
        effect = decide_for_principal(policy, Principal(service=service), action, arn, _example(each))
        if effect is not Effect.ALLOW:
            yield bad(about, f"its policy refuses what {service} sends", RESTORE)
    own = Principal(arns=(deployment.arn("iam", "role/any"),), account=arn.split(":")[4])
    if decide_for_principal(policy, own, wanted[0]["Action"].lower(), arn, {}) is Effect.EXPLICIT_DENY:
        yield bad(about, "its policy refuses what the machines of this account send", RESTORE)


def _read_policy(deployment: Deployment, arn: str) -> str:
    if arn.split(":")[2] == "sqs":
        return str(queue_attributes(deployment, arn.rpartition(":")[2]).get("Policy", ""))
    return str(deployment.call("sns", "get_topic_attributes", TopicArn=arn).get("Attributes", {}).get("Policy", ""))


def _example(statement: Json) -> Mapping[str, str]:
    """Return the context of a request for which a statement was written; the names of the keys are in lower case."""
    pairs = (pair for keys in statement.get("Condition", {}).values() for pair in keys.items())
    return {key.lower(): value.replace("*", "any") for key, value in pairs}
