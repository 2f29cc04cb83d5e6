"""The values of secrets: versions, stages, tokens of repeated requests, and two callers at once.

https://docs.aws.amazon.com/secretsmanager/latest/userguide/whats-in-a-secret.html
"""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from lamplighter.base.json_text import Json
from tests.engine_harness import DAY, HOUR, EngineHarness
from tests.services.refused_calls import refusal, refused

TOKENS = [f"{number:032}" for number in range(200)]


@pytest.fixture
def three(secrets: Json) -> Json:
    """Return a client whose account has a secret `s` with three versions: 0, 1 and 2, the current one."""
    secrets.create_secret(Name="s", SecretString="0", ClientRequestToken=TOKENS[0])
    for number in (1, 2):
        secrets.put_secret_value(SecretId="s", SecretString=str(number), ClientRequestToken=TOKENS[number])
    return secrets


def stages(client: Json) -> dict[str, list[str]]:
    """Return the stages of the versions, by the last character of their ids."""
    found = client.describe_secret(SecretId="s").get("VersionIdsToStages", {})
    return {version[-1]: sorted(names) for version, names in found.items()}


@pytest.mark.parametrize("value", [" ", "größe 💡", '{"a":"\\n"}', "x" * 65_536, "\0"])
def test_a_text_comes_back_as_it_was_given(secrets: Json, value: str) -> None:
    secrets.create_secret(Name="s", SecretString=value)
    found = secrets.get_secret_value(SecretId="s")
    assert found["SecretString"] == value
    assert "SecretBinary" not in found


@pytest.mark.parametrize("value", [b"\0", bytes(range(256)), b"x" * 65_536])
def test_bytes_come_back_as_they_were_given(secrets: Json, value: bytes) -> None:
    secrets.create_secret(Name="s", SecretString="text")
    secrets.put_secret_value(SecretId="s", SecretBinary=value)
    found = secrets.get_secret_value(SecretId="s")
    assert found["SecretBinary"] == value
    assert "SecretString" not in found


@pytest.mark.parametrize("operation", ["create_secret", "put_secret_value", "update_secret"])
def test_a_value_is_a_text_or_bytes_of_at_most_64_kib(secrets: Json, operation: str) -> None:
    if operation != "create_secret":
        secrets.create_secret(Name="s")
    call, place = getattr(secrets, operation), {"Name" if operation == "create_secret" else "SecretId": "s"}
    code, message = refusal(call, **place, SecretString="1", SecretBinary=b"1")
    assert code == "InvalidParameterException"
    assert message.startswith("You can't specify both a binary secret value and a string secret value")
    assert refused(call, **place, SecretString="x" * 65_537) == "ValidationException"
    assert refused(call, **place, SecretBinary=b"x" * 65_537) == "ValidationException"
    if operation == "put_secret_value":
        assert refusal(call, **place) == (
            "InvalidRequestException",
            "You must provide either SecretString or SecretBinary.",
        )


def test_a_value_that_is_not_there_is_named_in_the_error(three: Json) -> None:
    for given, words in (
        ({"VersionStage": "größe"}, "staging label: größe"),
        ({"VersionId": "9" * 32}, f"VersionId: {'9' * 32}"),
        ({"VersionId": "9" * 32, "VersionStage": "AWSCURRENT"}, f"VersionId: {'9' * 32}"),
    ):
        code, message = refusal(three.get_secret_value, SecretId="s", **given)
        assert (code, message) == (
            "ResourceNotFoundException",
            f"Secrets Manager can't find the specified secret value for {words}",
        )
    assert refusal(three.get_secret_value, SecretId="s", VersionId=TOKENS[1], VersionStage="AWSCURRENT") == (
        "InvalidRequestException",
        "You provided a VersionStage that is not associated to the provided VersionId.",
    )
    both = three.get_secret_value(SecretId="s", VersionId=TOKENS[1], VersionStage="AWSPREVIOUS")
    assert both["SecretString"] == "1"


def test_a_version_without_a_stage_is_readable_by_its_id_alone(three: Json) -> None:
    assert stages(three) == {"1": ["AWSPREVIOUS"], "2": ["AWSCURRENT"]}
    assert three.get_secret_value(SecretId="s", VersionId=TOKENS[0])["VersionStages"] == []
    listed = three.list_secret_version_ids(SecretId="s")["Versions"]
    assert {each["VersionId"] for each in listed} == {TOKENS[1], TOKENS[2]}
    everything = three.list_secret_version_ids(SecretId="s", IncludeDeprecated=True)["Versions"]
    assert {each["VersionId"] for each in everything} == set(TOKENS[:3])


