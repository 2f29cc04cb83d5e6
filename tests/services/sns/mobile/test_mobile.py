"""Test mobile applications and their endpoints: AWS's records, to which nothing is pushed.

https://docs.aws.amazon.com/sns/latest/api/API_CreatePlatformApplication.html
"""

import pytest

from lamplighter.base.json_text import Json
from lamplighter.delivery.tables import lost_alerts
from tests.engine_harness import ACCOUNT, REGION
from tests.services.sns.sns_harness import SnsHarness

APPLICATION = f"arn:aws:sns:{REGION}:{ACCOUNT}:app/ADM/nights"
MISSING_ENDPOINT = f"arn:aws:sns:{REGION}:{ACCOUNT}:endpoint/ADM/nights/0a55be88-117c-473d-82d0-c1cc38f7b21d"
CREDENTIALS = {"PlatformPrincipal": "id", "PlatformCredential": "secret"}


def create_application(harness: SnsHarness, name: str = "nights", **attributes: str) -> str:
    arn: str = harness.sns("CreatePlatformApplication", Name=name, Platform="ADM", Attributes=CREDENTIALS | attributes)[
        "PlatformApplicationArn"
    ]
    return arn


def create_endpoint(harness: SnsHarness, application: str, token: str = "t", **params: Json) -> str:
    params |= {"PlatformApplicationArn": application, "Token": token}
    arn: str = harness.sns("CreatePlatformEndpoint", **params)["EndpointArn"]
    return arn


def endpoint_attributes(harness: SnsHarness, endpoint: str) -> Json:
    return harness.sns("GetEndpointAttributes", EndpointArn=endpoint)["Attributes"]


def test_an_application_is_stored_listed_changed_and_deleted_even_after_a_crash(harness: SnsHarness) -> None:
    assert create_application(harness) == APPLICATION
    assert create_application(harness) == APPLICATION
    harness.restart()
    params = {"PlatformApplicationArn": APPLICATION}
    harness.sns("SetPlatformApplicationAttributes", Attributes={"Enabled": "false"}, **params)
    shown = {"Enabled": "false", "SuccessFeedbackSampleRate": "100"}
    assert harness.sns("GetPlatformApplicationAttributes", **params) == {"Attributes": shown}
    assert harness.sns("ListPlatformApplications") == {"PlatformApplications": [params | {"Attributes": shown}]}
    for _ in range(2):
        harness.sns("DeletePlatformApplication", **params)
    assert harness.sns("ListPlatformApplications") == {"PlatformApplications": []}


def test_the_database_has_no_credential_of_a_platform(harness: SnsHarness) -> None:
    create_application(harness)
    (row,) = harness.engine.store.reader.rows("SELECT * FROM platform_applications")
    assert "secret" not in str(row)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("", " Reason: cannot be empty"),
        ("x" * 257, f"{'x' * 257} Reason: must be at most 256 characters long"),
        (
            "@name",
            "@name Reason: must contain only characters 'a'-'z', 'A'-'Z', '0'-'9', '_', '-', and '.'",
        ),
    ],
)
def test_an_invalid_name_is_refused(harness: SnsHarness, name: str, reason: str) -> None:
    refused = harness.expect_error("CreatePlatformApplication", Name=name, Platform="ADM", Attributes=CREDENTIALS)
    assert refused == ("InvalidParameter", f"Invalid parameter: {reason}")


@pytest.mark.parametrize(
    ("platform", "attributes", "reason"),
    [
        ("AAA", CREDENTIALS, "Platform Reason: AAA is not supported"),
        ("ADM", {"PlatformCredential": "s"}, "PlatformPrincipal Reason: cannot be empty"),
        ("GCM", {"PlatformPrincipal": "s"}, "PlatformCredential Reason: cannot be empty"),
        ("ADM", CREDENTIALS | {"Colour": "red"}, "Attributes Reason: Invalid attribute name: Colour"),
    ],
)
def test_an_application_needs_a_known_platform_its_credentials_and_known_attributes(
    harness: SnsHarness, platform: str, attributes: Json, reason: str
) -> None:
    refused = harness.expect_error("CreatePlatformApplication", Name="a", Platform=platform, Attributes=attributes)
    assert refused == ("InvalidParameter", f"Invalid parameter: {reason}")


