"""Build the cluster, and a network for the jobs that have none.

Guarantees that a stack needs no parameters: if no subnets are given, it creates a network of two public subnets, which
costs nothing while no job runs. Tasks in it accept no connections from outside.
"""

from collections.abc import Iterator

from troposphere import AWSObject, Equals, GetAtt, GetAZs, If, Join, Parameter, Ref, Select, Tags, ec2, ecs

from lamplighter.base.json_text import Json
from lamplighter.jobs import names
from lamplighter.jobs.file.model import Project

CREATES_NETWORK = "MakesNetwork"
VPC_CIDR = "10.111.0.0/24"
INTERNET_RESOURCE_IDS = ("WayOut", "FirstAssociation", "SecondAssociation")
"""Resources that a task needs to pull its image and that no other resource refers to."""
SUBNET_CIDRS = ("10.111.0.0/25", "10.111.0.128/25")


def needs_network(project: Project) -> bool:
    """Return whether some job does not configure its network."""
    return any(job.network is None and job.workflow is None for job in project.jobs.values())


def parameters(project: Project) -> list[Parameter]:
    """Return the parameters that configure the network when the stack is created."""
    if not needs_network(project):
        return []
    return [
        Parameter(
            names.SUBNETS,
            Type="CommaDelimitedList",
            Default="",
            Description="Subnets for the tasks; none: the stack makes a network of its own",
        ),
        Parameter(
            names.SECURITY_GROUPS,
            Type="CommaDelimitedList",
            Default="",
            Description="Security groups for the tasks, where subnets are given; none: the default one of their VPC",
        ),
        Parameter(
            names.PUBLIC_IP,
            Type="String",
            Default="ENABLED",
            AllowedValues=["ENABLED", "DISABLED"],
            Description="Whether tasks get a public address; without one they need a NAT gateway or VPC endpoints",
        ),
    ]


def conditions(project: Project) -> dict[str, Json]:
    """Return the condition under which the stack creates a network."""
    return {CREATES_NETWORK: Equals(Join("", Ref(names.SUBNETS)), "")} if needs_network(project) else {}


def placeholder_values() -> dict[str, Json]:
    """Return the values of the network's placeholders in definitions."""
    # CloudFormation creates every resource of this list first, so no machine and no schedule exists before tasks can
    # reach the internet.
    made = Select(0, [Join(",", [Ref("FirstSubnet"), Ref("SecondSubnet")]), *map(Ref, INTERNET_RESOURCE_IDS)])
    return {
        names.SUBNETS: If(CREATES_NETWORK, made, Join(",", Ref(names.SUBNETS))),
        names.SECURITY_GROUPS: If(
            CREATES_NETWORK, GetAtt("TaskGroup", "GroupId"), Join(",", Ref(names.SECURITY_GROUPS))
        ),
        names.PUBLIC_IP: If(CREATES_NETWORK, "ENABLED", Ref(names.PUBLIC_IP)),
        names.SHARED_CLUSTER: GetAtt(names.SHARED_CLUSTER, "Arn"),
    }


def network_resources(project: Project) -> Iterator[AWSObject]:
    """Yield the cluster and the network, if jobs need them."""
    if any(job.cluster is None and job.workflow is None for job in project.jobs.values()):
        yield ecs.Cluster(
            names.SHARED_CLUSTER,
            ClusterName=project.prefix,
            CapacityProviders=["FARGATE", "FARGATE_SPOT"],
        )
    if needs_network(project):
        yield from _network(project)


def _network(project: Project) -> Iterator[AWSObject]:
    when: Json = {"Condition": CREATES_NETWORK}
    tags = Tags(Name=project.prefix)
    yield ec2.VPC("Vpc", CidrBlock=VPC_CIDR, EnableDnsSupport=True, EnableDnsHostnames=True, Tags=tags, **when)
    yield ec2.InternetGateway("Gateway", Tags=tags, **when)
    yield ec2.VPCGatewayAttachment("GatewayAttachment", VpcId=Ref("Vpc"), InternetGatewayId=Ref("Gateway"), **when)
    yield ec2.RouteTable("Routes", VpcId=Ref("Vpc"), Tags=tags, **when)
    yield ec2.Route(
        "WayOut",
        RouteTableId=Ref("Routes"),
        DestinationCidrBlock="0.0.0.0/0",
        GatewayId=Ref("Gateway"),
        DependsOn="GatewayAttachment",
        **when,
    )
    for at, (name, block) in enumerate(zip(("First", "Second"), SUBNET_CIDRS, strict=True)):
        zone = Select(at, GetAZs(""))
        yield ec2.Subnet(f"{name}Subnet", VpcId=Ref("Vpc"), CidrBlock=block, AvailabilityZone=zone, Tags=tags, **when)
        yield ec2.SubnetRouteTableAssociation(
            f"{name}Association", SubnetId=Ref(f"{name}Subnet"), RouteTableId=Ref("Routes"), **when
        )
    yield ec2.SecurityGroup(
        "TaskGroup",
        GroupDescription=f"Tasks of {project.prefix}: out to everywhere, in from nowhere",
        VpcId=Ref("Vpc"),
        SecurityGroupEgress=[ec2.SecurityGroupRule(IpProtocol="-1", CidrIp="0.0.0.0/0", Description="Anywhere")],
        Tags=tags,
        **when,
    )
