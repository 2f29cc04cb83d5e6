"""Pass a template to CloudFormation: in the request, or through an S3 bucket if it is too long for a request.

See https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html.
"""

import hashlib
from dataclasses import dataclass, replace

from lamplighter.base.errors import LamplighterError
from lamplighter.base.json_text import Json
from lamplighter.base.modules import load_object
from lamplighter.cli.call_errors import ClientError
from lamplighter.cli.engine_health import is_lamplighter
from lamplighter.cli.target import Target
from lamplighter.jobs.stack.template import to_compact_json

REGION_HEADER = "x-amz-bucket-region"
NOT_FOUND = 404
MAX_INLINE_BYTES = 51_200
"""The most bytes of a template in a request."""


class TemplateTooLong(LamplighterError):
    """A template is too long for a request, and no bucket is given."""


class BucketMissing(LamplighterError):
    """The bucket for the template does not exist."""


@dataclass(frozen=True, slots=True)
class TemplateUpload:
    """The bucket for long templates, and the longest template that a request may hold."""

    bucket: str | None
    """The bucket for a template that is too long for a request; None if the user named none."""
    max_inline_bytes: int | None
    """The most bytes of a template in a request; None for no limit."""


def choose_upload(target: Target, bucket: str | None) -> TemplateUpload:
    """Return the limits of a target: an engine accepts templates of any length."""
    return TemplateUpload(bucket, None if is_lamplighter(target.endpoint) else MAX_INLINE_BYTES)


def template_parameters(target: Target, name: str, template: Json, upload: TemplateUpload) -> dict[str, str]:
    """Return the request parameters that pass a template for the stack of this name; upload it if necessary.

    Raises `TemplateTooLong` if the template needs a bucket and none is given, and `BucketMissing` if the bucket does
    not exist.
    """
    text = to_compact_json(template)
    if upload.max_inline_bytes is None or len(text) <= upload.max_inline_bytes:
        return {"TemplateBody": text}
    if upload.bucket is None:
        raise TemplateTooLong(
            f"the template has {len(text):,} bytes, "
            f"and CloudFormation accepts {upload.max_inline_bytes:,} in a request: "
            "use --bucket with the name of an S3 bucket for it"
        )
    key = f"lamplighter/{name}/{hashlib.sha256(text.encode()).hexdigest()[:16]}.json"
    regional_target = replace(target, region=_bucket_region(target, upload.bucket))
    regional_target.client("s3").put_object(
        Bucket=upload.bucket, Key=key, Body=text.encode(), ContentType="application/json"
    )
    return {
        "TemplateURL": f"https://{upload.bucket}.s3.{regional_target.region}.{_dns_suffix(regional_target.region)}/{key}"
    }


def _bucket_region(target: Target, bucket: str) -> str:
    """Return the region of a bucket, which may not be the stack's; S3 states it even if it refuses the request."""
    try:
        headers = target.client("s3").head_bucket(Bucket=bucket)["ResponseMetadata"]["HTTPHeaders"]
    except ClientError as error:
        headers = error.response["ResponseMetadata"]["HTTPHeaders"]
        if error.response["ResponseMetadata"]["HTTPStatusCode"] == NOT_FOUND:
            raise BucketMissing(
                f"there is no bucket {bucket}: use --bucket with the name of an existing bucket"
            ) from None
        if REGION_HEADER not in headers:
            raise
    return str(headers.get(REGION_HEADER, target.region))


def _dns_suffix(region: str) -> str:
    """Return the domain of AWS's servers in a region; China has one of its own."""
    session = load_object("botocore.session:get_session")()
    name = session.get_partition_for_region(region)
    partitions: Json = session.get_data("endpoints")["partitions"]
    return str(next(each["dnsSuffix"] for each in partitions if each["partition"] == name))
