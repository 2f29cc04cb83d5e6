"""Build the cluster, and a network for the jobs that have none.

Guarantees that a stack needs no parameters: if no subnets are given, it creates a network of two public subnets, which
costs nothing while no job runs. Tasks in it accept no connections from outside. On this engine, tasks need no network.
The subnets are in zones that Fargate has: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/AWS_Fargate-Regions.html.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from lamplighter.base.json_text import Json
from lamplighter.jobs import names
from lamplighter.jobs.file.model import Project
from lamplighter.jobs.machine.platform import Platform
from lamplighter.jobs.stack.intrinsic_functions import (
    availability_zones,
    equals,
    get_att,
    if_condition,
    join,
    ref,
    select,
)
from lamplighter.jobs.stack.resources import Resource, properties, tag_list

CREATES_NETWORK = "MakesNetwork"
VPC_CIDR = "10.111.0.0/24"
INTERNET_RESOURCE_IDS = ("WayOut", "FirstAssociation", "SecondAssociation")
"""Resources that a task needs to pull its image and that no other resource refers to."""
SUBNET_CIDRS = ("10.111.0.0/25", "10.111.0.128/25")
FARGATE_ZONES: Mapping[str, tuple[str, str]] = {
    "ap-northeast-1": ("apne1-az1", "apne1-az4"),
    "cn-north-1": ("cnn1-az1", "cnn1-az2"),
    "us-west-1": ("usw1-az1", "usw1-az3"),
}
"""Two zones that Fargate has, by their ids, for each region in which it lacks one. Names of zones differ by account."""
NO_NETWORK = "subnet-0000000000000000f"
"""The subnet that stands in for the network of tasks on this engine."""


def needs_network(project: Project, platform: Platform) -> bool:
    """Return whether some job on AWS does not configure its network."""
    return platform == "aws" and any(job.network is None and job.workflow is None for job in project.jobs.values())


def parameters(project: Project, platform: Platform) -> dict[str, Json]:
    """Return the parameters that configure the network when the stack is created."""
    if not needs_network(project, platform):
        return {}
    return {
        names.SUBNETS: properties(
            Type="CommaDelimitedList",
            Default="",
            Description="Subnets for the tasks; none: the stack makes a network of its own",
        ),
        names.SECURITY_GROUPS: properties(
            Type="CommaDelimitedList",
            Default="",
            Description="Security groups for the tasks, where subnets are given; none: the default one of their VPC",
        ),
        names.PUBLIC_IP: properties(
            Type="String",
            Default="ENABLED",
            AllowedValues=["ENABLED", "DISABLED"],
            Description="Whether tasks get a public address; without one they need a NAT gateway or VPC endpoints",
        ),
    }


def conditions(project: Project, platform: Platform) -> dict[str, Json]:
    """Return the conditions of the network: whether the stack creates one, and for the region's zones."""
    if not needs_network(project, platform):
        return {}
    regions = {_in_region(region): equals(ref("AWS::Region"), region) for region in FARGATE_ZONES}
    return {CREATES_NETWORK: equals(join("", ref(names.SUBNETS)), ""), **regions}


def _in_region(region: str) -> str:
    return f"In{names.logical_id(region)}"


def placeholder_values(platform: Platform) -> dict[str, Json]:
    """Return the values of the network's placeholders in definitions."""
    cluster = {names.SHARED_CLUSTER: get_att(names.SHARED_CLUSTER, "Arn")}
    if platform == "here":
        return {names.SUBNETS: NO_NETWORK, names.SECURITY_GROUPS: "", names.PUBLIC_IP: "ENABLED", **cluster}
    # CloudFormation creates every resource of this list first, so no machine and no schedule exists before tasks can
    # reach the internet.
    made = select(0, [join(",", [ref("FirstSubnet"), ref("SecondSubnet")]), *map(ref, INTERNET_RESOURCE_IDS)])
    return {
        names.SUBNETS: if_condition(CREATES_NETWORK, made, join(",", ref(names.SUBNETS))),
        names.SECURITY_GROUPS: if_condition(
            CREATES_NETWORK, get_att("TaskGroup", "GroupId"), join(",", ref(names.SECURITY_GROUPS))
        ),
        names.PUBLIC_IP: if_condition(CREATES_NETWORK, "ENABLED", ref(names.PUBLIC_IP)),
        **cluster,
    }


