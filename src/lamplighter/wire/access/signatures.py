"""Find out who signed a request, and verify the signature: version 4, or version 2 in a presigned URL of S3.

See https://docs.aws.amazon.com/AmazonS3/latest/userguide/ShareObjectPreSignedURL.html for presigned URLs.
"""

from lamplighter.wire.access import sigv2, sigv4
from lamplighter.wire.access.sigv4 import CredentialScope
from lamplighter.wire.bucket_hosts import bucket_of_host
from lamplighter.wire.http import HttpRequest


def read_scope(http: HttpRequest) -> CredentialScope:
    """Return the scope of the request's signature. Raises MissingAuthentication and IncompleteSignature."""
    return sigv2.read_scope(http) if sigv2.is_presigned(http) else sigv4.read_scope(http)


def verify_signature(http: HttpRequest, secret: str, now: int) -> None:
    """Verify that `secret` signed this request and that the signature is valid now; `now` is in milliseconds."""
    if sigv2.is_presigned(http):
        sigv2.verify_signature(http, bucket_of_host(http), secret, now)
    else:
        sigv4.verify_signature(http, secret, now)


def is_presigned_for_s3(http: HttpRequest) -> bool:
    """Return whether the query has the signature, and the signature is for S3."""
    return (sigv2.is_presigned(http) or sigv4.is_presigned(http)) and read_scope(http).service == sigv4.S3


def check_time(http: HttpRequest, now: int) -> None:
    """Raise RequestExpired if a presigned URL has ended, and other errors if it is not yet valid."""
    if sigv2.is_presigned(http):
        sigv2.check_time(http, now)
    else:
        sigv4.check_time(http, now)
