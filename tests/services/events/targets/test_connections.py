from lamplighter.base.json_text import Json
from tests.services.events.hall import Hall

BASIC: Json = {"BasicAuthParameters": {"Username": "u", "Password": "secret1"}}


def connect(hall: Hall, name: str = "c", kind: str = "BASIC", auth: Json = None) -> str:
    answer = hall.events("CreateConnection", Name=name, AuthorizationType=kind, AuthParameters=auth or BASIC)
    arn: str = answer["ConnectionArn"]
    return arn


def test_no_secret_of_a_connection_is_shown(hall: Hall) -> None:
    hidden = [{"Key": "a", "Value": "secret2", "IsValueSecret": True}, {"Key": "b", "Value": "shown"}]
    connect(hall, auth=BASIC | {"InvocationHttpParameters": {"HeaderParameters": hidden}})
    shown = hall.events("DescribeConnection", Name="c")
    assert shown["ConnectionState"] == "AUTHORIZED"
    assert shown["AuthParameters"] == {
        "BasicAuthParameters": {"Username": "u"},
        "InvocationHttpParameters": {
            "HeaderParameters": [{"Key": "a", "IsValueSecret": True}, {"Key": "b", "Value": "shown"}]
        },
    }
    connect(hall, "o", "OAUTH_CLIENT_CREDENTIALS", {
        "OAuthParameters": {
            "AuthorizationEndpoint": "https://a", "HttpMethod": "POST",
            "ClientParameters": {"ClientID": "id", "ClientSecret": "secret3"},
        }
    })  # fmt: skip
    connect(hall, "k", "API_KEY", {"ApiKeyAuthParameters": {"ApiKeyName": "n", "ApiKeyValue": "secret4"}})
    for name in ("c", "o", "k"):
        assert "secret" not in str(hall.events("DescribeConnection", Name=name)["AuthParameters"])


def test_a_connection_is_changed_listed_and_deleted(hall: Hall) -> None:
    connect(hall)
    assert hall.refused("CreateConnection", Name="c", AuthorizationType="BASIC", AuthParameters=BASIC)[0] == (
        "ResourceAlreadyExistsException"
    )
    hall.events("UpdateConnection", Name="c", Description="d")
    assert hall.events("DescribeConnection", Name="c")["Description"] == "d"
    key = {"ApiKeyAuthParameters": {"ApiKeyName": "n", "ApiKeyValue": "secret5"}}
    hall.events("UpdateConnection", Name="c", AuthorizationType="API_KEY", AuthParameters=key)
    shown = hall.events("DescribeConnection", Name="c")["AuthParameters"]
    assert shown == {"ApiKeyAuthParameters": {"ApiKeyName": "n"}}
    hall.events("DeauthorizeConnection", Name="c")
    assert hall.events("ListConnections", ConnectionState="AUTHORIZED")["Connections"] == []
    (listed,) = hall.events("ListConnections")["Connections"]
    assert (listed["Name"], listed["ConnectionState"]) == ("c", "DEAUTHORIZED")
    assert hall.events("DeleteConnection", Name="c")["ConnectionState"] == "DELETING"
    assert hall.refused("DescribeConnection", Name="c")[0] == "ResourceNotFoundException"


def test_a_connection_has_what_its_kind_needs(hall: Hall) -> None:
    code, _ = hall.refused("CreateConnection", Name="c", AuthorizationType="API_KEY", AuthParameters=BASIC)
    assert code == "ValidationException"


def test_a_destination_is_active_while_its_connection_is(hall: Hall) -> None:
    arn = connect(hall)
    params = {"Name": "d", "ConnectionArn": arn, "InvocationEndpoint": "https://x", "HttpMethod": "POST"}
    assert hall.events("CreateApiDestination", **params)["ApiDestinationState"] == "ACTIVE"
    assert hall.refused("CreateApiDestination", **params)[0] == "ResourceAlreadyExistsException"
    hall.events("DeauthorizeConnection", Name="c")
    assert hall.events("DescribeApiDestination", Name="d")["ApiDestinationState"] == "INACTIVE"
    assert hall.events("ListApiDestinations", ConnectionArn=arn)["ApiDestinations"][0]["Name"] == "d"
    assert hall.events("ListApiDestinations", ConnectionArn="other")["ApiDestinations"] == []
    missing = arn.replace("/c/", "/x/")
    assert hall.refused("UpdateApiDestination", Name="d", ConnectionArn=missing)[0] == "ResourceNotFoundException"
