"""Define the account of AWS to which a file belongs, and what this account requires of all that is made in it.

An engine ignores it: the same file can be tried anywhere. What one job sets for AWS alone is in `model.py`.
"""

from typing import Annotated

from pydantic import BeforeValidator, Field, WithJsonSchema, field_validator

from lamplighter.base.json_text import Json
from lamplighter.jobs.file.channels import as_list
from lamplighter.jobs.file.strict_model import StrictModel
from lamplighter.jobs.file.text_formats import (
    AccountId,
    BoundaryPolicy,
    BucketName,
    KeyArn,
    Region,
    RoleArn,
    RolePath,
    TagKey,
    TagValue,
)


class KmsKeys(StrictModel):
    """The user's own keys of KMS. A key alone is that of all four."""

    secrets: Annotated[tuple[KeyArn, ...], BeforeValidator(as_list)] = Field(
        default=(), description="The keys of the secrets that jobs read."
    )
    logs: KeyArn | None = Field(default=None, description="The key of the logs.")
    topics: KeyArn | None = Field(default=None, description="The key of the topics through which alerts go.")
    queues: KeyArn | None = Field(default=None, description="The key of the queues.")


class AwsSettings(StrictModel):
    """The account and region of AWS, and what the account requires."""

    account: Annotated[AccountId, WithJsonSchema({"type": ["string", "number"]})] | None = Field(
        default=None, description="12 digits; with credentials of another account, commands refuse."
    )
    region: Region | None = Field(
        default=None, description="By default, the region of the option, the environment or the profile."
    )
    bucket: BucketName | None = Field(
        default=None, description="An S3 bucket for templates over 51,200 bytes; by default, `deploy` makes one."
    )
    boundary: BoundaryPolicy | None = Field(
        default=None, description="The permissions boundary of all roles: the name or ARN of a managed policy."
    )
    role_path: RolePath | None = Field(
        default=None, description="The path of all roles, such as /jobs/. A change of it replaces the roles."
    )
    tags: dict[TagKey, TagValue] = Field(
        default_factory=dict,
        max_length=40,
        description="Tags of the stack and of everything that takes tags; those of a job win.",
    )
    cloudformation_role: RoleArn | None = Field(
        default=None, description="The role with which CloudFormation changes and deletes the stack."
    )
    kms: KmsKeys = Field(default=KmsKeys(), description="Own keys of KMS: one for all, or one for each kind.")

    @field_validator("kms", mode="before")
    @classmethod
    def _expand_kms(cls, value: Json) -> Json:
        return dict.fromkeys(KmsKeys.model_fields, value) if isinstance(value, str) else value
