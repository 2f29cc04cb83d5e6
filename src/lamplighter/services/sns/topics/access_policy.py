"""Store, return and change the access policy of a topic as AWS does, without enforcing it.

It decides only if the engine enforces IAM (`services/iam/access`). Otherwise it is stored so that a template that works
on AWS works here.
See https://docs.aws.amazon.com/sns/latest/dg/sns-access-policy-language-api-permissions-reference.html.
"""

from lamplighter.base.json_text import Json, dumps, loads, loads_unique
from lamplighter.services.sns.errors import InvalidParameter, NotFound
from lamplighter.services.sns.tables.topics import Topic

ACTIONS = (
    "GetTopicAttributes",
    "SetTopicAttributes",
    "AddPermission",
    "RemovePermission",
    "DeleteTopic",
    "Subscribe",
    "ListSubscriptionsByTopic",
    "Publish",
)
"""The actions that AWS lists as "Valid Amazon SNS policy actions" of a topic's owner."""


def default_policy(topic: Topic) -> str:
    """Return the policy that AWS gives a topic without a policy."""
    statement = {
        "Sid": "__default_statement_ID",
        "Effect": "Allow",
        "Principal": {"AWS": "*"},
        "Action": [f"SNS:{action}" for action in ACTIONS],
        "Resource": topic.arn,
        "Condition": {"StringEquals": {"AWS:SourceOwner": topic.account}},
    }
    return dumps({"Version": "2008-10-17", "Id": "__default_policy_ID", "Statement": [statement]})


def policy_of_topic(topic: Topic) -> str:
    """Return a topic's policy, or the default policy."""
    return topic.attributes.get("Policy") or default_policy(topic)


def check_policy(text: str) -> None:
    """Raise `InvalidParameter` for an invalid policy."""
    policy = loads_unique(text)
    if not isinstance(policy, dict) or "Statement" not in policy:
        raise InvalidParameter("Policy Error: null")
    if any(isinstance(each.get("Resource"), list) and len(each["Resource"]) != 1 for each in _statements(policy)):
        raise InvalidParameter("Policy statement must apply to a single resource!")


def add_statement(topic: Topic, label: str, accounts: list[str], actions: list[str]) -> str:
    """Return the topic's policy with another statement, which allows the actions to the accounts."""
    for account in accounts:
        if not (len(account) == 12 and account.isdigit()):
            raise InvalidParameter("AWSAccountId")
    for action in actions:
        if action not in {*ACTIONS, "Receive", "*"}:
            raise InvalidParameter("Policy statement action out of service scope!")
    policy, statements = _parse_policy(topic)
    if any(statement.get("Sid") == label for statement in statements):
        raise InvalidParameter("Statement already exists")
    principals = [f"arn:aws:iam::{account}:root" for account in accounts]
    added = {
        "Sid": label,
        "Effect": "Allow",
        "Principal": {"AWS": _unwrap_single(principals)},
        "Action": _unwrap_single([f"SNS:{action}" for action in actions]),
        "Resource": topic.arn,
    }
    return dumps(policy | {"Statement": [*statements, added]})


def remove_statement(topic: Topic, label: str) -> str:
    """Return the topic's policy without the statement of this label."""
    policy, statements = _parse_policy(topic)
    kept = [statement for statement in statements if statement.get("Sid") != label]
    if len(kept) == len(statements):
        raise NotFound("Statement does not exist")
    return dumps(policy | {"Statement": kept})


def _parse_policy(topic: Topic) -> tuple[Json, list[Json]]:
    policy = loads(policy_of_topic(topic))
    return policy, _statements(policy)


def _statements(policy: Json) -> list[Json]:
    found = policy["Statement"]
    return [each for each in (found if isinstance(found, list) else [found]) if isinstance(each, dict)]


def _unwrap_single(values: list[str]) -> Json:
    return values[0] if len(values) == 1 else values