def network_resources(project: Project, platform: Platform) -> Iterator[Resource]:
    """Yield the cluster and the network, if jobs need them."""
    if any(job.cluster is None and job.workflow is None for job in project.jobs.values()):
        yield Resource(
            names.SHARED_CLUSTER,
            "AWS::ECS::Cluster",
            properties(ClusterName=project.prefix, CapacityProviders=["FARGATE", "FARGATE_SPOT"]),
        )
    if needs_network(project, platform):
        yield from (replace(each, condition=CREATES_NETWORK) for each in _network(project))


def _network(project: Project) -> Iterator[Resource]:
    tags, vpc, routes = _tags(project), ref("Vpc"), ref("Routes")
    yield Resource(
        "Vpc",
        "AWS::EC2::VPC",
        properties(CidrBlock=VPC_CIDR, EnableDnsSupport=True, EnableDnsHostnames=True, Tags=tags),
    )
    yield Resource("Gateway", "AWS::EC2::InternetGateway", properties(Tags=tags))
    yield Resource(
        "GatewayAttachment", "AWS::EC2::VPCGatewayAttachment", properties(VpcId=vpc, InternetGatewayId=ref("Gateway"))
    )
    yield Resource("Routes", "AWS::EC2::RouteTable", properties(VpcId=vpc, Tags=tags))
    yield Resource(
        "WayOut",
        "AWS::EC2::Route",
        properties(RouteTableId=routes, DestinationCidrBlock="0.0.0.0/0", GatewayId=ref("Gateway")),
        depends_on="GatewayAttachment",
    )
    yield from _subnets(project)
    yield Resource(
        "TaskGroup",
        "AWS::EC2::SecurityGroup",
        properties(
            GroupDescription=f"Tasks of {project.prefix}: out to everywhere, in from nowhere",
            VpcId=vpc,
            SecurityGroupEgress=[properties(IpProtocol="-1", CidrIp="0.0.0.0/0", Description="Anywhere")],
            Tags=tags,
        ),
    )


def _subnets(project: Project) -> Iterator[Resource]:
    for at, (name, block) in enumerate(zip(("First", "Second"), SUBNET_CIDRS, strict=True)):
        yield Resource(
            f"{name}Subnet",
            "AWS::EC2::Subnet",
            properties(VpcId=ref("Vpc"), CidrBlock=block, **_zone(at), Tags=_tags(project)),
        )
        yield Resource(
            f"{name}Association",
            "AWS::EC2::SubnetRouteTableAssociation",
            properties(SubnetId=ref(f"{name}Subnet"), RouteTableId=ref("Routes")),
        )


def _zone(at: int) -> dict[str, Json]:
    """Return the properties that place a subnet: by the zone's id where Fargate lacks a zone, else by its name."""
    name, zone_id = select(at, availability_zones()), ref("AWS::NoValue")
    for region, zones in FARGATE_ZONES.items():
        name = if_condition(_in_region(region), ref("AWS::NoValue"), name)
        zone_id = if_condition(_in_region(region), zones[at], zone_id)
    return properties(AvailabilityZone=name, AvailabilityZoneId=zone_id)


def keep_zones(document: Json, deployed: Json) -> Json:
    """Return a template whose subnets stay where they are deployed: another subnet could not have their addresses."""
    resources = dict(document["Resources"])
    for title in {"FirstSubnet", "SecondSubnet"} & resources.keys() & deployed.get("Resources", {}).keys():
        before = deployed["Resources"][title]["Properties"]
        zone = {
            "AvailabilityZone": before.get("AvailabilityZone"),
            "AvailabilityZoneId": before.get("AvailabilityZoneId"),
        }
        resources[title] = {**resources[title], "Properties": properties(**resources[title]["Properties"] | zone)}
    return {**document, "Resources": resources}


def _tags(project: Project) -> list[Json]:
    return tag_list({"Name": project.prefix})
