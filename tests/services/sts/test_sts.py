"""STS over HTTP: who calls, and temporary credentials, which the gate accepts until they expire."""

import json
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import ClientError
from botocore.httpsession import URLLib3Session

from lamplighter.base.json_text import Json
from tests.served_engine import ACCOUNT, REGION, ServedEngine

KEY, SECRET = "LAMPFIRST", "a-secret"
CREDENTIALS = f"""[default]
aws_access_key_id = {KEY}
aws_secret_access_key = {SECRET}
[ann]
aws_access_key_id = LAMPANN
aws_secret_access_key = anns-secret
lamplighter_role = look
"""
TRUST = {"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": ["sts:AssumeRole", "sts:TagSession"]}


@pytest.fixture
def guarded(tmp_path: Path, own_port: int) -> Iterator[ServedEngine]:
    """An engine that enforces IAM, and whose credentials file has two keys."""
    file = tmp_path / "credentials"
    file.write_text(CREDENTIALS)
    engine = ServedEngine(tmp_path / "data")
    engine.up_on(own_port, "--credentials", str(file), "--enforce-iam")
    yield engine
    engine.close()


def client(engine: ServedEngine, service: str, key: str = KEY, secret: str = SECRET, token: str | None = None) -> Json:
    return boto3.client(
        service,
        endpoint_url=engine.url,
        region_name=REGION,
        aws_access_key_id=key,
        aws_secret_access_key=secret,
        aws_session_token=token,
        config=Config(retries={"total_max_attempts": 1}),
    )


def assume(engine: ServedEngine, role: str, key: str = KEY, secret: str = SECRET, **params: Json) -> Json:
    found = client(engine, "sts", key, secret).assume_role(RoleArn=role, RoleSessionName="me", **params)
    return found["Credentials"]


def with_session(engine: ServedEngine, service: str, found: Json) -> Json:
    return client(engine, service, found["AccessKeyId"], found["SecretAccessKey"], found["SessionToken"])


def make_role(engine: ServedEngine, *statements: Json) -> str:
    iam = client(engine, "iam")
    document = {"Version": "2012-10-17", "Statement": [TRUST]}
    arn: str = iam.create_role(RoleName="deploy", AssumeRolePolicyDocument=json.dumps(document))["Role"]["Arn"]
    if statements:
        document = {"Version": "2012-10-17", "Statement": list(statements)}
        iam.put_role_policy(RoleName="deploy", PolicyName="p", PolicyDocument=json.dumps(document))
    return arn


def error_of(call: Json) -> tuple[str, int]:
    with pytest.raises(ClientError) as caught:
        call()
    return caught.value.response["Error"]["Code"], caught.value.response["ResponseMetadata"]["HTTPStatusCode"]


def test_each_caller_learns_who_it_is(guarded: ServedEngine) -> None:
    root = client(guarded, "sts").get_caller_identity()
    assert (root["UserId"], root["Arn"]) == (ACCOUNT, f"arn:aws:iam::{ACCOUNT}:root")
    assert client(guarded, "sts", "LAMPANN", "anns-secret").get_caller_identity()["Arn"].endswith(":user/ann")
    found = assume(guarded, make_role(guarded))
    session = with_session(guarded, "sts", found).get_caller_identity()
    assert session["Arn"] == f"arn:aws:sts::{ACCOUNT}:assumed-role/deploy/me"
    assert session["UserId"].startswith("AROA")
    assert session["UserId"].endswith(":me")


def test_temporary_credentials_may_do_what_their_role_may_and_survive_a_kill(guarded: ServedEngine) -> None:
    queue = f"arn:aws:sqs:{REGION}:{ACCOUNT}:letters"
    found = assume(guarded, make_role(guarded, {"Effect": "Allow", "Action": "sqs:CreateQueue", "Resource": queue}))
    sqs = with_session(guarded, "sqs", found)
    sqs.create_queue(QueueName="letters")
    with pytest.raises(ClientError, match="because no identity-based policy allows the sqs:createqueue action"):
        sqs.create_queue(QueueName="other")
    port = guarded.port
    guarded.kill()
    guarded.up_on(port, "--credentials", str(guarded.data.with_name("credentials")), "--enforce-iam")
    assert sqs.create_queue(QueueName="letters")["QueueUrl"].endswith("/letters")


def test_the_gate_refuses_forged_and_expired_credentials(guarded: ServedEngine) -> None:
    found = assume(guarded, make_role(guarded))
    forged = {**found, "SessionToken": found["SessionToken"][:-8] + "AAAAAAA="}
    assert error_of(with_session(guarded, "sts", forged).get_caller_identity) == ("InvalidClientTokenId", 403)
    wrong = {**found, "SecretAccessKey": "x" * 40}
    assert error_of(with_session(guarded, "sts", wrong).get_caller_identity) == ("SignatureDoesNotMatch", 403)
    other = {**found, "AccessKeyId": "ASIAAAAAAAAAAAAAAAAA"}
    assert error_of(with_session(guarded, "sts", other).get_caller_identity) == ("InvalidClientTokenId", 403)


def test_a_session_has_no_more_than_its_key_has_in_the_engine(guarded: ServedEngine) -> None:
    """A key that only looks cannot assume roles, so it cannot get a role's permissions."""
    role = make_role(guarded, {"Effect": "Allow", "Action": "*", "Resource": "*"})
    assert error_of(lambda: assume(guarded, role, "LAMPANN", "anns-secret"))[0] == "AccessDeniedException"


