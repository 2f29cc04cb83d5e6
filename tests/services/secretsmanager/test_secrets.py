"""Secrets Manager as boto3 uses it."""

import re
from pathlib import Path

import pytest

from lamplighter.base.json_text import Json
from tests.engine_harness import CALLER, DAY, EngineHarness
from tests.served_engine import EngineAccount, ServedEngine
from tests.services.refused_calls import refused


def test_a_secret_is_found_by_name_and_by_both_forms_of_its_arn(account: EngineAccount, secrets: Json) -> None:
    made = secrets.create_secret(Name="app/db", SecretString='{"user":"me"}', Description="the database")
    arn = f"arn:aws:secretsmanager:us-east-1:{account.account_id}:secret:app/db"
    assert re.fullmatch(re.escape(arn) + "-[a-zA-Z0-9]{6}", made["ARN"])
    for name in ("app/db", made["ARN"], arn):
        found = secrets.get_secret_value(SecretId=name)
        assert (found["SecretString"], found["VersionId"]) == ('{"user":"me"}', made["VersionId"])
    assert found["VersionStages"] == ["AWSCURRENT"]
    assert refused(secrets.get_secret_value, SecretId="none") == "ResourceNotFoundException"
    assert refused(secrets.create_secret, Name="app/db", SecretString="x") == "ResourceExistsException"


def test_a_binary_secret_comes_back_as_bytes(secrets: Json) -> None:
    secrets.create_secret(Name="key", SecretBinary=b"\x00\xff")
    assert secrets.get_secret_value(SecretId="key")["SecretBinary"] == b"\x00\xff"


def test_a_new_value_is_current_and_the_old_one_previous(secrets: Json) -> None:
    first = secrets.create_secret(Name="s", SecretString="1")["VersionId"]
    token = "0" * 32
    second = secrets.put_secret_value(SecretId="s", SecretString="2", ClientRequestToken=token)["VersionId"]
    assert second == token
    secrets.put_secret_value(SecretId="s", SecretString="2", ClientRequestToken=token)  # the same again
    other = {"SecretId": "s", "SecretString": "3", "ClientRequestToken": token}
    assert refused(secrets.put_secret_value, **other) == "ResourceExistsException"
    assert secrets.get_secret_value(SecretId="s")["SecretString"] == "2"
    assert secrets.get_secret_value(SecretId="s", VersionStage="AWSPREVIOUS")["SecretString"] == "1"
    assert secrets.get_secret_value(SecretId="s", VersionId=first)["VersionStages"] == ["AWSPREVIOUS"]
    secrets.update_secret(SecretId="s", SecretString="3")
    stages = secrets.describe_secret(SecretId="s")["VersionIdsToStages"]
    assert (stages[second], len(stages)) == (["AWSPREVIOUS"], 2)
    back = {"VersionStage": "AWSCURRENT", "MoveToVersionId": second}
    assert refused(secrets.update_secret_version_stage, SecretId="s", **back) == "InvalidParameterException"
    current = next(each for each, names in stages.items() if "AWSCURRENT" in names)
    secrets.update_secret_version_stage(SecretId="s", **back, RemoveFromVersionId=current)
    assert secrets.get_secret_value(SecretId="s")["SecretString"] == "2"
    assert secrets.get_secret_value(SecretId="s", VersionStage="AWSPREVIOUS")["SecretString"] == "3"


def test_a_deleted_secret_can_be_restored_within_its_window(secrets: Json) -> None:
    secrets.create_secret(Name="s", SecretString="1")
    secrets.delete_secret(SecretId="s", RecoveryWindowInDays=7)
    assert refused(secrets.get_secret_value, SecretId="s") == "InvalidRequestException"
    assert refused(secrets.create_secret, Name="s", SecretString="2") == "InvalidRequestException"
    assert secrets.list_secrets()["SecretList"] == []
    secrets.restore_secret(SecretId="s")
    assert secrets.get_secret_value(SecretId="s")["SecretString"] == "1"
    secrets.delete_secret(SecretId="s", ForceDeleteWithoutRecovery=True)
    assert refused(secrets.describe_secret, SecretId="s") == "ResourceNotFoundException"
    assert refused(secrets.delete_secret, SecretId="s", RecoveryWindowInDays=3) == "InvalidParameterException"


