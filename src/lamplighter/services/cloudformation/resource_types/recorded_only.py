"""Record resources that the engine does not simulate, with a plausible Ref and plausible attributes.

Guarantees names in AWS's format, so that values made of them (an ARN in a policy, a subnet of a task) look as on AWS.
The engine simulates none of these resources.
See https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-template-resource-type-ref.html.
"""

import re

from lamplighter.base.aws import arn
from lamplighter.base.json_text import Json
from lamplighter.services.cloudformation.resource_types.resource_type import (
    CreatedResource,
    NameRule,
    Plan,
    ResourceRequest,
    ResourceType,
    make_no_call,
)

ID_PREFIXES = {
    "AWS::EC2::VPC": "vpc",
    "AWS::EC2::Subnet": "subnet",
    "AWS::EC2::SecurityGroup": "sg",
    "AWS::EC2::InternetGateway": "igw",
    "AWS::EC2::NatGateway": "nat",
    "AWS::EC2::RouteTable": "rtb",
    "AWS::EC2::VPCEndpoint": "vpce",
    "AWS::EC2::NetworkAcl": "acl",
    "AWS::EC2::Instance": "i",
    "AWS::EC2::Volume": "vol",
    "AWS::EC2::FlowLog": "fl",
    "AWS::EC2::LaunchTemplate": "lt",
    "AWS::EC2::SubnetRouteTableAssociation": "rtbassoc",
    "AWS::EC2::EIP": "eipalloc",
    "AWS::EFS::FileSystem": "fs",
    "AWS::EFS::AccessPoint": "fsap",
    "AWS::EFS::MountTarget": "fsmt",
}
"""The prefixes of types whose Ref is a prefix and seventeen hexadecimal digits."""
NAME_PROPERTIES = (
    *("Name", "RoleName", "ManagedPolicyName", "PolicyName", "InstanceProfileName", "UserName", "GroupName"),
    *("FunctionName", "AlarmName", "TableName", "DBInstanceIdentifier", "ServiceName"),
    *("QueueName", "DashboardName"),
)
"""The properties that may contain a resource's name."""
NOT_SIMULATED = "Recorded; not simulated here."
NO_EFFECT_ON_AWS = frozenset(
    {"AWS::CDK::Metadata", "AWS::CloudFormation::WaitCondition", "AWS::CloudFormation::WaitConditionHandle"}
)
"""Types that have no effect on AWS either, once the stack is created."""

ARN_FORMATS = {
    "AWS::EFS::AccessPoint": "elasticfilesystem:{region}:{account}:access-point/{name}",
    "AWS::EFS::FileSystem": "elasticfilesystem:{region}:{account}:file-system/{name}",
    "AWS::IAM::Group": "iam::{account}:group{path}{name}",
    "AWS::IAM::InstanceProfile": "iam::{account}:instance-profile{path}{name}",
    "AWS::IAM::ManagedPolicy": "iam::{account}:policy{path}{name}",
    "AWS::IAM::Role": "iam::{account}:role{path}{name}",
    "AWS::IAM::User": "iam::{account}:user{path}{name}",
    "AWS::Lambda::Function": "lambda:{region}:{account}:function:{name}",
    "AWS::Lambda::Version": "lambda:{region}:{account}:function:{name}",
}
"""The ARNs, after the partition, that differ from service:region:account:kind/name."""
_REF_IS_ARN = frozenset(
    {
        *("AWS::IAM::ManagedPolicy", "AWS::ECS::Service", "AWS::Lambda::Version"),
        *("AWS::ElasticLoadBalancingV2::LoadBalancer", "AWS::ElasticLoadBalancingV2::TargetGroup"),
    }
)
"""Types whose Ref is the ARN."""


def recorded_arn(request: ResourceRequest, name: str) -> str:
    """Return the ARN of a resource with this name."""
    _, service, *rest = request.type.lower().split("::")
    usual = f"{service}:{{region}}:{{account}}:{(rest or ['resource'])[-1]}/{{name}}"
    path = str(request.get("Path", "/")).strip("/")
    return f"arn:{arn.PARTITION}:" + ARN_FORMATS.get(request.type, usual).format(
        region=request.region,
        account=request.account,
        path=f"/{path}/" if path else "/",
        name=name,
    )


def _name(request: ResourceRequest, digits: str) -> str:
    """Return the name from which Ref and the ARN are made; `digits` are unique hexadecimal digits."""
    if request.type in ID_PREFIXES:
        return f"{ID_PREFIXES[request.type]}-{digits[:17]}"
    for given in map(request.properties.get, NAME_PROPERTIES):
        if isinstance(given, str) and given:
            return given
    if request.type == "AWS::KMS::Key":
        return re.sub("(.{8})(.{4})(.{4})(.{4})(.{12})", r"\1-\2-\3-\4-\5", digits[:32])
    return request.name


def _create(request: ResourceRequest) -> Plan[CreatedResource]:
    """Return the physical id and attributes that the resource would have on AWS."""
    yield from ()
    if request.type == "AWS::CloudFormation::WaitConditionHandle":
        return CreatedResource(f"https://cloudformation-waitcondition-{request.region}.s3.amazonaws.com/{request.name}")
    digits = request.attributes["digits"]
    name = _name(request, digits)
    key = recorded_arn(request, name)
    attributes: dict[str, Json] = {"Arn": key, "Name": name}
    if request.type == "AWS::IAM::Role":
        attributes["RoleId"] = f"AROA{digits[:17].upper()}"
    elif request.type == "AWS::CloudFormation::WaitCondition":
        attributes = {"Data": "{}"}
    return CreatedResource(key if request.type in _REF_IS_ARN else name, attributes)


def recorded_attribute(request: ResourceRequest, name: str) -> str:
    """Return a plausible value for an attribute that the creation did not set."""
    if name.endswith("Arn"):
        return recorded_arn(request, request.physical)
    if name in ("GroupId", "VpcId", "SubnetId", "AllocationId", "Id") and "-" in request.physical:
        return request.physical
    return f"{request.physical}-{name.replace('.', '-')}"


RECORDED = ResourceType(_create, make_no_call, make_no_call, NameRule(max_length=64), simulated=False)