@pytest.mark.parametrize("operation", ["create_secret", "put_secret_value", "update_secret"])
def test_a_repeated_request_changes_nothing(secrets: Json, operation: str) -> None:
    """`A ClientRequestToken ensures idempotency`: the version with it has the value, or the request is refused."""
    place = {"Name" if operation == "create_secret" else "SecretId": "s"}
    if operation != "create_secret":
        secrets.create_secret(Name="s", SecretString="before", ClientRequestToken=TOKENS[1])
    call = getattr(secrets, operation)
    first = call(**place, SecretString="x", ClientRequestToken=TOKENS[0])
    secrets.put_secret_value(SecretId="s", SecretString="later", ClientRequestToken=TOKENS[2])
    known = stages(secrets)
    again = call(**place, SecretString="x", ClientRequestToken=TOKENS[0])
    assert (again["ARN"], again["VersionId"]) == (first["ARN"], TOKENS[0])
    assert refusal(call, **place, SecretString="y", ClientRequestToken=TOKENS[0]) == (
        "ResourceExistsException",
        "You can't modify an existing version, you can only create new version for a secret.",
    )
    assert refused(call, **place, SecretBinary=b"x", ClientRequestToken=TOKENS[0]) == "ResourceExistsException"
    assert stages(secrets) == known
    assert secrets.get_secret_value(SecretId="s")["SecretString"] == "later"


def test_own_stages_leave_the_current_value_alone(three: Json) -> None:
    three.put_secret_value(SecretId="s", SecretString="3", ClientRequestToken=TOKENS[3], VersionStages=["AWSPENDING"])
    assert stages(three) == {"1": ["AWSPREVIOUS"], "2": ["AWSCURRENT"], "3": ["AWSPENDING"]}
    assert three.get_secret_value(SecretId="s")["SecretString"] == "2"
    assert three.get_secret_value(SecretId="s", VersionStage="AWSPENDING")["SecretString"] == "3"
    three.put_secret_value(SecretId="s", SecretString="4", ClientRequestToken=TOKENS[4], VersionStages=["AWSPENDING"])
    assert stages(three) == {"1": ["AWSPREVIOUS"], "2": ["AWSCURRENT"], "4": ["AWSPENDING"]}


@pytest.mark.parametrize(
    ("moves", "expected"),
    [
        ([("AWSCURRENT", 2, 1)], {"1": ["AWSCURRENT"], "2": ["AWSPREVIOUS"]}),
        ([("AWSCURRENT", 2, 0)], {"0": ["AWSCURRENT"], "2": ["AWSPREVIOUS"]}),
        ([("AWSCURRENT", 2, 1), ("AWSCURRENT", 1, 2)], {"1": ["AWSPREVIOUS"], "2": ["AWSCURRENT"]}),
        ([("AWSCURRENT", None, 2)], {"1": ["AWSPREVIOUS"], "2": ["AWSCURRENT"]}),
        ([("mine", None, 0)], {"0": ["mine"], "1": ["AWSPREVIOUS"], "2": ["AWSCURRENT"]}),
        ([("mine", None, 0), ("mine", 0, 2)], {"1": ["AWSPREVIOUS"], "2": ["AWSCURRENT", "mine"]}),
        ([("mine", None, 1), ("mine", 1, None)], {"1": ["AWSPREVIOUS"], "2": ["AWSCURRENT"]}),
        ([("AWSPREVIOUS", 1, None)], {"2": ["AWSCURRENT"]}),
        ([("AWSPREVIOUS", 1, 0)], {"0": ["AWSPREVIOUS"], "2": ["AWSCURRENT"]}),
    ],
)
def test_a_stage_moves_between_versions(
    three: Json, moves: list[tuple[str, int | None, int | None]], expected: dict[str, list[str]]
) -> None:
    for stage, source, target in moves:
        given: Json = {"RemoveFromVersionId": source, "MoveToVersionId": target}
        ids = {key: TOKENS[number] for key, number in given.items() if number is not None}
        three.update_secret_version_stage(SecretId="s", VersionStage=stage, **ids)
    assert stages(three) == expected


@pytest.mark.parametrize(
    ("stage", "source", "target", "code", "words"),
    [
        (
            "AWSCURRENT",
            None,
            1,
            "InvalidParameterException",
            "Staging label AWSCURRENT is currently attached to version",
        ),
        ("AWSCURRENT", 0, 1, "InvalidParameterException", "so you must explicitly reference that version"),
        ("AWSCURRENT", 2, None, "InvalidParameterException", "You can only move staging label AWSCURRENT"),
        ("AWSCURRENT", None, None, "InvalidParameterException", "You must provide MoveToVersionId"),
        ("AWSCURRENT", 2, 9, "ResourceNotFoundException", f"VersionId: {TOKENS[9]}"),
        ("mine", 9, 1, "ResourceNotFoundException", f"VersionId: {TOKENS[9]}"),
    ],
)
def test_a_stage_that_cannot_move_stays(
    three: Json, stage: str, source: int | None, target: int | None, code: str, words: str
) -> None:
    given: Json = {"RemoveFromVersionId": source, "MoveToVersionId": target}
    ids = {key: TOKENS[number] for key, number in given.items() if number is not None}
    found, message = refusal(three.update_secret_version_stage, SecretId="s", VersionStage=stage, **ids)
    assert found == code
    assert words in message
    assert stages(three) == {"1": ["AWSPREVIOUS"], "2": ["AWSCURRENT"]}