def test_lists_and_batches_follow_filters_and_pages(secrets: Json) -> None:
    for name in ("a/1", "a/2", "b"):
        secrets.create_secret(Name=name, SecretString=name, Tags=[{"Key": "team", "Value": name[0]}])
    pages = secrets.get_paginator("list_secrets").paginate(
        SortBy="name", SortOrder="asc", PaginationConfig={"PageSize": 1}
    )
    assert [each["Name"] for page in pages for each in page["SecretList"]] == ["a/1", "a/2", "b"]
    found = secrets.list_secrets(Filters=[{"Key": "tag-value", "Values": ["a"]}])["SecretList"]
    assert {each["Name"] for each in found} == {"a/1", "a/2"}
    batch = secrets.batch_get_secret_value(SecretIdList=["b", "none"])
    assert [each["SecretString"] for each in batch["SecretValues"]] == ["b"]
    assert [each["ErrorCode"] for each in batch["Errors"]] == ["ResourceNotFoundException"]
    batch = secrets.batch_get_secret_value(Filters=[{"Key": "name", "Values": ["a/"]}])
    assert [each["SecretString"] for each in batch["SecretValues"]] == ["a/1", "a/2"]


def test_a_random_password_has_what_was_asked_for(secrets: Json) -> None:
    made = secrets.get_random_password(PasswordLength=20, ExcludePunctuation=True, ExcludeCharacters="abc")
    assert re.fullmatch("[d-zA-Z0-9]{20}", made["RandomPassword"])
    assert re.search(r"\d", made["RandomPassword"])
    all_kinds = {f"Exclude{kind}": True for kind in ("Lowercase", "Uppercase", "Numbers", "Punctuation")}
    assert refused(secrets.get_random_password, **all_kinds) == "InvalidParameterException"


def test_tags_and_the_policy_are_kept(secrets: Json) -> None:
    secrets.create_secret(Name="s", Tags=[{"Key": "a", "Value": "1"}])
    secrets.tag_resource(SecretId="s", Tags=[{"Key": "b", "Value": "2"}])
    secrets.untag_resource(SecretId="s", TagKeys=["a"])
    assert secrets.describe_secret(SecretId="s")["Tags"] == [{"Key": "b", "Value": "2"}]
    assert refused(secrets.get_secret_value, SecretId="s") == "ResourceNotFoundException"
    policy = '{"Version":"2012-10-17","Statement":[]}'
    secrets.put_resource_policy(SecretId="s", ResourcePolicy=policy)
    assert secrets.get_resource_policy(SecretId="s")["ResourcePolicy"] == policy
    assert refused(secrets.put_resource_policy, SecretId="s", ResourcePolicy="no") == "MalformedPolicyDocumentException"


def test_a_secret_is_gone_after_its_recovery_window(tmp_path: Path) -> None:
    with EngineHarness.running(tmp_path) as harness:

        def call(operation: str, **params: Json) -> Json:
            return harness.run(harness.engine.call(CALLER, "secretsmanager", operation, params))

        call("CreateSecret", Name="s", SecretString="1")
        call("DeleteSecret", SecretId="s", RecoveryWindowInDays=7)
        harness.advance(7 * DAY - 1000)
        assert len(call("ListSecrets", IncludePlannedDeletion=True)["SecretList"]) == 1
        harness.advance(2000)
        assert call("ListSecrets", IncludePlannedDeletion=True)["SecretList"] == []


def test_a_value_is_encrypted_on_disk_and_readable_after_a_kill(served: ServedEngine) -> None:
    served.client("secretsmanager").create_secret(Name="s", SecretString="a-very-secret-password")
    served.kill()
    for path in served.data.rglob("*"):
        assert not path.is_file() or b"a-very-secret-password" not in path.read_bytes(), path
    served.up()
    found = served.client("secretsmanager").get_secret_value(SecretId="s")
    assert found["SecretString"] == "a-very-secret-password"


