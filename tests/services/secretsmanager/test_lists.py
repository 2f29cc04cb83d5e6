"""Lists of secrets: filters, order, pages, batches; and the whole life of a secret.

https://docs.aws.amazon.com/secretsmanager/latest/userguide/manage_search-secret.html
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from lamplighter.base.json_text import Json
from tests.engine_harness import DAY, EngineHarness
from tests.served_engine import EngineAccount
from tests.services.refused_calls import refusal, refused

SECRETS: dict[str, tuple[str, dict[str, str]]] = {
    "app/db": ("The Größte database", {"team": "ops"}),
    "app/key": ("", {"Team": "dev", "stage": "prod"}),
    "b": ("Key of app", {}),
}


@pytest.fixture
def listed(secrets: Json) -> Json:
    """Return a client whose account has three secrets."""
    for name, (description, tags) in SECRETS.items():
        given = [{"Key": key, "Value": value} for key, value in tags.items()]
        described = {"Description": description} if description else {}
        secrets.create_secret(Name=name, SecretString=name, **described, **({"Tags": given} if given else {}))
    return secrets


def names(answer: Json) -> list[str]:
    return [each["Name"] for each in answer["SecretList"]]


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ([("name", ["app/"])], ["app/db", "app/key"]),
        ([("name", ["App"])], []),
        ([("name", ["db"])], []),
        ([("name", ["b", "app/k"])], ["app/key", "b"]),
        ([("name", ["!app/db"])], ["app/key", "b"]),
        ([("name", ["app/", "!app/db"])], ["app/key"]),
        ([("tag-key", ["team"])], ["app/db"]),
        ([("tag-key", ["t", "T"])], ["app/db", "app/key"]),
        ([("tag-value", ["pro"])], ["app/key"]),
        ([("tag-value", ["rod"])], []),
        ([("description", ["data"])], ["app/db"]),
        ([("description", ["THE data"])], ["app/db"]),
        ([("description", ["base"])], []),
        ([("all", ["key"])], ["app/key", "b"]),
        ([("all", ["ops"])], ["app/db"]),
        ([("all", ["APP"])], ["app/db", "app/key", "b"]),
        ([("name", ["app"]), ("tag-key", ["stage"])], ["app/key"]),
        ([("primary-region", ["us-east-1"])], []),
    ],
)
def test_filters_choose_what_all_of_them_want(listed: Json, filters: list[Json], found: list[str]) -> None:
    wanted = [{"Key": key, "Values": values} for key, values in filters]
    assert names(listed.list_secrets(Filters=wanted, SortBy="name", SortOrder="asc")) == found
    values = listed.batch_get_secret_value(Filters=wanted)["SecretValues"]
    assert [each["SecretString"] for each in values] == found


@pytest.mark.parametrize("order", ["asc", "desc"])
@pytest.mark.parametrize(
    ("key", "expected"),
    [("name", ["a", "b", "c"]), ("created-date", ["c", "a", "b"]), ("last-changed-date", ["a", "b", "c"])],
)
def test_a_list_has_the_order_that_was_asked_for(tmp_path: Path, key: str, expected: list[str], order: str) -> None:
    with EngineHarness.running(tmp_path) as harness:
        for name in "cab":
            harness.call("secretsmanager", "CreateSecret", Name=name, SecretString="1")
            harness.advance(1_000)
        harness.call("secretsmanager", "PutSecretValue", SecretId="c", SecretString="2")
        found = names(harness.call("secretsmanager", "ListSecrets", SortBy=key, SortOrder=order))
        assert found == (expected if order == "asc" else expected[::-1])
        newest_first = names(harness.call("secretsmanager", "ListSecrets"))
        assert newest_first == ["b", "a", "c"]


@pytest.mark.parametrize("order", ["asc", "desc"])
@pytest.mark.parametrize("key", ["name", "created-date", "last-changed-date"])
def test_a_page_begins_after_the_last_one_though_its_secret_is_gone(secrets: Json, key: str, order: str) -> None:
    expected = list("abcdef") if order == "asc" else list("fedcba")
    for name in "abcdef":
        secrets.create_secret(Name=name, SecretString="1")
    params: Json = {"SortBy": key, "SortOrder": order, "MaxResults": 2}
    first = secrets.list_secrets(**params)
    secrets.delete_secret(SecretId=names(first)[-1], ForceDeleteWithoutRecovery=True)
    second = secrets.list_secrets(**params, NextToken=first["NextToken"])
    third = secrets.list_secrets(**params, NextToken=second["NextToken"])
    assert names(first) + names(second) + names(third) == expected
    assert "NextToken" not in third


@pytest.mark.parametrize("token", ["größe", "x"])
def test_a_token_that_nobody_gave_is_refused(listed: Json, token: str) -> None:
    assert refusal(listed.list_secrets, NextToken=token) == ("InvalidNextTokenException", "Invalid NextToken.")
    batch: Json = {"Filters": [{"Key": "name", "Values": ["a"]}]}
    assert refused(listed.batch_get_secret_value, **batch, NextToken=token) == "InvalidNextTokenException"


def test_a_batch_has_twenty_secrets_on_a_page_and_leaves_out_what_has_no_value(secrets: Json) -> None:
    expected = [f"n{number:02}" for number in range(21)]
    for name in expected:
        secrets.create_secret(Name=name, SecretString=name)
    secrets.create_secret(Name="n-empty")
    secrets.create_secret(Name="n-deleted", SecretString="1")
    secrets.delete_secret(SecretId="n-deleted")
    wanted: Json = {"Filters": [{"Key": "name", "Values": ["n"]}]}
    first = secrets.batch_get_secret_value(**wanted)
    second = secrets.batch_get_secret_value(**wanted, NextToken=first["NextToken"])
    pages = [[each["Name"] for each in page["SecretValues"]] for page in (first, second)]
    assert pages == [expected[:20], expected[20:]]
    assert "NextToken" not in second
    assert refused(secrets.batch_get_secret_value, **wanted, MaxResults=21) == "ValidationException"


def test_a_batch_names_the_reason_for_each_secret_that_is_missing(listed: Json) -> None:
    listed.delete_secret(SecretId="b")
    answer = listed.batch_get_secret_value(SecretIdList=["app/db", "b", "größe"])
    assert [each["Name"] for each in answer["SecretValues"]] == ["app/db"]
    assert [(each["SecretId"], each["ErrorCode"], each["Message"]) for each in answer["Errors"]] == [
        ("b", "InvalidRequestException",
         "You can't perform this operation on the secret because it was marked for deletion."),
        ("größe", "ResourceNotFoundException", "Secrets Manager can't find the specified secret."),
    ]  # fmt: skip
    both: dict[str, Json] = {"SecretIdList": ["b"], "Filters": [{"Key": "name", "Values": ["b"]}]}
    for given in (both, dict[str, Json]()):
        assert refusal(listed.batch_get_secret_value, **given) == (
            "InvalidRequestException",
            "Either 'SecretIdList' or 'Filters' must be provided, but not both.",
        )


@pytest.mark.parametrize("name", ["a", "/_+=.@!-", "x" * 512, "a-abcdef"])
def test_a_name_that_aws_allows_comes_back_as_it_was_given(secrets: Json, name: str) -> None:
    made = secrets.create_secret(Name=name, SecretString="1")
    assert made["ARN"].rpartition("-")[0].endswith(f":secret:{name}")
    for wanted in (name, made["ARN"], made["ARN"].rpartition("-")[0]):
        assert secrets.get_secret_value(SecretId=wanted)["Name"] == name


@pytest.mark.parametrize("name", ["a b", "größe", "a:b", "a,b", "a\n"])
def test_another_name_is_refused_and_names_no_secret(secrets: Json, name: str) -> None:
    code, message = refusal(secrets.create_secret, Name=name, SecretString="1")
    assert code == "InvalidParameterException"
    assert message.startswith("Invalid name. Must be a valid name containing alphanumeric characters")
    assert names(secrets.list_secrets()) == []


@pytest.mark.parametrize("days", [6, 31, 0, -1])
def test_a_recovery_window_has_7_to_30_days(listed: Json, days: int) -> None:
    assert refusal(listed.delete_secret, SecretId="b", RecoveryWindowInDays=days) == (
        "InvalidParameterException",
        "The RecoveryWindowInDays value must be between 7 and 30 days (inclusive).",
    )
    assert listed.get_secret_value(SecretId="b")["SecretString"] == "b"


@pytest.mark.parametrize(
    ("given", "days"), [({}, 30), ({"RecoveryWindowInDays": 7}, 7), ({"RecoveryWindowInDays": 30}, 30)]
)
def test_a_secret_is_deleted_at_the_end_of_its_window(tmp_path: Path, given: Json, days: int) -> None:
    with EngineHarness.running(tmp_path) as harness:
        harness.call("secretsmanager", "CreateSecret", Name="s", SecretString="1")
        answer = harness.call("secretsmanager", "DeleteSecret", SecretId="s", **given)
        assert answer["DeletionDate"] * 1000 == harness.clock.now() + days * DAY
        described = harness.call("secretsmanager", "DescribeSecret", SecretId="s")
        assert described["DeletedDate"] == answer["DeletionDate"]
        harness.restart()
        harness.advance(days * DAY - 1)
        assert names(harness.call("secretsmanager", "ListSecrets", IncludePlannedDeletion=True)) == ["s"]
        harness.advance(1)
        assert names(harness.call("secretsmanager", "ListSecrets", IncludePlannedDeletion=True)) == []
        made = harness.call("secretsmanager", "CreateSecret", Name="s")
        assert made["ARN"] != answer["ARN"], "the next secret of this name has another ARN"


def test_a_secret_that_is_marked_for_deletion_takes_no_change(listed: Json) -> None:
    listed.delete_secret(SecretId="b")
    calls: list[tuple[Callable[..., Json], Json]] = [
        (listed.get_secret_value, {}),
        (listed.put_secret_value, {"SecretString": "1"}),
        (listed.update_secret, {"SecretString": "1"}),
        (listed.update_secret_version_stage, {"VersionStage": "x"}),
        (listed.tag_resource, {"Tags": [{"Key": "a", "Value": "1"}]}),
        (listed.untag_resource, {"TagKeys": ["a"]}),
        (listed.put_resource_policy, {"ResourcePolicy": "{}"}),
        (listed.get_resource_policy, {}),
        (listed.delete_resource_policy, {}),
        (listed.delete_secret, {}),
    ]
    for call, params in calls:
        assert refusal(call, SecretId="b", **params) == (
            "InvalidRequestException",
            "You can't perform this operation on the secret because it was marked for deletion.",
        )
    assert "DeletedDate" in listed.describe_secret(SecretId="b")
    assert len(listed.list_secret_version_ids(SecretId="b")["Versions"]) == 1
    for _ in range(2):
        listed.restore_secret(SecretId="b")
    assert "DeletedDate" not in listed.describe_secret(SecretId="b")
    assert listed.get_secret_value(SecretId="b")["SecretString"] == "b"


def test_every_operation_names_a_secret_that_is_not_there(secrets: Json) -> None:
    calls: list[tuple[Callable[..., Json], Json]] = [
        (secrets.describe_secret, {}),
        (secrets.get_secret_value, {}),
        (secrets.put_secret_value, {"SecretString": "1"}),
        (secrets.update_secret, {"SecretString": "1"}),
        (secrets.update_secret_version_stage, {"VersionStage": "x"}),
        (secrets.list_secret_version_ids, {}),
        (secrets.restore_secret, {}),
        (secrets.delete_secret, {}),
        (secrets.tag_resource, {"Tags": [{"Key": "a", "Value": "1"}]}),
        (secrets.untag_resource, {"TagKeys": ["a"]}),
        (secrets.put_resource_policy, {"ResourcePolicy": "{}"}),
        (secrets.get_resource_policy, {}),
        (secrets.delete_resource_policy, {}),
    ]
    for call, params in calls:
        assert refusal(call, SecretId="none", **params) == (
            "ResourceNotFoundException",
            "Secrets Manager can't find the specified secret.",
        )


def test_a_change_keeps_what_it_does_not_name(secrets: Json) -> None:
    secrets.create_secret(Name="s", SecretString="1", Description="größe", KmsKeyId="alias/own")
    secrets.update_secret(SecretId="s", Description="other")
    found = secrets.describe_secret(SecretId="s")
    assert (found["Description"], found["KmsKeyId"]) == ("other", "alias/own")
    assert "VersionId" not in secrets.update_secret(SecretId="s", Description="")
    assert "Description" not in secrets.describe_secret(SecretId="s")
    assert secrets.get_secret_value(SecretId="s")["SecretString"] == "1"


@pytest.mark.parametrize("text", ["", "[]", '"x"', "{", "{}", '{"Statement":1,"Statement":2}'])
def test_a_policy_that_is_none_is_refused(listed: Json, text: str) -> None:
    if text:
        assert refusal(listed.put_resource_policy, SecretId="b", ResourcePolicy=text) == (
            "MalformedPolicyDocumentException",
            "This resource policy contains invalid Json.",
        )
    assert "ResourcePolicy" not in listed.get_resource_policy(SecretId="b")


def test_a_policy_is_replaced_and_deleted(listed: Json) -> None:
    first, second = '{"Version":"2012-10-17","Statement":[]}', '{ "Statement": [] }'
    for text in (first, second, second):
        listed.put_resource_policy(SecretId="b", ResourcePolicy=text)
        assert listed.get_resource_policy(SecretId="b")["ResourcePolicy"] == text
    for _ in range(2):
        listed.delete_resource_policy(SecretId="b")
        assert "ResourcePolicy" not in listed.get_resource_policy(SecretId="b")


def test_a_secret_has_fifty_tags_at_most(listed: Json) -> None:
    def tags(*numbers: int) -> list[Json]:
        return [{"Key": f"k{number}", "Value": ""} for number in numbers]

    listed.tag_resource(SecretId="b", Tags=tags(*range(50)))
    listed.tag_resource(SecretId="b", Tags=[{"Key": "k0", "Value": "größe"}])
    assert refused(listed.tag_resource, SecretId="b", Tags=tags(50)) == "InvalidParameterException"
    for key in ("aws:x", "AWS:x"):
        reserved = [{"Key": key, "Value": "1"}]
        assert refused(listed.tag_resource, SecretId="b", Tags=reserved) == "InvalidParameterException"
    listed.untag_resource(SecretId="b", TagKeys=["k0", "none"])
    found = {each["Key"]: each["Value"] for each in listed.describe_secret(SecretId="b")["Tags"]}
    assert found == {f"k{number}": "" for number in range(1, 50)}
    many: Json = {"Name": "c", "Tags": tags(*range(51))}
    assert refused(listed.create_secret, **many) == "InvalidParameterException"


def test_what_would_have_no_effect_here_is_refused(secrets: Json) -> None:
    code, message = refusal(secrets.create_secret, Name="s", AddReplicaRegions=[{"Region": "eu-west-1"}])
    assert (code, "leave AddReplicaRegions out" in message) == ("InvalidRequestException", True)
    assert names(secrets.list_secrets()) == []


def test_accounts_and_regions_have_secrets_of_their_own(account: EngineAccount, listed: Json) -> None:
    arn = listed.describe_secret(SecretId="b")["ARN"]
    other_region, other_account = (
        account.client("secretsmanager", region="eu-west-1"),
        account.client("secretsmanager", key="999999999997"),
    )
    for other in (other_region, other_account):
        assert names(other.list_secrets()) == []
        assert refused(other.get_secret_value, SecretId="b") == "ResourceNotFoundException"
    assert refused(other_account.get_secret_value, SecretId=arn) == "ResourceNotFoundException"


def test_of_callers_who_create_the_same_secret_at_once_one_succeeds(secrets: Json) -> None:
    def create(number: int) -> str:
        try:
            secrets.create_secret(Name="s", SecretString=str(number))
        except ClientError as error:
            return str(error.response["Error"]["Code"])
        return "created"

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(create, range(8))) == ["ResourceExistsException"] * 7 + ["created"]
