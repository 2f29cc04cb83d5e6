"""The network that a stack makes: in zones that Fargate has, and where it was deployed.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/AWS_Fargate-Regions.html
"""

from dataclasses import replace
from pathlib import Path

import pytest

from lamplighter.base.json_text import Json
from lamplighter.jobs.stack.network import keep_zones
from lamplighter.jobs.stack.template import build_template
from lamplighter.lang.template.conditions import evaluate_conditions
from lamplighter.lang.template.functions import TemplateScope, resolve
from tests.jobs.projects import load_project


def zones_in(document: Json, region: str) -> list[Json]:
    """Return the properties that place each subnet in a region."""
    scope = TemplateScope(
        {"AWS::Region": region, "ConsoleUrl": "", "Subnets": [], "SecurityGroups": [], "PublicIp": "ENABLED"},
        resource=lambda name: name,
    )
    scope = replace(scope, conditions=evaluate_conditions(document["Conditions"], scope))
    subnets = [document["Resources"][f"{each}Subnet"]["Properties"] for each in ("First", "Second")]
    return [{key: value for key, value in resolve(each, scope).items() if "Zone" in key} for each in subnets]


@pytest.fixture
def document(tmp_path: Path) -> Json:
    return build_template(load_project(tmp_path, "a: {image: x}"))


@pytest.mark.parametrize(
    ("region", "first", "second"),
    [
        ("us-west-1", "usw1-az1", "usw1-az3"),
        ("ap-northeast-1", "apne1-az1", "apne1-az4"),
        ("cn-north-1", "cnn1-az1", "cnn1-az2"),
    ],
)
def test_where_fargate_lacks_a_zone_the_subnets_name_zones_that_it_has(
    document: Json, region: str, first: str, second: str
) -> None:
    assert zones_in(document, region) == [{"AvailabilityZoneId": first}, {"AvailabilityZoneId": second}]


def test_elsewhere_the_subnets_are_in_the_first_two_zones_of_the_account(document: Json) -> None:
    assert zones_in(document, "eu-west-1") == [{"AvailabilityZone": "eu-west-1a"}, {"AvailabilityZone": "eu-west-1b"}]


def test_a_deployed_subnet_stays_in_its_zone_because_another_could_not_have_its_addresses(document: Json) -> None:
    placed = {"Fn::Select": [0, {"Fn::GetAZs": ""}]}
    deployed = {"Resources": {"FirstSubnet": {"Properties": {"AvailabilityZone": placed}}}}
    kept = keep_zones(document, deployed)
    assert zones_in(kept, "us-west-1") == [{"AvailabilityZone": "us-west-1a"}, {"AvailabilityZoneId": "usw1-az3"}]
    assert (keep_zones(document, document), keep_zones(document, {})) == (document, document)
