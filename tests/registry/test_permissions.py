"""A push may do what the credentials may do with which its password was requested."""

import json
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from botocore.config import Config

from lamplighter.base.json_text import Json
from tests.registry.registry_client import MANIFEST, RegistryClient, basic, password_of
from tests.served_engine import ACCOUNT, REGION, ServedEngine
from tests.services.refused_calls import refused

KEYS = """[default]
aws_access_key_id = LAMPONE
aws_secret_access_key = first-secret
[ann]
aws_access_key_id = LAMPANN
aws_secret_access_key = anns-secret
lamplighter_role = look
"""
TRUST = {"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "sts:AssumeRole"}
LOGIN = {"Effect": "Allow", "Action": "ecr:GetAuthorizationToken", "Resource": "*"}
UPLOADS = "/v2/app/blobs/uploads/"


@pytest.fixture
def guarded(tmp_path: Path, own_port: int) -> Iterator[ServedEngine]:
    """Yield an engine that enforces IAM, and whose credentials file has two keys."""
    (tmp_path / "credentials").write_text(KEYS)
    engine = ServedEngine(tmp_path / "data")
    engine.up_on(own_port, "--credentials", str(tmp_path / "credentials"), "--enforce-iam")
    client(engine, "ecr").create_repository(repositoryName="app")
    yield engine
    engine.close()


def client(engine: ServedEngine, service: str, *keys: str) -> Json:
    key, secret, token = (*keys, "")[:3] if keys else ("LAMPONE", "first-secret", "")
    return boto3.client(
        service,
        endpoint_url=engine.url,
        region_name=REGION,
        aws_access_key_id=key,
        aws_secret_access_key=secret,
        aws_session_token=token or None,
        config=Config(retries={"total_max_attempts": 1}),
    )


def log_in(engine: ServedEngine, *keys: str) -> RegistryClient:
    return RegistryClient(engine.port, basic(password_of(client(engine, "ecr", *keys))))


def assume(engine: ServedEngine, *statements: Json) -> tuple[str, str, str]:
    """Return credentials of a role with these statements."""
    iam, version = client(engine, "iam"), {"Version": "2012-10-17"}
    trust = json.dumps({**version, "Statement": [TRUST]})
    role = iam.create_role(RoleName="push", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    policy = json.dumps({**version, "Statement": list(statements)})
    iam.put_role_policy(RoleName="push", PolicyName="p", PolicyDocument=policy)
    found = client(engine, "sts").assume_role(RoleArn=role, RoleSessionName="me")["Credentials"]
    return found["AccessKeyId"], found["SecretAccessKey"], found["SessionToken"]


def test_a_role_needs_the_actions_of_a_push_on_the_repository(guarded: ServedEngine) -> None:
    repository = f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/app"
    allowed = {"Effect": "Allow", "Action": "ecr:InitiateLayerUpload", "Resource": repository}
    registry = log_in(guarded, *assume(guarded, LOGIN, allowed))
    status, headers, _ = registry.send("POST", UPLOADS)
    assert status == 202
    assert registry.send("PATCH", headers["location"], b"layer")[::2] == (403, "DENIED")
    assert registry.send("PUT", "/v2/app/manifests/1", MANIFEST)[::2] == (403, "DENIED")
    client(guarded, "ecr").create_repository(repositoryName="other")
    assert registry.send("POST", "/v2/other/blobs/uploads/")[::2] == (403, "DENIED")


def test_a_policy_may_ask_for_the_address_of_the_machine_that_pushes(guarded: ServedEngine) -> None:
    here = {"IpAddress": {"aws:SourceIp": "127.0.0.0/8"}}
    allowed = {"Effect": "Allow", "Action": "ecr:InitiateLayerUpload", "Resource": "*", "Condition": here}
    assert log_in(guarded, *assume(guarded, LOGIN, allowed)).send("POST", UPLOADS)[0] == 202


def test_a_role_needs_the_action_of_a_login(guarded: ServedEngine) -> None:
    ecr = client(guarded, "ecr", *assume(guarded, {"Effect": "Allow", "Action": "ecr:Put*", "Resource": "*"}))
    assert refused(ecr.get_authorization_token) == "AccessDeniedException"


def test_a_key_that_only_looks_gets_no_password(guarded: ServedEngine) -> None:
    ecr = client(guarded, "ecr", "LAMPANN", "anns-secret")
    assert refused(ecr.get_authorization_token) == "AccessDeniedException"


def test_a_password_survives_a_kill_and_ends_with_its_key(guarded: ServedEngine) -> None:
    registry, file, port = log_in(guarded), guarded.data.with_name("credentials"), guarded.port
    assert registry.send("POST", UPLOADS)[0] == 202
    guarded.kill()
    guarded.up_on(port, "--credentials", str(file), "--enforce-iam")
    assert registry.send("POST", UPLOADS)[0] == 202
    guarded.kill()
    file.write_text(KEYS.replace("LAMPONE", "LAMPTWO"))
    guarded.up_on(port, "--credentials", str(file), "--enforce-iam")
    assert registry.send("POST", UPLOADS)[::2] == (401, "UNAUTHORIZED")
