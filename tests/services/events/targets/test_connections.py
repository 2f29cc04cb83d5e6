import pytest

from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json, loads
from tests.services.events.events_harness import EventsHarness

BASIC: Json = {"BasicAuthParameters": {"Username": "u", "Password": "secret1"}}


def create_connection(
    harness: EventsHarness, name: str = "c", authorization_type: str = "BASIC", auth: Json = None
) -> str:
    answer = harness.events(
        "CreateConnection", Name=name, AuthorizationType=authorization_type, AuthParameters=auth or BASIC
    )
    arn: str = answer["ConnectionArn"]
    return arn


def test_no_secret_of_a_connection_is_shown(harness: EventsHarness) -> None:
    hidden = [{"Key": "a", "Value": "secret2", "IsValueSecret": True}, {"Key": "b", "Value": "shown"}]
    create_connection(harness, auth=BASIC | {"InvocationHttpParameters": {"HeaderParameters": hidden}})
    shown = harness.events("DescribeConnection", Name="c")
    assert shown["ConnectionState"] == "AUTHORIZED"
    assert shown["AuthParameters"] == {
        "BasicAuthParameters": {"Username": "u"},
        "InvocationHttpParameters": {
            "HeaderParameters": [{"Key": "a", "IsValueSecret": True}, {"Key": "b", "Value": "shown"}]
        },
    }
    create_connection(harness, "o", "OAUTH_CLIENT_CREDENTIALS", {
        "OAuthParameters": {
            "AuthorizationEndpoint": "https://a", "HttpMethod": "POST",
            "ClientParameters": {"ClientID": "id", "ClientSecret": "secret3"},
        }
    })  # fmt: skip
    create_connection(harness, "k", "API_KEY", {"ApiKeyAuthParameters": {"ApiKeyName": "n", "ApiKeyValue": "secret4"}})
    for name in ("c", "o", "k"):
        assert "secret" not in str(harness.events("DescribeConnection", Name=name)["AuthParameters"])


def test_a_connection_is_changed_listed_and_deleted(harness: EventsHarness) -> None:
    create_connection(harness)
    assert harness.expect_error("CreateConnection", Name="c", AuthorizationType="BASIC", AuthParameters=BASIC)[0] == (
        "ResourceAlreadyExistsException"
    )
    harness.events("UpdateConnection", Name="c", Description="d")
    assert harness.events("DescribeConnection", Name="c")["Description"] == "d"
    key = {"ApiKeyAuthParameters": {"ApiKeyName": "n", "ApiKeyValue": "secret5"}}
    harness.events("UpdateConnection", Name="c", AuthorizationType="API_KEY", AuthParameters=key)
    shown = harness.events("DescribeConnection", Name="c")["AuthParameters"]
    assert shown == {"ApiKeyAuthParameters": {"ApiKeyName": "n"}}
    harness.events("DeauthorizeConnection", Name="c")
    assert harness.events("ListConnections", ConnectionState="AUTHORIZED")["Connections"] == []
    (listed,) = harness.events("ListConnections")["Connections"]
    assert (listed["Name"], listed["ConnectionState"]) == ("c", "DEAUTHORIZED")
    assert harness.events("DeleteConnection", Name="c")["ConnectionState"] == "DELETING"
    assert harness.expect_error("DescribeConnection", Name="c")[0] == "ResourceNotFoundException"


def test_the_parameters_of_a_connection_must_match_its_authorization_type(harness: EventsHarness) -> None:
    code, _ = harness.expect_error("CreateConnection", Name="c", AuthorizationType="API_KEY", AuthParameters=BASIC)
    assert code == "ValidationException"


def test_only_a_connection_can_be_the_connection_of_a_destination(harness: EventsHarness) -> None:
    others = [
        harness.events("PutRule", Name="r", ScheduleExpression="rate(1 day)")["RuleArn"],
        harness.events("CreateEventBus", Name="b")["EventBusArn"],
    ]
    params = {"Name": "d", "InvocationEndpoint": "https://x", "HttpMethod": "POST"}
    for other in others:
        found = harness.expect_error("CreateApiDestination", **params, ConnectionArn=other)
        assert found == ("ResourceNotFoundException", f"Connection '{other.rpartition('/')[2]}' does not exist.")
    harness.events("CreateApiDestination", **params, ConnectionArn=create_connection(harness))
    for other in others:
        assert (
            harness.expect_error("UpdateApiDestination", Name="d", ConnectionArn=other)[0]
            == "ResourceNotFoundException"
        )


def test_a_stored_destination_whose_connection_is_another_resource_is_inactive(
    harness: EventsHarness,
) -> None:
    rule = harness.events("PutRule", Name="r", ScheduleExpression="rate(1 day)")["RuleArn"]
    params = {"Name": "d", "InvocationEndpoint": "https://x", "HttpMethod": "POST"}
    harness.events("CreateApiDestination", **params, ConnectionArn=create_connection(harness))
    harness.crash()
    harness.damage(f"UPDATE event_resources SET body = json_set(body, '$.ConnectionArn', '{rule}') WHERE name = 'd'")
    harness.up()
    assert harness.events("DescribeApiDestination", Name="d")["ApiDestinationState"] == "INACTIVE"


def test_a_destination_is_active_while_its_connection_is_authorised(harness: EventsHarness) -> None:
    arn = create_connection(harness)
    params = {"Name": "d", "ConnectionArn": arn, "InvocationEndpoint": "https://x", "HttpMethod": "POST"}
    assert harness.events("CreateApiDestination", **params)["ApiDestinationState"] == "ACTIVE"
    assert harness.expect_error("CreateApiDestination", **params)[0] == "ResourceAlreadyExistsException"
    harness.events("DeauthorizeConnection", Name="c")
    assert harness.events("DescribeApiDestination", Name="d")["ApiDestinationState"] == "INACTIVE"
    assert harness.events("ListApiDestinations", ConnectionArn=arn)["ApiDestinations"][0]["Name"] == "d"
    assert harness.events("ListApiDestinations", ConnectionArn="other")["ApiDestinations"] == []
    missing = arn.replace("/c/", "/x/")
    assert (
        harness.expect_error("UpdateApiDestination", Name="d", ConnectionArn=missing)[0] == "ResourceNotFoundException"
    )


def test_the_secret_of_a_connection_is_in_secrets_manager(harness: EventsHarness) -> None:
    create_connection(harness)
    secret = {"SecretId": harness.events("DescribeConnection", Name="c")["SecretArn"]}

    def value() -> Json:
        return loads(harness.call("secretsmanager", "GetSecretValue", **secret)["SecretString"])

    assert harness.call("secretsmanager", "DescribeSecret", **secret)["Name"].startswith("events!connection/c/")
    assert value() == BASIC
    harness.events(
        "UpdateConnection", Name="c", AuthParameters={"BasicAuthParameters": {"Username": "v", "Password": "w"}}
    )
    assert value()["BasicAuthParameters"] == {"Username": "v", "Password": "w"}
    harness.events("DeleteConnection", Name="c")
    with pytest.raises(AwsError, match="can't find the specified secret"):
        value()
