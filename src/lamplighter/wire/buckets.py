"""Recognize the requests of S3, whose paths may be any text, and read the bucket that a host name names.

The credential scope names the service, as for all others. A host `bucket.localhost` or `bucket.s3.localhost` names the
bucket; with any other host, the path does. See
https://docs.aws.amazon.com/AmazonS3/latest/userguide/VirtualHosting.html.
"""

import re
from dataclasses import replace

from lamplighter.base.errors import AwsError
from lamplighter.wire.access import sigv4
from lamplighter.wire.http import HttpRequest

SERVICE = "s3"
_BUCKET_HOST = re.compile(rb"([a-z0-9][a-z0-9.-]*?)(?:\.s3(?:[.-][a-z0-9-]+)?)?\.localhost(?::[0-9]+)?")
_OWN_HOST = re.compile(rb"s3(?:[.-][a-z0-9-]+)?\.localhost(?::[0-9]+)?")


def is_for_s3(http: HttpRequest) -> bool:
    """Return whether the signature of a request is for S3, whose requests name no target."""
    if b"x-amz-target" in http.headers:
        return False
    try:
        return sigv4.read_scope(http).service == SERVICE
    except AwsError:
        return False


def move_bucket_to_path(http: HttpRequest) -> HttpRequest:
    """Return the request with the bucket in its path, if its host names the bucket."""
    host = http.headers.get(b"host", b"").lower()
    found = None if _OWN_HOST.fullmatch(host) else _BUCKET_HOST.fullmatch(host)
    return http if found is None else replace(http, path=b"/" + found[1] + http.path)
