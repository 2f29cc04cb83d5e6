"""Pass a template to CloudFormation: in the request, or through an S3 bucket if it is too long for a request.

See https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace

from lamplighter.base.json_text import Json, loads
from lamplighter.base.modules import load_object
from lamplighter.cli.deploy.stack.nested_templates import nested_ids
from lamplighter.cli.deploy.stack.template_bucket import TemplateBucket, find_bucket
from lamplighter.cli.engine_health import is_lamplighter
from lamplighter.cli.target import Target
from lamplighter.jobs.stack.nested_stacks import join_templates, split_template, without_parts
from lamplighter.jobs.stack.template import to_compact_json
from lamplighter.lang.template.template import MAX_TEMPLATE_BYTES

MAX_INLINE_BYTES = 51_200
"""The most bytes of a template in a request; an engine accepts any number."""


def choose_bucket(target: Target, template: Json, named: str | None) -> TemplateBucket | None:
    """Return the bucket for a template, or None if the template fits in a request. Raises `BucketMissing`."""
    return None if _fits_request(target, template) else find_bucket(target, named)


def limit_growth(target: Target, template: Json, named: str | None) -> int:
    """Return how many bytes a template may have without a need for a bucket that nobody named and it does not need."""
    needs_none = named is None and not is_lamplighter(target.endpoint) and _fits_request(target, template)
    return MAX_INLINE_BYTES if needs_none else MAX_TEMPLATE_BYTES


def _fits_request(target: Target, template: Json) -> bool:
    return len(to_compact_json(template)) <= MAX_INLINE_BYTES or is_lamplighter(target.endpoint)


@dataclass(frozen=True, slots=True)
class PassedTemplate:
    """A template as a request passes it to CloudFormation."""

    parameters: Mapping[str, str]
    """The request's parameters: the template, or its URL."""
    root: Json
    """The template of the stack itself: without what is in nested stacks."""
    is_nested: bool


def pass_template(target: Target, name: str, template: Json, bucket: TemplateBucket | None) -> PassedTemplate:
    """Pass a template for the stack of this name, through a bucket if given; split it if a stack has no room for it."""
    if bucket is None:
        root = without_parts(template)
        return PassedTemplate({"TemplateBody": to_compact_json(root)}, root, is_nested=False)
    split = split_template(template)
    urls = {part: upload_template(target, bucket, name, to_compact_json(each)) for part, each in split.nested.items()}
    root = split.with_urls(urls)
    url = upload_template(target, bucket, name, to_compact_json(root))
    return PassedTemplate({"TemplateURL": url}, root, is_nested=bool(urls))


def upload_template(target: Target, bucket: TemplateBucket, stack: str, text: str) -> str:
    """Upload a template of a stack under the hash of its text, and return its URL for CloudFormation."""
    key = f"lamplighter/{stack}/{hashlib.sha256(text.encode()).hexdigest()[:16]}.json"
    replace(target, region=bucket.region).client("s3").put_object(
        Bucket=bucket.name, Key=key, Body=text.encode(), ContentType="application/json", **bucket.ownership
    )
    return f"https://{bucket.name}.s3.{bucket.region}.{_dns_suffix(bucket.region)}/{key}"


def read_uploaded(target: Target, root: Json) -> Json:
    """Return the whole template of a stack whose nested templates were uploaded and are not deployed yet."""
    nested = {title: root["Resources"][title]["Properties"]["TemplateURL"] for title in nested_ids(root)}
    return join_templates(root, {title: _download(target, url) for title, url in nested.items()})


def _download(target: Target, url: str) -> Json:
    host, _, key = url.removeprefix("https://").partition("/")
    bucket, _, region = host.partition(".s3.")
    s3 = replace(target, region=region.partition(".")[0]).client("s3")
    return loads(s3.get_object(Bucket=bucket, Key=key)["Body"].read().decode())


def _dns_suffix(region: str) -> str:
    """Return the domain of AWS's servers in a region; China has one of its own."""
    session = load_object("botocore.session:get_session")()
    name = session.get_partition_for_region(region)
    partitions: Json = session.get_data("endpoints")["partitions"]
    return str(next(each["dnsSuffix"] for each in partitions if each["partition"] == name))
