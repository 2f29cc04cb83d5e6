"""Read the bucket that a host name names.

A host `bucket.localhost` or `bucket.s3.localhost` names the bucket; with any other host, the path does. See
https://docs.aws.amazon.com/AmazonS3/latest/userguide/VirtualHosting.html.
"""

import re
from dataclasses import replace

from lamplighter.wire.http import HttpRequest

_BUCKET_HOST = re.compile(rb"([a-z0-9][a-z0-9.-]*?)(?:\.s3(?:[.-][a-z0-9-]+)?)?\.localhost(?::[0-9]+)?")
_OWN_HOST = re.compile(rb"s3(?:[.-][a-z0-9-]+)?\.localhost(?::[0-9]+)?")


def bucket_of_host(http: HttpRequest) -> bytes:
    """Return the bucket that the host names; empty if it names none."""
    host = http.headers.get(b"host", b"").lower()
    found = None if _OWN_HOST.fullmatch(host) else _BUCKET_HOST.fullmatch(host)
    return b"" if found is None else found[1]


def move_bucket_to_path(http: HttpRequest) -> HttpRequest:
    """Return the request with the bucket in its path, if its host names the bucket."""
    bucket = bucket_of_host(http)
    return replace(http, path=b"/" + bucket + http.path) if bucket else http
