"""Recognize the requests of S3, whose paths may be any text: the credential scope names the service, as for all others.

See https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html.
"""

from lamplighter.base.errors import AwsError
from lamplighter.wire.access import signatures
from lamplighter.wire.http import HttpRequest

SERVICE = "s3"


def is_for_s3(http: HttpRequest) -> bool:
    """Return whether the signature of a request is for S3, whose requests name no target."""
    if b"x-amz-target" in http.headers:
        return False
    try:
        return signatures.read_scope(http).service == SERVICE
    except AwsError:
        return False
