"""Check whether a task can reach the internet, to pull its image, read its secrets and write its log.

A subnet's default route leads to an internet gateway, which requires a public IP address, or to a NAT gateway or
similar. VPC endpoints can replace both, so a missing route is only reported as doubt.
See https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-task-networking.html.
"""

from collections.abc import Iterable, Iterator

from lamplighter.base.json_text import Json
from lamplighter.cli.doctor.finding import Finding, doubtful
from lamplighter.cli.doctor.task_states import TaskState

ALL_ADDRESSES = "0.0.0.0/0"
PULL_SYMPTOM = "the image cannot be pulled (CannotPullContainerError … i/o timeout, or ResourceInitializationError)"


def check_network(about: str, states: Iterable[TaskState], ec2: Json) -> Iterator[Finding]:
    """Report the doubtful subnets of tasks."""
    for subnet, public in dict.fromkeys((subnet, run.public) for run in states for subnet in run.subnets):
        gateway = _default_route_target(ec2, subnet)
        if gateway is None:
            message = f"the subnet {subnet} has no route to the internet: without VPC endpoints {PULL_SYMPTOM}"
            yield doubtful(about, message, "give its route table a route to a NAT gateway or an internet gateway")
        elif gateway.startswith("igw-") and not public:
            message = (
                f"the subnet {subnet} has an internet gateway, but its tasks have no public IP address: {PULL_SYMPTOM}"
            )
            yield doubtful(about, message, "AssignPublicIp: ENABLED (public-ip: true in a job file), or a NAT gateway")
        elif not gateway.startswith("igw-") and public:
            message = (
                f"the subnet {subnet} routes to the internet through {gateway}: a public IP address has no effect there"
            )
            yield doubtful(about, message, "AssignPublicIp: DISABLED costs less")


def _default_route_target(ec2: Json, subnet: str) -> str | None:
    """Return the target of a subnet's default route, or None if there is no such route."""
    for table in _route_tables(ec2, subnet):
        for route in table.get("Routes", []):
            if route.get("DestinationCidrBlock") == ALL_ADDRESSES and route.get("State", "active") == "active":
                found = (route.get(key) for key in ("GatewayId", "NatGatewayId", "TransitGatewayId", "InstanceId"))
                return next((each for each in found if each), "another device")
    return None


def _route_tables(ec2: Json, subnet: str) -> list[Json]:
    """Return the route table of a subnet: its own, else the main one of its VPC."""
    own: list[Json] = ec2.describe_route_tables(Filters=[_filter("association.subnet-id", subnet)])["RouteTables"]
    if own:
        return own
    (found,) = ec2.describe_subnets(SubnetIds=[subnet])["Subnets"]
    filters = [_filter("vpc-id", found["VpcId"]), _filter("association.main", "true")]
    tables: list[Json] = ec2.describe_route_tables(Filters=filters)["RouteTables"]
    return tables


def _filter(name: str, value: str) -> Json:
    return {"Name": name, "Values": [value]}
