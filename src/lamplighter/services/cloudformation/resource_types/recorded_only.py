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
    *("RoleName", "ManagedPolicyName", "PolicyName", "InstanceProfileName", "UserName", "GroupName", "FunctionName"),
    *("BucketName", "AlarmName", "RepositoryName", "TableName", "DBInstanceIdentifier", "ServiceName", "QueueName"),
)
"""The properties, apart from Name, that may contain a resource's name."""
NOT_SIMULATED = "Recorded; not simulated here."
NO_EFFECT_ON_AWS = frozenset(
    {"AWS::CDK::Metadata", "AWS::CloudFormation::WaitCondition", "AWS::CloudFormation::WaitConditionHandle"}
)
"""Types that have no effect on AWS either, once the stack is created."""


_SLASH_ARNS: Mapping[str, tuple[str, str, bool]] = {
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
_COLON_ARNS: Mapping[str, tuple[str, str]] = {
    "AWS::Lambda::Function": ("lambda", "function"),
    "AWS::Lambda::Version": ("lambda", "function"),
    "AWS::SecretsManager::Secret": ("secretsmanager", "secret"),
}
"""Types whose ARNs end in kind:name: the service and the kind."""
_REF_IS_ARN = frozenset(
    {
        *("AWS::IAM::ManagedPolicy", "AWS::SecretsManager::Secret", "AWS::ECS::Service", "AWS::Lambda::Version"),
        *("AWS::ElasticLoadBalancingV2::LoadBalancer", "AWS::ElasticLoadBalancingV2::TargetGroup"),
    }
)
"""Types whose Ref is the ARN."""


def recorded_arn(request: ResourceRequest, name: str) -> str:
    """Return the ARN of a resource with this name."""
    if request.type in _SLASH_ARNS:
        service, kind, regional = _SLASH_ARNS[request.type]
        path = str(request.get("Path", "/")).strip("/") if service == "iam" else ""
        resource = "/".join(part for part in (kind, path, name) if part)
        return arn.build(service, request.region if regional else "", request.account, resource)
    if request.type in _COLON_ARNS:
        service, kind = _COLON_ARNS[request.type]
        return request.arn(service, f"{kind}:{name}")
    if request.type == "AWS::S3::Bucket":
        return arn.build("s3", "", "", name)
    if request.type == "AWS::SSM::Parameter":
        return request.arn("ssm", f"parameter/{name.lstrip('/')}")
    _, service, *rest = request.type.split("::")
    return request.arn(service.lower(), f"{(rest or ['resource'])[-1].lower()}/{name}")


def recorded_name(request: ResourceRequest, digits: str) -> str:
    """Return the name from which Ref and the ARN are made; `digits` are unique hexadecimal digits."""
    given = next(
        (request.properties[name] for name in ("Name", *NAME_PROPERTIES) if _is_name(request.properties.get(name))),
        None,
    )
    if request.type in ID_PREFIXES:
        return f"{ID_PREFIXES[request.type]}-{digits[:17]}"
    if given is not None:
        return str(given)
    if request.type == "AWS::KMS::Key":
        return re.sub("(.{8})(.{4})(.{4})(.{4})(.{12})", r"\1-\2-\3-\4-\5", digits[:32])
    return request.name.lower() if request.type in ("AWS::S3::Bucket", "AWS::ECR::Repository") else request.name


def _is_name(value: Json) -> bool:
    return isinstance(value, str) and bool(value)


def record_resource(request: ResourceRequest, digits: str) -> CreatedResource:
    """Return the physical id and attributes that the resource would have on AWS."""
    if request.type == "AWS::CloudFormation::WaitConditionHandle":
        return CreatedResource(f"https://cloudformation-waitcondition-{request.region}.s3.amazonaws.com/{request.name}")
    name = recorded_name(request, digits)
    key = recorded_arn(request, name)
    attributes: dict[str, Json] = {"Arn": key, "Name": name}
    if request.type == "AWS::SSM::Parameter":
        attributes = {"Type": request.get("Type", "String"), "Value": request.get("Value", "")}
    elif request.type == "AWS::S3::Bucket":
        attributes |= {
            "DomainName": f"{name}.s3.amazonaws.com",
            "RegionalDomainName": f"{name}.s3.{request.region}.amazonaws.com",
        }
    elif request.type == "AWS::IAM::Role":
        attributes["RoleId"] = f"AROA{digits[:17].upper()}"
    elif request.type == "AWS::CloudFormation::WaitCondition":
        attributes = {"Data": "{}"}
    elif request.type == "AWS::ECR::Repository":
        attributes["RepositoryUri"] = f"{request.account}.dkr.ecr.{request.region}.amazonaws.com/{name}"
    return CreatedResource(key if request.type in _REF_IS_ARN else name, attributes)


def recorded_attribute(request: ResourceRequest, name: str) -> str:
    """Return a plausible value for an attribute that `record_resource` did not set."""
    if name == "Arn" or name.endswith("Arn"):
        return recorded_arn(request, request.physical)
    if name in ("GroupId", "VpcId", "SubnetId", "AllocationId", "Id") and "-" in request.physical:
        return request.physical
    return f"{request.physical}-{name.replace('.', '-')}"


def _create(request: ResourceRequest) -> CreatePlan:
    yield from ()
    return record_resource(request, request.attributes["digits"])


def _update(request: ResourceRequest) -> CreatePlan:
    yield from ()
    if request.type == "AWS::SSM::Parameter":
        return CreatedResource(
            request.physical, {"Type": request.get("Type", "String"), "Value": request.get("Value", "")}
        )
    return CreatedResource(request.physical, request.attributes)


def _delete(_asked: ResourceRequest) -> DeletePlan:
    yield from ()


RECORDED = ResourceType(_create, _update, _delete, max_name_length=64, simulated=False)
