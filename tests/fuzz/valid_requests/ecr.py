"""Valid requests of ECR."""

from lamplighter.base.json_text import Json, dumps
from tests.fuzz.known_texts import POLICY
from tests.fuzz.valid_requests.place import PLACE

REPOSITORY: Json = {"repositoryName": "apps"}
RESOURCE: Json = {"resourceArn": f"arn:aws:ecr:{PLACE}:repository/apps"}
LIFECYCLE = dumps(
    {
        "rules": [
            {
                "rulePriority": 1,
                "selection": {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 1},
                "action": {"type": "expire"},
            }
        ]
    }
)

BEGIN: list[tuple[str, Json]] = [
    ("CreateRepository", REPOSITORY),
    ("DescribeRepositories", {}),
    ("PutLifecyclePolicy", {**REPOSITORY, "lifecyclePolicyText": LIFECYCLE}),
    ("GetLifecyclePolicy", REPOSITORY),
    ("SetRepositoryPolicy", {**REPOSITORY, "policyText": POLICY}),
    ("GetRepositoryPolicy", REPOSITORY),
    ("PutImageScanningConfiguration", {**REPOSITORY, "imageScanningConfiguration": {"scanOnPush": True}}),
    ("PutImageTagMutability", {**REPOSITORY, "imageTagMutability": "IMMUTABLE"}),
    ("ListImages", REPOSITORY),
    ("GetAuthorizationToken", {}),
    ("DescribeImages", REPOSITORY),
    ("TagResource", {**RESOURCE, "tags": [{"Key": "a", "Value": "b"}]}),
    ("ListTagsForResource", RESOURCE),
]
END: list[tuple[str, Json]] = [
    ("UntagResource", {**RESOURCE, "tagKeys": ["a"]}),
    ("DeleteLifecyclePolicy", REPOSITORY),
    ("DeleteRepositoryPolicy", REPOSITORY),
    ("DeleteRepository", REPOSITORY),
]