def test_a_version_has_at_most_twenty_labels(secrets: Json) -> None:
    """See https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_limits.html."""
    secrets.create_secret(Name="s", SecretString="1")
    labels = [f"label{number}" for number in range(20)]
    made = secrets.put_secret_value(SecretId="s", SecretString="2", VersionStages=labels)["VersionId"]
    move: Json = {"SecretId": "s", "VersionStage": "more", "MoveToVersionId": made}
    assert refused(secrets.update_secret_version_stage, **move) == "LimitExceededException"
    secrets.update_secret_version_stage(SecretId="s", VersionStage="label0", RemoveFromVersionId=made)
    secrets.update_secret_version_stage(**move)


def test_the_first_version_of_a_secret_is_current_whatever_its_labels(secrets: Json) -> None:
    secrets.create_secret(Name="s")
    made = secrets.put_secret_value(SecretId="s", SecretString="1", VersionStages=["AWSPENDING"])
    assert sorted(made["VersionStages"]) == ["AWSCURRENT", "AWSPENDING"]
    assert secrets.get_secret_value(SecretId="s")["SecretString"] == "1"


def test_a_label_is_moved_or_removed(secrets: Json) -> None:
    secrets.create_secret(Name="s", SecretString="1")
    assert refused(secrets.update_secret_version_stage, SecretId="s", VersionStage="x") == "InvalidParameterException"


def test_a_secret_that_does_not_exist_is_deleted_by_force(account: EngineAccount, secrets: Json) -> None:
    """A script that cleans up may run twice."""
    made = secrets.create_secret(Name="s", SecretString="1")
    for name in ("s", "s", made["ARN"]):
        assert secrets.delete_secret(SecretId=name, ForceDeleteWithoutRecovery=True)["Name"] == "s"
    arn = f"arn:aws:secretsmanager:us-east-1:{account.account_id}:secret:none"
    assert secrets.delete_secret(SecretId="none", ForceDeleteWithoutRecovery=True)["ARN"] == arn
    assert refused(secrets.delete_secret, SecretId="none") == "ResourceNotFoundException"


@pytest.mark.parametrize("principal", ['"*"', '{"AWS": "*"}', '{"AWS": ["*"]}'])
def test_a_policy_for_everyone_is_refused_if_the_caller_asks_for_that(secrets: Json, principal: str) -> None:
    secrets.create_secret(Name="s", SecretString="1")
    statement = f'{{"Effect": "Allow", "Principal": {principal}, "Action": "*", "Resource": "*"}}'
    params: Json = {"SecretId": "s", "ResourcePolicy": f'{{"Version": "2012-10-17", "Statement": [{statement}]}}'}
    assert refused(secrets.put_resource_policy, **params, BlockPublicPolicy=True) == "PublicPolicyException"
    secrets.put_resource_policy(**params)


def test_a_secret_without_tags_has_no_member_for_them_and_each_version_names_its_key(secrets: Json) -> None:
    secrets.create_secret(Name="plain", SecretString="1")
    secrets.create_secret(Name="keyed", SecretString="1", KmsKeyId="alias/own", Tags=[{"Key": "a", "Value": "1"}])
    assert "Tags" not in secrets.describe_secret(SecretId="plain")
    assert ["Tags" in each for each in secrets.list_secrets(SortBy="name", SortOrder="asc")["SecretList"]] == [
        True,
        False,
    ]
    keys = [secrets.list_secret_version_ids(SecretId=name)["Versions"][0]["KmsKeyIds"] for name in ("plain", "keyed")]
    assert keys == [["DefaultEncryptionKey"], ["alias/own"]]


@pytest.mark.parametrize("force", [True, False])
def test_a_secret_that_is_deleted_must_have_a_possible_name(secrets: Json, force: bool) -> None:
    wanted = {"SecretId": "no name", "ForceDeleteWithoutRecovery": force}
    assert refused(secrets.delete_secret, **wanted) == "InvalidParameterException"
