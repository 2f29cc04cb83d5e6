"""Presigned URLs of S3 with a signature of version 2, as botocore makes them."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from urllib.parse import urlsplit

import boto3
import pytest
from botocore.config import Config

from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json
from lamplighter.wire.access import cross_site, signatures, sigv2
from lamplighter.wire.http import HttpRequest

FAR = 10**13
"""A time in milliseconds after the end of every URL here."""


def presigned(
    operation: str, params: Mapping[str, Json], *, method: str = "GET", style: str = "path", version: str = "s3"
) -> HttpRequest:
    """Return the request of a URL that boto3 presigns for an hour."""
    s3 = boto3.client(
        "s3",
        endpoint_url="http://localhost:4566",
        region_name="eu-west-1",
        aws_access_key_id="AKIAEXAMPLE",
        aws_secret_access_key="secret",
        config=Config(signature_version=version, s3={"addressing_style": style}),
    )
    url = urlsplit(s3.generate_presigned_url(operation, Params={"Bucket": "bucket", "Key": "a b/ü+%", **params}))
    http = HttpRequest(method, url.path.encode(), url.query.encode(), {b"host": url.netloc.encode()}, b"")
    return sigv2.headers_from_query(http)


@pytest.mark.parametrize("style", ["path", "virtual"])
@pytest.mark.parametrize(
    ("operation", "params", "method"),
    [
        ("get_object", {}, "GET"),
        ("get_object", {"VersionId": "v+1", "ResponseContentType": "text/x; a=b"}, "GET"),
        ("put_object", {"ContentType": "text/plain", "Metadata": {"a": "b  c"}}, "PUT"),
        ("upload_part", {"PartNumber": 2, "UploadId": "u=1"}, "PUT"),
        ("get_object_acl", {}, "GET"),
    ],
)
def test_a_url_that_boto3_signed_is_valid_for_its_secret_only(
    operation: str, params: Mapping[str, Json], method: str, style: str
) -> None:
    http = presigned(operation, params, method=method, style=style)
    assert signatures.read_scope(http).access_key == "AKIAEXAMPLE"
    signatures.verify_signature(http, "secret", 0)
    for changed, secret, now in [
        (http, "other", 0),
        (replace(http, method="DELETE"), "secret", 0),
        (replace(http, path=http.path + b"x"), "secret", 0),
        (replace(http, headers={**http.headers, b"x-amz-acl": b"private"}), "secret", 0),
        (replace(http, query=http.query + b"&versionId=2"), "secret", 0),
        (replace(http, query=b"versionId=2&" + http.query), "secret", 0),
        (http, "secret", FAR),
    ]:
        with pytest.raises(AwsError):
            signatures.verify_signature(changed, secret, now)


def test_a_url_names_no_other_service() -> None:
    """A header that names an operation of another service is not read from a query."""
    http = presigned("get_object", {})
    moved = sigv2.headers_from_query(replace(http, query=http.query + b"&x-amz-target=AWSStepFunctions.ListActivities"))
    assert b"x-amz-target" not in moved.headers
    assert signatures.read_scope(moved).service == "s3"


@pytest.mark.parametrize("version", ["s3", "s3v4"])
def test_an_engine_that_verifies_nothing_accepts_a_url_until_it_ends(version: str) -> None:
    http = presigned("get_object", {}, version=version)
    now = 0 if version == "s3" else signing_time(http)
    cross_site.check_authorization(http, now)
    with pytest.raises(AwsError, match="expired"):
        cross_site.check_authorization(http, FAR)


def test_a_url_with_too_many_fields_is_refused_when_its_signature_is_read() -> None:
    http = presigned("get_object", {})
    moved = sigv2.headers_from_query(replace(http, query=http.query + b"&a" * 31_000))
    with pytest.raises(AwsError, match="fields"):
        signatures.read_scope(moved)


def test_a_url_for_post_is_not_accepted_without_a_verified_signature() -> None:
    """A form of any page could send it."""
    for version in ("s3", "s3v4"):
        http = presigned("get_object", {}, version=version)
        with pytest.raises(AwsError, match=r"Authorization header|Missing"):
            cross_site.check_authorization(replace(http, method="POST"), 0)


def signing_time(http: HttpRequest) -> int:
    """Return the time of a signature of version 4 in milliseconds."""
    from_query = dict(pair.split(b"=", 1) for pair in http.query.split(b"&"))[b"X-Amz-Date"].decode()
    return int(datetime.strptime(from_query, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC).timestamp() * 1000)
