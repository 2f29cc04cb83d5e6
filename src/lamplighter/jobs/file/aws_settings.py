"""Define the account of AWS to which a file belongs. An engine ignores it: it rehearses the same file anywhere."""

from typing import Annotated

from pydantic import Field, WithJsonSchema

from lamplighter.jobs.file.strict_model import StrictModel
from lamplighter.jobs.file.text_formats import AccountId, BucketName, Region


class AwsSettings(StrictModel):
    """The account and region of AWS, and the bucket for templates."""

    account: Annotated[AccountId, WithJsonSchema({"type": ["string", "number"]})] | None = Field(
        default=None, description="The account of 12 digits; with credentials of another account, commands refuse."
    )
    region: Region | None = Field(
        default=None, description="The region; by default, that of the option, of the environment or of the profile."
    )
    bucket: BucketName | None = Field(
        default=None,
        description="An S3 bucket for templates over 51,200 bytes; by default, `deploy` makes one for the account and "
        "region.",
    )
