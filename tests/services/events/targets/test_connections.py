from lamplighter.base.json_text import Json
from tests.services.events.events_harness import EventsHarness

BASIC: Json = {"BasicAuthParameters": {"Username": "u", "Password": "secret1"}}


def connect(harness: EventsHarness, name: str = "c", kind: str = "BASIC", auth: Json = None) -> str:
    answer = harness.events("CreateConnection", Name=name, AuthorizationType=kind, AuthParameters=auth or BASIC)
    arn: str = answer["ConnectionArn"]
    return arn


def test_no_secret_of_a_connection_is_shown(harness: EventsHarness) -> None:
    hidden = [{"Key": "a", "Value": "secret2", "IsValueSecret": True}, {"Key": "b", "Value": "shown"}]
    connect(harness, auth=BASIC | {"InvocationHttpParameters": {"HeaderParameters": hidden}})
    shown = harness.events("DescribeConnection", Name="c")
    assert shown["ConnectionState"] == "AUTHORIZED"
    assert shown["AuthParameters"] == {
        "BasicAuthParameters": {"Username": "u"},
        "InvocationHttpParameters": {
            "HeaderParameters": [{"Key": "a", "IsValueSecret": True}, {"Key": "b", "Value": "shown"}]
        },
    }
    connect(harness, "o", "OAUTH_CLIENT_CREDENTIALS", {
        "OAuthParameters": {
            "AuthorizationEndpoint": "https://a", "HttpMethod": "POST",
            "ClientParameters": {"ClientID": "id", "ClientSecret": "secret3"},
        }
    })  # fmt: skip
    connect(harness, "k", "API_KEY", {"ApiKeyAuthParameters": {"ApiKeyName": "n", "ApiKeyValue": "secret4"}})
    for name in ("c", "o", "k"):
        assert "secret" not in str(harness.events("DescribeConnection", Name=name)["AuthParameters"])


def test_a_connection_is_changed_listed_and_deleted(harness: EventsHarness) -> None:
    connect(harness)
    assert harness.refused("CreateConnection", Name="c", AuthorizationType="BASIC", AuthParameters=BASIC)[0] == (
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
    assert harness.refused("DescribeConnection", Name="c")[0] == "ResourceNotFoundException"


def test_a_connection_has_what_its_kind_needs(harness: EventsHarness) -> None:
    code, _ = harness.refused("CreateConnection", Name="c", AuthorizationType="API_KEY", AuthParameters=BASIC)
    assert code == "ValidationException"


def test_only_a_connection_is_the_connection_of_a_destination(harness: EventsHarness) -> None:
    others = [
        harness.events("PutRule", Name="r", ScheduleExpression="rate(1 day)")["RuleArn"],
        harness.events("CreateEventBus", Name="b")["EventBusArn"],
    ]
    params = {"Name": "d", "InvocationEndpoint": "https://x", "HttpMethod": "POST"}
    for other in others:
        found = harness.refused("CreateApiDestination", **params, ConnectionArn=other)
        assert found == ("ResourceNotFoundException", f"Connection '{other.rpartition('/')[2]}' does not exist.")
    harness.events("CreateApiDestination", **params, ConnectionArn=connect(harness))
    for other in others:
        assert harness.refused("UpdateApiDestination", Name="d", ConnectionArn=other)[0] == "ResourceNotFoundException"


def test_a_destination_that_was_made_with_another_resource_as_its_connection_is_shown_as_inactive(
    harness: EventsHarness,
) -> None:
    rule = harness.events("PutRule", Name="r", ScheduleExpression="rate(1 day)")["RuleArn"]
    params = {"Name": "d", "InvocationEndpoint": "https://x", "HttpMethod": "POST"}
    harness.events("CreateApiDestination", **params, ConnectionArn=connect(harness))
    harness.crash()
    harness.damage(f"UPDATE event_resources SET body = json_set(body, '$.ConnectionArn', '{rule}') WHERE name = 'd'")
    harness.up()
    assert harness.events("DescribeApiDestination", Name="d")["ApiDestinationState"] == "INACTIVE"


def test_a_destination_is_active_while_its_connection_is(harness: EventsHarness) -> None:
    arn = connect(harness)
    params = {"Name": "d", "ConnectionArn": arn, "InvocationEndpoint": "https://x", "HttpMethod": "POST"}
    assert harness.events("CreateApiDestination", **params)["ApiDestinationState"] == "ACTIVE"
    assert harness.refused("CreateApiDestination", **params)[0] == "ResourceAlreadyExistsException"
    harness.events("DeauthorizeConnection", Name="c")
    assert harness.events("DescribeApiDestination", Name="d")["ApiDestinationState"] == "INACTIVE"
    assert harness.events("ListApiDestinations", ConnectionArn=arn)["ApiDestinations"][0]["Name"] == "d"
    assert harness.events("ListApiDestinations", ConnectionArn="other")["ApiDestinations"] == []
    missing = arn.replace("/c/", "/x/")
    assert harness.refused("UpdateApiDestination", Name="d", ConnectionArn=missing)[0] == "ResourceNotFoundException"
