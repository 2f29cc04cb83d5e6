"""Valid requests of Secrets Manager."""

from lamplighter.base.json_text import Json
from tests.fuzz.known_texts import POLICY

SECRET: Json = {"SecretId": "a"}

BEGIN: list[tuple[str, Json]] = [
    ("CreateSecret", {"Name": "a", "SecretString": "one"}),
    ("CreateSecret", {"Name": "b", "SecretBinary": b"two"}),
    ("PutSecretValue", {**SECRET, "SecretString": "three"}),
    ("GetSecretValue", SECRET),
    ("BatchGetSecretValue", {"SecretIdList": ["a"]}),
    ("UpdateSecret", {**SECRET, "Description": "a"}),
    ("UpdateSecretVersionStage", {**SECRET, "VersionStage": "mine", "MoveToVersionId": "${versionid}"}),
    ("DescribeSecret", SECRET),
    ("ListSecrets", {}),
    ("ListSecretVersionIds", SECRET),
    ("PutResourcePolicy", {**SECRET, "ResourcePolicy": POLICY}),
    ("GetResourcePolicy", SECRET),
    ("GetRandomPassword", {}),
    ("TagResource", {**SECRET, "Tags": [{"Key": "a", "Value": "b"}]}),
]
END: list[tuple[str, Json]] = [
    ("UntagResource", {**SECRET, "TagKeys": ["a"]}),
    ("DeleteResourcePolicy", SECRET),
    ("DeleteSecret", SECRET),
    ("RestoreSecret", SECRET),
]
