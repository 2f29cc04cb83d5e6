"""Add and remove permissions, which are statements of a queue's policy.

The policy decides only if the engine enforces IAM (`services/iam/access/resource_policies.py`).

See https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_AddPermission.html.
"""

import re
from typing import TYPE_CHECKING

from lamplighter.base.json_text import Json, dumps, loads
from lamplighter.bus import Caller
from lamplighter.services.sqs.errors import MissingParameter, OverLimit, invalid_value
from lamplighter.services.sqs.queue_urls import find_queue
from lamplighter.services.sqs.tables import queues
from lamplighter.services.sqs.tables.queues import Queue
from lamplighter.store.db import Tx

if TYPE_CHECKING:
    from aws_types import sqs as aws

LABEL_PATTERN = re.compile(r"[A-Za-z0-9_-]{1,80}")
ACCOUNT_ID = re.compile(r"[0-9]{12}")
MAX_ACTIONS = 7
SHAREABLE_ACTIONS = (
    "*",
    "ChangeMessageVisibility",
    "DeleteMessage",
    "GetQueueAttributes",
    "GetQueueUrl",
    "ListDeadLetterSourceQueues",
    "PurgeQueue",
    "ReceiveMessage",
    "SendMessage",
)
"""Actions that an owner can share; for all others, "Cross-account permissions don't apply to this action"."""


def add_permission(tx: Tx, caller: Caller, params: "aws.AddPermissionInput") -> None:
    """Add a statement to the queue's policy (AddPermission)."""
    queue, label = find_queue(tx, caller, params["QueueUrl"]), _check_label(params["Label"])
    accounts, actions = params["AWSAccountIds"], params["Actions"]
    _check_lists(accounts, actions)
    policy = _policy(queue)
    if any(statement.get("Sid") == label for statement in policy["Statement"]):
        raise invalid_value(label, "Label", "Already exists.")
    statement = {
        "Sid": label,
        "Effect": "Allow",
        "Principal": {"AWS": _one_or_all([f"arn:aws:iam::{account}:root" for account in accounts])},
        "Action": _one_or_all([f"SQS:{action}" for action in actions]),
        "Resource": queue.arn,
    }
    _save_policy(tx, queue, policy | {"Statement": [*policy["Statement"], statement]})


def remove_permission(tx: Tx, caller: Caller, params: "aws.RemovePermissionInput") -> None:
    """Remove a statement from the queue's policy (RemovePermission)."""
    queue, label = find_queue(tx, caller, params["QueueUrl"]), params["Label"]
    policy = _policy(queue)
    left = [statement for statement in policy["Statement"] if statement.get("Sid") != label]
    if left == policy["Statement"]:
        raise invalid_value(label, "Label", "can't find label on existing policy.")
    _save_policy(tx, queue, policy | {"Statement": left})


def _save_policy(tx: Tx, queue: Queue, policy: Json) -> None:
    others = {name: value for name, value in queue.attributes.items() if name != "Policy"}
    kept = others | ({"Policy": dumps(policy)} if policy["Statement"] else {})
    queues.set_attributes(tx, queue.id, kept, queue.dead_letter, tx.now)


def _check_label(label: str) -> str:
    if not LABEL_PATTERN.fullmatch(label):
        reason = "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length."
        raise invalid_value(label, "Label", reason)
    return label


def _check_lists(accounts: list[str], actions: list[str]) -> None:
    if not accounts:
        raise MissingParameter("AWSAccountIds")
    if not actions:
        raise MissingParameter("Actions")
    if len(actions) > MAX_ACTIONS:
        raise OverLimit(f"{len(actions)} Actions were found, maximum allowed is {MAX_ACTIONS}.")
    for action in actions:
        if action not in SHAREABLE_ACTIONS:
            raise invalid_value(f"SQS:{action}", "ActionName", "Only the queue owner is allowed to invoke this action.")
    for account in accounts:
        if not ACCOUNT_ID.fullmatch(account):
            raise invalid_value(f"[{account}]", "PrincipalId", "Unable to verify.")


def _policy(queue: Queue) -> Json:
    """Return the queue's policy with its statements as a list; a policy may have one statement without a list."""
    empty = {"Version": "2008-10-17", "Id": f"{queue.arn}/SQSDefaultPolicy", "Statement": []}
    text = queue.attributes.get("Policy")
    policy = empty | (loads(text) if text else {})
    statements = policy["Statement"]
    listed = statements if isinstance(statements, list) else [statements]
    return policy | {"Statement": [each for each in listed if isinstance(each, dict)]}


def _one_or_all(values: list[str]) -> Json:
    return values[0] if len(values) == 1 else values
