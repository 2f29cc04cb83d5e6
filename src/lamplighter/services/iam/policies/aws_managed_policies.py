"""The managed policies of AWS whose texts this engine has: those of jobs, and of the bootstrap stack of the CDK.

AWS has more than a thousand, and most are about services that no engine has. A role may have any of them attached:
stacks that work on AWS must work here. One without a text here allows nothing, and a denial names it. The texts are
AWS's, reduced to the services served here. The roles of CDK's bootstrap stack need AWSCloudFormationReadOnlyAccess.
See https://docs.aws.amazon.com/aws-managed-policy/latest/reference/policy-list.html.
"""

from collections.abc import Mapping

from lamplighter.base.json_text import Json, dumps

PREFIX = "arn:aws:iam::aws:policy/"


def _policy(*statements: Json) -> str:
    return dumps({"Version": "2012-10-17", "Statement": list(statements)})


def _allow(*actions: str, resource: Json = "*", **more: Json) -> Json:
    return {"Effect": "Allow", "Action": list(actions), "Resource": resource, **more}


_SERVED = ("cloudformation", "cloudwatch", "ecr", "ecs", "events", "iam", "logs", "s3", "scheduler", "secretsmanager")
_ALSO_SERVED = ("sns", "sqs", "ssm", "states")

DOCUMENTS: Mapping[str, str] = {
    "AdministratorAccess": _policy(_allow("*")),
    "PowerUserAccess": _policy(
        {"Effect": "Allow", "NotAction": ["iam:*", "organizations:*", "account:*"], "Resource": "*"},
        _allow("iam:CreateServiceLinkedRole", "iam:DeleteServiceLinkedRole", "iam:ListRoles"),
    ),
    "ReadOnlyAccess": _policy(
        _allow(
            *(f"{service}:{verb}*" for service in (*_SERVED, *_ALSO_SERVED) for verb in ("Describe", "Get", "List"))
        ),
        _allow("iam:Generate*", "iam:Simulate*", "logs:FilterLogEvents", "logs:StartQuery", "sts:GetCallerIdentity"),
    ),
    "AWSCloudFormationReadOnlyAccess": _policy(
        _allow(
            "cloudformation:Describe*",
            "cloudformation:BatchDescribe*",
            "cloudformation:EstimateTemplateCost",
            "cloudformation:Get*",
            "cloudformation:List*",
            "cloudformation:ValidateTemplate",
            "cloudformation:Detect*",
        )
    ),
    "AWSCloudFormationFullAccess": _policy(_allow("cloudformation:*")),
    "CloudWatchLogsFullAccess": _policy(_allow("logs:*", "cloudwatch:GenerateQuery")),
    "AmazonS3ReadOnlyAccess": _policy(_allow("s3:Get*", "s3:List*", "s3:Describe*")),
    "AmazonS3FullAccess": _policy(_allow("s3:*", "s3-object-lambda:*")),
    "AmazonSNSFullAccess": _policy(_allow("sns:*")),
    "AmazonSQSFullAccess": _policy(_allow("sqs:*")),
    "AWSStepFunctionsFullAccess": _policy(_allow("states:*")),
    "service-role/AmazonECSTaskExecutionRolePolicy": _policy(
        _allow(
            "ecr:GetAuthorizationToken",
            "ecr:BatchCheckLayerAvailability",
            "ecr:GetDownloadUrlForLayer",
            "ecr:BatchGetImage",
            "logs:CreateLogStream",
            "logs:PutLogEvents",
        )
    ),
    "service-role/AmazonEC2ContainerServiceEventsRole": _policy(
        _allow("ecs:RunTask"),
        _allow("iam:PassRole", Condition={"StringLike": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}}),
        _allow("ecs:TagResource", Condition={"StringEquals": {"ecs:CreateAction": ["RunTask"]}}),
    ),
    "service-role/AWSLambdaBasicExecutionRole": _policy(
        _allow("logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents")
    ),
}
"""The texts, by what follows `arn:aws:iam::aws:policy/`."""


def is_aws_managed(policy: str) -> bool:
    """Return whether an ARN is that of a managed policy of AWS, in any partition."""
    parts = policy.split(":", 5)
    return len(parts) == 6 and parts[2:5] == ["iam", "", "aws"] and parts[5].startswith("policy/")


def document_of(policy: str) -> str | None:
    """Return the text of a managed policy of AWS, or None if this engine does not have it."""
    return DOCUMENTS.get(policy.split(":", 5)[5].removeprefix("policy/")) if is_aws_managed(policy) else None