def test_a_session_policy_limits_a_session(guarded: ServedEngine) -> None:
    role = make_role(guarded, {"Effect": "Allow", "Action": "sqs:*", "Resource": "*"})
    limit = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sqs:List*", "Resource": "*"}]}
    sqs = with_session(guarded, "sqs", assume(guarded, role, Policy=json.dumps(limit)))
    sqs.list_queues()
    with pytest.raises(ClientError, match="because no session policy allows the sqs:createqueue action"):
        sqs.create_queue(QueueName="letters")


def test_roles_that_do_not_exist_or_do_not_trust_the_caller_are_not_assumed(guarded: ServedEngine) -> None:
    missing = f"arn:aws:iam::{ACCOUNT}:role/none"
    assert error_of(lambda: assume(guarded, missing)) == ("AccessDenied", 403)
    role = make_role(guarded)
    trust = {**TRUST, "Principal": {"Service": "ecs-tasks.amazonaws.com"}}
    client(guarded, "iam").update_assume_role_policy(
        RoleName="deploy", PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    )
    assert error_of(lambda: assume(guarded, role)) == ("AccessDenied", 403)


def test_a_trust_policy_may_require_an_external_id(guarded: ServedEngine) -> None:
    role = make_role(guarded)
    trust = {**TRUST, "Condition": {"StringEquals": {"sts:ExternalId": "agreed"}}}
    client(guarded, "iam").update_assume_role_policy(
        RoleName="deploy", PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    )
    assert error_of(lambda: assume(guarded, role)) == ("AccessDenied", 403)
    assume(guarded, role, ExternalId="agreed")


def test_a_session_without_a_role_stands_for_its_key(guarded: ServedEngine) -> None:
    found = client(guarded, "sts").get_session_token()["Credentials"]
    assert with_session(guarded, "sts", found).get_caller_identity()["Arn"].endswith(":root")
    with_session(guarded, "sqs", found).list_queues()
    assert error_of(with_session(guarded, "sts", found).get_session_token)[0] == "AccessDenied"


def test_the_other_operations_answer_as_on_aws(guarded: ServedEngine) -> None:
    sts = client(guarded, "sts")
    assert sts.get_access_key_info(AccessKeyId="ASIAIOSFODNN7EXAMPLE")["Account"] == ACCOUNT
    assert error_of(lambda: sts.decode_authorization_message(EncodedMessage="x"))[0] == (
        "InvalidAuthorizationMessageException"
    )
    role = make_role(guarded)
    long = error_of(lambda: assume(guarded, role, DurationSeconds=43_200))
    assert long == ("ValidationError", 400)


def test_temporary_credentials_do_not_open_the_engine_s_own_addresses(guarded: ServedEngine) -> None:
    found = client(guarded, "sts").get_session_token()["Credentials"]
    request = AWSRequest("POST", f"{guarded.url}/_lamplighter/acknowledge", data=b"{}")
    key = Credentials(found["AccessKeyId"], found["SecretAccessKey"], found["SessionToken"])
    SigV4Auth(key, "states", REGION).add_auth(request)
    response = URLLib3Session().send(request.prepare())
    assert (response.status_code, "temporary credentials" in response.text) == (403, True)


def tag(key: str, value: str = "v") -> Json:
    return {"Key": key, "Value": value}


def test_session_tags_are_checked(guarded: ServedEngine) -> None:
    role = make_role(guarded)

    def refused(**params: Json) -> tuple[str, int]:
        return error_of(lambda: assume(guarded, role, **params))

    assert refused(Tags=[tag("team"), tag("TEAM")]) == ("InvalidParameterValue", 400)
    assert refused(Tags=[tag("aws:team")]) == ("InvalidParameterValue", 400)
    assert refused(Tags=[tag("team")], TransitiveTagKeys=["other"]) == ("InvalidParameterValue", 400)


def test_a_chained_session_inherits_transitive_tags_and_cannot_override_them(guarded: ServedEngine) -> None:
    queue = f"arn:aws:sqs:{REGION}:{ACCOUNT}:${{aws:PrincipalTag/team}}"
    trust = {"Effect": "Allow", "Action": "sts:*", "Resource": "*"}
    role = make_role(guarded, trust, {"Effect": "Allow", "Action": "sqs:CreateQueue", "Resource": queue})
    first = assume(guarded, role, Tags=[tag("team", "night"), tag("rank")], TransitiveTagKeys=["Team"])
    chained = with_session(guarded, "sts", first)
    second = chained.assume_role(RoleArn=role, RoleSessionName="me", Tags=[tag("rank", "2")])["Credentials"]
    assert with_session(guarded, "sqs", second).create_queue(QueueName="night")["QueueUrl"].endswith("/night")
    third = with_session(guarded, "sts", second)
    for keys in ("team", "TEAM"):
        override = {"RoleArn": role, "RoleSessionName": "me", "Tags": [tag(keys, "day")]}
        assert error_of(lambda given=override: third.assume_role(**given)) == ("InvalidParameterValue", 400)


def test_a_secret_that_is_read_as_a_parameter_needs_its_own_permission(guarded: ServedEngine) -> None:
    client(guarded, "secretsmanager").create_secret(Name="key", SecretString="value")
    read = {"Effect": "Allow", "Action": "ssm:GetParameter", "Resource": "*"}
    session = assume(guarded, make_role(guarded, read))
    wanted = {"Name": "/aws/reference/secretsmanager/key", "WithDecryption": True}
    assert error_of(lambda: with_session(guarded, "ssm", session).get_parameter(**wanted))[0] == "AccessDeniedException"
    secret = {"Effect": "Allow", "Action": "secretsmanager:GetSecretValue", "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [read, secret]})
    client(guarded, "iam").put_role_policy(RoleName="deploy", PolicyName="p", PolicyDocument=document)
    assert with_session(guarded, "ssm", session).get_parameter(**wanted)["Parameter"]["Value"] == "value"