def test_the_versions_of_a_secret_have_pages(three: Json) -> None:
    found, token = list[str](), dict[str, Json]()
    for number in range(3):
        page = three.list_secret_version_ids(SecretId="s", IncludeDeprecated=True, MaxResults=1, **token)
        (version,) = page["Versions"]
        found.append(version["VersionId"])
        assert ("NextToken" in page) == (number < 2)
        token = {"NextToken": page.get("NextToken")}
    assert sorted(found) == TOKENS[:3]
    assert refused(three.list_secret_version_ids, SecretId="s", NextToken="größe") == "InvalidNextTokenException"


@pytest.mark.parametrize("days", [0, 1])
def test_versions_beyond_a_hundred_go_when_they_are_a_day_old(tmp_path: Path, days: int) -> None:
    """`Secrets Manager keeps 100 of the most recent versions, but it keeps all ... created in the last 24 hours.`"""
    with EngineHarness.running(tmp_path) as harness:

        def call(operation: str, **params: Json) -> Json:
            return harness.call("secretsmanager", operation, SecretId="s", **params)

        harness.call("secretsmanager", "CreateSecret", Name="s", SecretString="0", ClientRequestToken=TOKENS[0])
        call("UpdateSecretVersionStage", VersionStage="kept", MoveToVersionId=TOKENS[0])
        for number in range(1, 103):
            harness.advance(1_000)
            call("PutSecretValue", SecretString=str(number), ClientRequestToken=TOKENS[number])
        harness.advance(days * DAY + 1_000)
        call("PutSecretValue", SecretString="last", ClientRequestToken=TOKENS[103])
        page = call("ListSecretVersionIds", IncludeDeprecated=True)
        rest = call("ListSecretVersionIds", IncludeDeprecated=True, NextToken=page["NextToken"])
        versions = [each["VersionId"] for each in page["Versions"] + rest["Versions"]]
        recent = [TOKENS[number] for number in range(103, 3, -1)]
        kept = recent + [TOKENS[number] for number in (3, 2, 1)] if not days else recent
        assert versions == [*kept, TOKENS[0]], "a version with a stage stays however old it is"


def test_callers_who_store_values_at_once_make_a_version_each_and_one_is_current(secrets: Json) -> None:
    secrets.create_secret(Name="s")
    with ThreadPoolExecutor(8) as pool:
        made = list(
            pool.map(
                lambda number: secrets.put_secret_value(
                    SecretId="s", SecretString=str(number), ClientRequestToken=TOKENS[number]
                )["VersionId"],
                range(16),
            )
        )
    assert made == TOKENS[:16]
    for number, token in enumerate(made):
        assert secrets.get_secret_value(SecretId="s", VersionId=token)["SecretString"] == str(number)
    described = secrets.describe_secret(SecretId="s")["VersionIdsToStages"]
    assert sorted(described.values()) == [["AWSCURRENT"], ["AWSPREVIOUS"]]


def test_callers_who_repeat_one_request_at_once_make_one_version(secrets: Json) -> None:
    secrets.create_secret(Name="s")
    with ThreadPoolExecutor(8) as pool:
        same: Json = {"SecretId": "s", "SecretString": "1", "ClientRequestToken": TOKENS[0]}
        answers = list(pool.map(lambda _: secrets.put_secret_value(**same)["VersionId"], range(8)))
    assert answers == [TOKENS[0]] * 8
    assert stages(secrets) == {"0": ["AWSCURRENT"]}


def test_a_repetition_is_known_after_a_restart_of_the_engine(tmp_path: Path) -> None:
    with EngineHarness.running(tmp_path) as harness:
        create: Json = {"Name": "s", "SecretString": "größe", "ClientRequestToken": TOKENS[0]}
        first = harness.call("secretsmanager", "CreateSecret", **create)
        harness.restart()
        assert harness.call("secretsmanager", "CreateSecret", **create) == first
        harness.call("secretsmanager", "DeleteSecret", SecretId="s", RecoveryWindowInDays=7)
        harness.advance(7 * DAY - HOUR)
        harness.restart()
        harness.call("secretsmanager", "RestoreSecret", SecretId="s")
        harness.advance(30 * DAY)
        assert harness.call("secretsmanager", "GetSecretValue", SecretId="s")["SecretString"] == "größe"
