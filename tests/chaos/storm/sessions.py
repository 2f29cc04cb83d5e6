"""Temporary credentials of STS: those that were handed out are valid with every later engine."""

import random

import boto3
from botocore.exceptions import ClientError

from tests.chaos.storm.client_calls import ClientCalls
from tests.chaos.storm.ledger import Figures, Ledger, WorkItem
from tests.chaos.storm.registers.roles import TRUST
from tests.chaos.storm.resources import Resources
from tests.served_engine import ACCOUNT, REGION, ServedEngine

ROLE_NAME = "storm-session"
SECONDS = 43_200
"""Credentials are valid for longer than a storm."""


def assume_role(calls: ClientCalls, _resources: Resources, name: str, _rng: random.Random) -> None:
    """Assume a role."""
    given = {"RoleName": ROLE_NAME, "AssumeRolePolicyDocument": TRUST, "MaxSessionDuration": SECONDS}
    calls.repeat_unless("EntityAlreadyExists", "iam", "create_role", **given)
    role = f"arn:aws:iam::{ACCOUNT}:role/{ROLE_NAME}"
    answer = calls.repeat((), "sts", "assume_role", RoleArn=role, RoleSessionName=name, DurationSeconds=SECONDS)
    keys = answer["Credentials"]
    secret = f"{keys['AccessKeyId']} {keys['SecretAccessKey']} {keys['SessionToken']}"
    calls.ledger.record_acceptance(WorkItem("session", name), secret)


def check_sessions(served: ServedEngine, ledger: Ledger, figures: Figures) -> None:
    """Ask with the credentials of each session who they are."""
    for item, keys in ledger.accepted_items("session"):
        expected = f"arn:aws:sts::{ACCOUNT}:assumed-role/{ROLE_NAME}/{item.name}"
        try:
            client = boto3.client("sts", REGION, endpoint_url=served.url, **_credentials(keys))
            found = client.get_caller_identity()["Arn"]
        except ClientError as error:
            found = str(error)
        if found != expected:
            figures.lost.append(f"{item}: its credentials are those of {found}")


def _credentials(keys: str) -> dict[str, str]:
    names = ("aws_access_key_id", "aws_secret_access_key", "aws_session_token")
    return dict(zip(names, keys.split(), strict=True))
