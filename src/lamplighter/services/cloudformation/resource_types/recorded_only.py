"""Record resources that the engine does not simulate, with a plausible Ref and plausible attributes.

Guarantees names in AWS's format, so that values made of them (an ARN in a policy, a subnet of a task) look as on AWS. A
parameter of Systems Manager keeps its value. The engine simulates none of these resources.
See https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-template-resource-type-ref.html.
"""

import re
from collections.abc import Mapping

from lamplighter.base import arn
from lamplighter.base.json_text import Json
from lamplighter.services.cloudformation.resource_types.resource_type import (
    CreatedResource,
    CreatePlan,
    DeletePlan,
    ResourceRequest,
    ResourceType,
)

HEX = {
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
NAMES = (
    *("RoleName", "ManagedPolicyName", "PolicyName", "InstanceProfileName", "UserName", "GroupName", "FunctionName"),
    *("BucketName", "AlarmName", "RepositoryName", "TableName", "DBInstanceIdentifier", "ServiceName", "QueueName"),
)
"""The properties, apart from Name, that may contain a resource's name."""
NOT_SIMULATED = "Recorded; not simulated here."
NOT_WORTH_SAYING = frozenset(
    {"AWS::CDK::Metadata", "AWS::CloudFormation::WaitCondition", "AWS::CloudFormation::WaitConditionHandle"}
)
"""Types that have no effect on AWS either, once the stack is created."""


_FORMS: Mapping[str, tuple[str, str, bool]] = {
    "AWS::IAM::Role": ("iam", "role", False),
    "AWS::IAM::ManagedPolicy": ("iam", "policy", False),
    "AWS::IAM::InstanceProfile": ("iam", "instance-profile", False),
    "AWS::IAM::User": ("iam", "user", False),
    "AWS::IAM::Group": ("iam", "group", False),
    "AWS::ECS::Service": ("ecs", "service", True),
    "AWS::ECR::Repository": ("ecr", "repository", True),
    "AWS::DynamoDB::Table": ("dynamodb", "table", True),
    "AWS::KMS::Key": ("kms", "key", True),
    "AWS::EFS::FileSystem": ("elasticfilesystem", "file-system", True),
    "AWS::EFS::AccessPoint": ("elasticfilesystem", "access-point", True),
    "AWS::EC2::VPC": ("ec2", "vpc", True),
}
"""Types whose ARNs end in kind/name: the service, the kind, and whether the ARN has a region."""
_COLONS: Mapping[str, tuple[str, str]] = {
    "AWS::Lambda::Function": ("lambda", "function"),
    "AWS::Lambda::Version": ("lambda", "function"),
    "AWS::SecretsManager::Secret": ("secretsmanager", "secret"),
}
"""Types whose ARNs end in kind:name: the service and the kind."""
_BY_ARN = frozenset(
    {
        *("AWS::IAM::ManagedPolicy", "AWS::SecretsManager::Secret", "AWS::ECS::Service", "AWS::Lambda::Version"),
        *("AWS::ElasticLoadBalancingV2::LoadBalancer", "AWS::ElasticLoadBalancingV2::TargetGroup"),
    }
)
"""Types whose Ref is the ARN."""


def recorded_arn(asked: ResourceRequest, name: str) -> str:
    """Return the ARN of a resource with this name."""
    if asked.type in _FORMS:
        service, kind, regional = _FORMS[asked.type]
        path = str(asked.get("Path", "/")).strip("/") if service == "iam" else ""
        resource = "/".join(part for part in (kind, path, name) if part)
        return arn.build(service, asked.region if regional else "", asked.account, resource)
    if asked.type in _COLONS:
        service, kind = _COLONS[asked.type]
        return asked.arn(service, f"{kind}:{name}")
    if asked.type == "AWS::S3::Bucket":
        return arn.build("s3", "", "", name)
    if asked.type == "AWS::SSM::Parameter":
        return asked.arn("ssm", f"parameter/{name.lstrip('/')}")
    _, service, *rest = asked.type.split("::")
    return asked.arn(service.lower(), f"{(rest or ['resource'])[-1].lower()}/{name}")


def recorded_name(asked: ResourceRequest, digits: str) -> str:
    """Return the name from which Ref and the ARN are made; `digits` are unique hexadecimal digits."""
    given = next((asked.properties[name] for name in ("Name", *NAMES) if _is_name(asked.properties.get(name))), None)
    if asked.type in HEX:
        return f"{HEX[asked.type]}-{digits[:17]}"
    if given is not None:
        return str(given)
    if asked.type == "AWS::KMS::Key":
        return re.sub("(.{8})(.{4})(.{4})(.{4})(.{12})", r"\1-\2-\3-\4-\5", digits[:32])
    return asked.name.lower() if asked.type in ("AWS::S3::Bucket", "AWS::ECR::Repository") else asked.name


def _is_name(value: Json) -> bool:
    return isinstance(value, str) and bool(value)


def record_resource(asked: ResourceRequest, digits: str) -> CreatedResource:
    """Return the physical id and attributes that the resource would have on AWS."""
    if asked.type == "AWS::CloudFormation::WaitConditionHandle":
        return CreatedResource(f"https://cloudformation-waitcondition-{asked.region}.s3.amazonaws.com/{asked.name}")
    name = recorded_name(asked, digits)
    key = recorded_arn(asked, name)
    attributes: dict[str, Json] = {"Arn": key, "Name": name}
    if asked.type == "AWS::SSM::Parameter":
        attributes = {"Type": asked.get("Type", "String"), "Value": asked.get("Value", "")}
    elif asked.type == "AWS::S3::Bucket":
        attributes |= {
            "DomainName": f"{name}.s3.amazonaws.com",
            "RegionalDomainName": f"{name}.s3.{asked.region}.amazonaws.com",
        }
    elif asked.type == "AWS::IAM::Role":
        attributes["RoleId"] = f"AROA{digits[:17].upper()}"
    elif asked.type == "AWS::CloudFormation::WaitCondition":
        attributes = {"Data": "{}"}
    elif asked.type == "AWS::ECR::Repository":
        attributes["RepositoryUri"] = f"{asked.account}.dkr.ecr.{asked.region}.amazonaws.com/{name}"
    return CreatedResource(key if asked.type in _BY_ARN else name, attributes)


def recorded_attribute(asked: ResourceRequest, name: str) -> str:
    """Return a plausible value for an attribute that `record_resource` did not set."""
    if name == "Arn" or name.endswith("Arn"):
        return recorded_arn(asked, asked.physical)
    if name in ("GroupId", "VpcId", "SubnetId", "AllocationId", "Id") and "-" in asked.physical:
        return asked.physical
    return f"{asked.physical}-{name.replace('.', '-')}"


def _create(asked: ResourceRequest) -> CreatePlan:
    yield from ()
    return record_resource(asked, asked.attributes["digits"])


def _update(asked: ResourceRequest) -> CreatePlan:
    yield from ()
    if asked.type == "AWS::SSM::Parameter":
        return CreatedResource(asked.physical, {"Type": asked.get("Type", "String"), "Value": asked.get("Value", "")})
    return CreatedResource(asked.physical, asked.attributes)


def _delete(_asked: ResourceRequest) -> DeletePlan:
    yield from ()


RECORDED = ResourceType(_create, _update, _delete, longest=64, simulated=False)