@pytest.mark.parametrize("kind", ["PlatformApplication", "Endpoint"])
def test_attributes_are_missed_after_the_arn_is_read_and_before_it_is_looked_up(harness: SnsHarness, kind: str) -> None:
    operation, parameter = f"Set{kind}Attributes", f"{kind}Arn"
    refused = harness.expect_error(operation, **{parameter: "invalid-arn"})
    assert refused[1] == f"Invalid parameter: {parameter} Reason: An ARN must have at least 6 elements, not 1"
    known = {"PlatformApplication": APPLICATION, "Endpoint": MISSING_ENDPOINT}[kind]
    assert harness.expect_error(operation, **{parameter: known}) == (
        "ValidationError",
        "1 validation error detected: Value null at 'attributes' failed to satisfy constraint: Member must not be null",
    )
    refused = harness.expect_error(operation, Attributes={"Enabled": "true"}, **{parameter: known})
    assert refused == ("NotFound", f"{kind} does not exist")


def test_an_arn_of_another_kind_is_refused(harness: SnsHarness) -> None:
    refused = harness.expect_error("GetEndpointAttributes", EndpointArn=APPLICATION)
    assert (
        refused[1] == "Invalid parameter: EndpointArn Reason: Wrong number of slashes in relative portion of the ARN."
    )


def test_an_endpoint_is_created_once_for_each_token(harness: SnsHarness) -> None:
    application = create_application(harness)
    endpoint = create_endpoint(harness, application, CustomUserData="me")
    assert endpoint.startswith(f"arn:aws:sns:{REGION}:{ACCOUNT}:endpoint/ADM/nights/")
    assert create_endpoint(harness, application, CustomUserData="me") == endpoint
    assert endpoint_attributes(harness, endpoint) == {"Enabled": "true", "Token": "t", "CustomUserData": "me"}
    refused = harness.expect_error("CreatePlatformEndpoint", PlatformApplicationArn=application, Token="t")
    assert refused[1] == (
        f"Invalid parameter: Token Reason: Endpoint {endpoint} already exists with the same Token, but different "
        "attributes."
    )


def test_the_endpoints_of_an_application_are_listed_in_pages_of_one_hundred(harness: SnsHarness) -> None:
    application = create_application(harness)
    created = {create_endpoint(harness, application, f"t{number}") for number in range(101)}
    first = harness.sns("ListEndpointsByPlatformApplication", PlatformApplicationArn=application)
    rest = harness.sns(
        "ListEndpointsByPlatformApplication", PlatformApplicationArn=application, NextToken=first["NextToken"]
    )
    assert [len(first["Endpoints"]), len(rest["Endpoints"])] == [100, 1]
    assert {each["EndpointArn"] for each in first["Endpoints"] + rest["Endpoints"]} == created
    harness.sns("DeletePlatformApplication", PlatformApplicationArn=application)
    refused = harness.expect_error("GetEndpointAttributes", EndpointArn=created.pop())
    assert refused == ("NotFound", "Endpoint does not exist")


def test_an_endpoint_is_changed_and_deleted(harness: SnsHarness) -> None:
    endpoint = create_endpoint(harness, create_application(harness))
    harness.sns("SetEndpointAttributes", EndpointArn=endpoint, Attributes={"Token": "new", "Enabled": "false"})
    assert endpoint_attributes(harness, endpoint) == {"Enabled": "false", "Token": "new"}
    for _ in range(2):
        harness.sns("DeleteEndpoint", EndpointArn=endpoint)
    assert harness.expect_error("GetEndpointAttributes", EndpointArn=endpoint)[0] == "NotFound"


def test_a_push_is_accepted_only_by_an_enabled_endpoint_and_reported_as_lost(harness: SnsHarness) -> None:
    missing = harness.expect_error("Publish", TargetArn=MISSING_ENDPOINT, Message="m")
    assert missing == (
        "InvalidParameter",
        "Invalid parameter: TargetArn Reason: No endpoint found for the target arn specified",
    )
    endpoint = create_endpoint(harness, create_application(harness))
    assert harness.sns("Publish", TargetArn=endpoint, Message="m")["MessageId"]
    (lost,) = lost_alerts.alerts_since(harness.engine.store.reader, 0)
    assert lost.reason == "this engine does not deliver by the protocol application"
    harness.sns("SetEndpointAttributes", EndpointArn=endpoint, Attributes={"Enabled": "false"})
    assert harness.expect_error("Publish", TargetArn=endpoint, Message="m") == (
        "EndpointDisabled",
        "Endpoint is disabled",
    )
