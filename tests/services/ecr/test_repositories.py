"""Repositories of ECR as boto3 uses them, and the images of Docker that are theirs."""

import subprocess
import uuid

import pytest

from lamplighter.base.json_text import Json
from tests.served_engine import ACCOUNT, REGION, EngineAccount, ServedEngine
from tests.services.refused_calls import refused


@pytest.fixture
def ecr(account: EngineAccount) -> Json:
    """Return a client of ECR."""
    return account.client("ecr")


def test_a_repository_is_described_until_it_is_deleted(account: EngineAccount, ecr: Json) -> None:
    made = ecr.create_repository(repositoryName="team/app", tags=[{"Key": "a", "Value": "1"}])["repository"]
    assert made["repositoryUri"] == f"127.0.0.1:{account.port}/team/app"
    assert made["imageTagMutability"] == "MUTABLE"
    assert refused(ecr.create_repository, repositoryName="team/app") == "RepositoryAlreadyExistsException"
    assert ecr.describe_repositories(repositoryNames=["team/app"])["repositories"] == [made]
    assert ecr.list_tags_for_resource(resourceArn=made["repositoryArn"])["tags"] == [{"Key": "a", "Value": "1"}]
    ecr.create_repository(repositoryName="other")
    pages = ecr.get_paginator("describe_repositories").paginate(PaginationConfig={"PageSize": 1})
    assert [each["repositoryName"] for page in pages for each in page["repositories"]] == ["other", "team/app"]
    ecr.delete_repository(repositoryName="team/app", force=True)
    assert refused(ecr.describe_repositories, repositoryNames=["team/app"]) == "RepositoryNotFoundException"


def test_settings_and_policies_come_back_until_they_are_deleted(ecr: Json) -> None:
    ecr.create_repository(repositoryName="app")
    ecr.put_image_tag_mutability(repositoryName="app", imageTagMutability="IMMUTABLE")
    ecr.put_image_scanning_configuration(repositoryName="app", imageScanningConfiguration={"scanOnPush": True})
    found = ecr.describe_repositories()["repositories"][0]
    assert (found["imageTagMutability"], found["imageScanningConfiguration"]) == ("IMMUTABLE", {"scanOnPush": True})
    policy = '{"Version": "2008-10-17", "Statement": []}'
    ecr.set_repository_policy(repositoryName="app", policyText=policy)
    assert ecr.get_repository_policy(repositoryName="app")["policyText"] == policy
    ecr.delete_repository_policy(repositoryName="app")
    assert refused(ecr.get_repository_policy, repositoryName="app") == "RepositoryPolicyNotFoundException"
    assert refused(ecr.get_lifecycle_policy, repositoryName="app") == "LifecyclePolicyNotFoundException"


def test_without_docker_a_repository_has_no_images(ecr: Json) -> None:
    ecr.create_repository(repositoryName="app")
    assert ecr.list_images(repositoryName="app")["imageIds"] == []
    wanted = {"repositoryName": "app", "imageIds": [{"imageTag": "1"}]}
    assert refused(ecr.describe_images, **wanted) == "ImageNotFoundException"


@pytest.mark.docker
def test_an_image_of_docker_with_the_name_that_a_repository_has_on_aws_is_its_image(
    docker_engine: ServedEngine, docker_image: str
) -> None:
    ecr = docker_engine.client("ecr")
    name = {"repositoryName": f"lamplighter-test/{uuid.uuid4()}"}
    ecr.create_repository(**name)
    uri = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/{name['repositoryName']}"
    subprocess.run(["docker", "tag", docker_image, f"{uri}:one"], check=True)
    try:
        found = ecr.describe_images(**name, imageIds=[{"imageTag": "one"}])
        assert found["imageDetails"][0]["imageTags"] == ["one"]
        assert [each["imageTag"] for each in ecr.list_images(**name)["imageIds"]] == ["one"]
        assert ecr.list_images(**name, filter={"tagStatus": "UNTAGGED"})["imageIds"] == []
        assert ecr.describe_images(**name, filter={"tagStatus": "UNTAGGED"})["imageDetails"] == []
        subprocess.run(["docker", "tag", docker_image, f"{uri}:two"], check=True)
        pages = ecr.get_paginator("list_images").paginate(**name, PaginationConfig={"PageSize": 1})
        assert [[each["imageTag"] for each in page["imageIds"]] for page in pages] == [["one"], ["two"]]
        assert refused(ecr.delete_repository, **name) == "RepositoryNotEmptyException"
        ecr.delete_repository(**name, force=True)
        assert refused(ecr.list_images, **name) == "RepositoryNotFoundException"
    finally:
        subprocess.run(["docker", "rmi", f"{uri}:one", f"{uri}:two"], check=False, capture_output=True)
