"""A template on its way to CloudFormation: in the request, or through a bucket where it is too long for that.

See https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html.
"""

import hashlib
import json
from dataclasses import dataclass

from lamplighter.base.errors import LamplighterError
from lamplighter.base.jsontext import Json
from lamplighter.cli.health import is_engine
from lamplighter.cli.target import Target

MOST_INLINE = 51_200
"""Bytes of a template in a request."""


class TooLong(LamplighterError):
    """A template that needs a bucket has none."""


@dataclass(frozen=True, slots=True)
class Room:
    """Where a template goes."""

    bucket: str | None
    """The bucket for one that is too long for a request."""
    most: int | None
    """Bytes that a request may have; None: any number."""


def room(target: Target, bucket: str | None) -> Room:
    """What a target has room for: an engine of ours takes templates of any length."""
    return Room(bucket, None if is_engine(target.endpoint) else MOST_INLINE)


def sent(target: Target, name: str, template: Json, room: Room) -> dict[str, str]:
    """The parameters that say a template for the stack of this name."""
    text = written(template)
    if room.most is None or len(text) <= room.most:
        return {"TemplateBody": text}
    if room.bucket is None:
        raise TooLong(
            f"the template has {len(text):,} bytes, and CloudFormation takes {room.most:,} in a request: "
            "say --bucket with the name of an S3 bucket that it can be put into"
        )
    key = f"lamplighter/{name}/{hashlib.sha256(text.encode()).hexdigest()[:16]}.json"
    target.client("s3").put_object(Bucket=room.bucket, Key=key, Body=text.encode(), ContentType="application/json")
    return {"TemplateURL": f"https://{room.bucket}.s3.{target.region}.amazonaws.com/{key}"}


def written(template: Json) -> str:
    """A template as text in ASCII: of other letters CloudFormation gives back question marks (GetTemplate)."""
    return json.dumps(template, separators=(",", ":"))
