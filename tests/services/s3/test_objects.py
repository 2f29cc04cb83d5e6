"""Objects of S3 as boto3 stores, reads, lists and deletes them."""

import hashlib
import io
from collections.abc import Callable
from contextlib import closing
from http.client import HTTPConnection
from urllib.parse import urlsplit

import pytest
from botocore.exceptions import ClientError

from lamplighter.base.json_text import Json
from tests.served_engine import EngineAccount

MIB = 2**20


def refused(call: Callable[..., Json], **params: Json) -> tuple[str, int]:
    """Return the code and the HTTP status of the error that a call raises."""
    with pytest.raises(ClientError) as error:
        call(**params)
    answer = error.value.response
    return answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"]


def test_an_object_comes_back_with_its_content_its_headers_and_its_metadata(s3: Json, bucket: str) -> None:
    stored = s3.put_object(
        Bucket=bucket,
        Key="a folder/größe + 1.txt",
        Body=b"content",
        ContentType="text/plain",
        CacheControl="no-store",
        Metadata={"Who": "me"},
    )
    found = s3.get_object(Bucket=bucket, Key="a folder/größe + 1.txt")
    assert found["Body"].read() == b"content"
    assert found["ETag"] == stored["ETag"] == f'"{hashlib.md5(b"content").hexdigest()}"'
    assert (found["ContentType"], found["CacheControl"], found["Metadata"]) == ("text/plain", "no-store", {"who": "me"})
    assert stored["ServerSideEncryption"] == "AES256"
    head = s3.head_object(Bucket=bucket, Key="a folder/größe + 1.txt", ChecksumMode="ENABLED")
    assert head["ContentLength"] == 7
    assert head["ChecksumCRC32"] == stored["ChecksumCRC32"]


def test_an_empty_object_is_an_object(s3: Json, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="empty")
    assert s3.get_object(Bucket=bucket, Key="empty")["Body"].read() == b""


@pytest.mark.parametrize("algorithm", ["CRC32", "SHA1", "SHA256"])
def test_each_check_that_a_client_asks_for_is_kept(s3: Json, bucket: str, algorithm: str) -> None:
    stored = s3.put_object(Bucket=bucket, Key="k", Body=b"x" * 100_000, ChecksumAlgorithm=algorithm)
    found = s3.get_object(Bucket=bucket, Key="k", ChecksumMode="ENABLED")
    found["Body"].read()
    assert found[f"Checksum{algorithm}"] == stored[f"Checksum{algorithm}"]


def test_content_that_does_not_fit_its_check_is_not_stored(s3: Json, bucket: str) -> None:
    assert refused(s3.put_object, Bucket=bucket, Key="k", Body=b"x", ContentMD5="CY9rzUYh03PK3k6DJie09g==") == (
        "BadDigest",
        400,
    )
    assert refused(s3.put_object, Bucket=bucket, Key="k", Body=b"x", ChecksumCRC64NVME="AAAAAAAAAAA=") == (
        "BadDigest",
        400,
    )
    assert refused(s3.head_object, Bucket=bucket, Key="k") == ("404", 404)


@pytest.mark.parametrize(
    ("given", "content", "shown"),
    [
        ("bytes=2-4", b"234", "bytes 2-4/10"),
        ("bytes=7-", b"789", "bytes 7-9/10"),
        ("bytes=-2", b"89", "bytes 8-9/10"),
        ("bytes=5-100", b"56789", "bytes 5-9/10"),
    ],
)
def test_a_range_is_a_part_of_the_object(s3: Json, bucket: str, given: str, content: bytes, shown: str) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=b"0123456789")
    found = s3.get_object(Bucket=bucket, Key="k", Range=given)
    assert (found["Body"].read(), found["ContentRange"]) == (content, shown)
    assert found["ResponseMetadata"]["HTTPStatusCode"] == 206


def test_a_range_behind_the_end_is_refused(s3: Json, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=b"0123456789")
    assert refused(s3.get_object, Bucket=bucket, Key="k", Range="bytes=10-") == ("InvalidRange", 416)


def test_conditions_of_reads_and_writes_are_kept(s3: Json, bucket: str) -> None:
    tag = s3.put_object(Bucket=bucket, Key="k", Body=b"1", IfNoneMatch="*")["ETag"]
    assert refused(s3.put_object, Bucket=bucket, Key="k", Body=b"2", IfNoneMatch="*") == ("PreconditionFailed", 412)
    assert refused(s3.put_object, Bucket=bucket, Key="k", Body=b"2", IfMatch='"other"') == ("PreconditionFailed", 412)
    assert refused(s3.put_object, Bucket=bucket, Key="new", Body=b"2", IfMatch=tag) == ("NoSuchKey", 404)
    assert refused(s3.get_object, Bucket=bucket, Key="k", IfNoneMatch=tag) == ("304", 304)
    assert refused(s3.get_object, Bucket=bucket, Key="k", IfMatch='"other"') == ("PreconditionFailed", 412)
    s3.put_object(Bucket=bucket, Key="k", Body=b"2", IfMatch=tag)
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"2"


def test_missing_buckets_and_keys_have_the_errors_of_s3(s3: Json, bucket: str) -> None:
    assert refused(s3.get_object, Bucket="no-such-bucket-here", Key="k") == ("NoSuchBucket", 404)
    assert refused(s3.get_object, Bucket=bucket, Key="k") == ("NoSuchKey", 404)
    assert refused(s3.put_object, Bucket=bucket, Key="k" * 1025, Body=b"") == ("KeyTooLongError", 400)
    s3.delete_object(Bucket=bucket, Key="k")  # no error


def test_a_copy_has_the_content_and_the_chosen_metadata(s3: Json, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="from +", Body=b"content", Metadata={"a": "1"}, Tagging="x=1")
    source = {"Bucket": bucket, "Key": "from +"}
    s3.copy_object(Bucket=bucket, Key="same", CopySource=source)
    s3.copy_object(Bucket=bucket, Key="new", CopySource=source, MetadataDirective="REPLACE", Metadata={"b": "2"})
    s3.delete_object(Bucket=bucket, Key="from +")
    same, new = s3.get_object(Bucket=bucket, Key="same"), s3.get_object(Bucket=bucket, Key="new")
    assert (same["Body"].read(), same["Metadata"], same["TagCount"]) == (b"content", {"a": "1"}, 1)
    assert (new["Body"].read(), new["Metadata"]) == (b"content", {"b": "2"})
    same_place = {"Bucket": bucket, "Key": "same"}
    assert refused(s3.copy_object, **same_place, CopySource=same_place) == ("InvalidRequest", 400)


def test_lists_have_pages_prefixes_and_common_prefixes(s3: Json, bucket: str) -> None:
    keys = ["a/1", "a/2", "b", "c/d/1", "é", "z +&<"]
    for key in keys:
        s3.put_object(Bucket=bucket, Key=key, Body=b"1")
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, PaginationConfig={"PageSize": 2})
    assert [entry["Key"] for page in pages for entry in page["Contents"]] == sorted(keys, key=str.encode)
    found = s3.list_objects_v2(Bucket=bucket, Delimiter="/")
    assert [each["Prefix"] for each in found["CommonPrefixes"]] == ["a/", "c/"]
    assert [each["Key"] for each in found["Contents"]] == ["b", "z +&<", "é"]
    assert [each["Key"] for each in s3.list_objects(Bucket=bucket, Prefix="a/")["Contents"]] == ["a/1", "a/2"]
    pages = s3.get_paginator("list_objects").paginate(Bucket=bucket, Delimiter="/", PaginationConfig={"PageSize": 1})
    prefixes = [each["Prefix"] for page in pages for each in page.get("CommonPrefixes", [])]
    assert prefixes == ["a/", "c/"]


def test_several_objects_are_deleted_in_one_call(s3: Json, bucket: str) -> None:
    for key in ("a", "b", "c"):
        s3.put_object(Bucket=bucket, Key=key, Body=b"1")
    answer = s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "a"}, {"Key": "b"}, {"Key": "none"}]})
    assert [each["Key"] for each in answer["Deleted"]] == ["a", "b", "none"]
    assert [each["Key"] for each in s3.list_objects_v2(Bucket=bucket)["Contents"]] == ["c"]


def test_versions_stay_until_they_are_deleted_by_name(s3: Json, bucket: str) -> None:
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    first = s3.put_object(Bucket=bucket, Key="k", Body=b"1")["VersionId"]
    second = s3.put_object(Bucket=bucket, Key="k", Body=b"2")["VersionId"]
    marker = s3.delete_object(Bucket=bucket, Key="k")
    assert marker["DeleteMarker"]
    assert refused(s3.get_object, Bucket=bucket, Key="k") == ("NoSuchKey", 404)
    assert s3.get_object(Bucket=bucket, Key="k", VersionId=first)["Body"].read() == b"1"
    assert refused(s3.get_object, Bucket=bucket, Key="k", VersionId=marker["VersionId"])[1] == 405
    found = s3.list_object_versions(Bucket=bucket)
    assert [each["VersionId"] for each in found["Versions"]] == [second, first]
    assert [each["IsLatest"] for each in found["DeleteMarkers"]] == [True]
    s3.delete_object(Bucket=bucket, Key="k", VersionId=marker["VersionId"])
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"2"
    assert refused(s3.delete_bucket, Bucket=bucket) == ("BucketNotEmpty", 409)
    pages = s3.get_paginator("list_object_versions").paginate(Bucket=bucket, PaginationConfig={"PageSize": 1})
    assert [each["VersionId"] for page in pages for each in page["Versions"]] == [second, first]
    for version in (first, second):
        s3.delete_object(Bucket=bucket, Key="k", VersionId=version)
    s3.delete_bucket(Bucket=bucket)


@pytest.mark.parametrize(("name", "code"), [("bad", ("InvalidArgument", 400)), ("0" * 32, ("NoSuchVersion", 404))])
def test_a_name_that_no_version_can_have_is_an_invalid_argument(
    s3: Json, bucket: str, name: str, code: tuple[str, int]
) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=b"1")
    for call in (s3.get_object, s3.get_object_tagging):
        assert refused(call, Bucket=bucket, Key="k", VersionId=name) == code
    assert refused(s3.head_object, Bucket=bucket, Key="k", VersionId=name) == (str(code[1]), code[1])


def test_suspended_versioning_keeps_one_null_version(s3: Json, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=b"0")
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    kept = s3.put_object(Bucket=bucket, Key="k", Body=b"1")["VersionId"]
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Suspended"})
    for body in (b"2", b"3"):
        assert s3.put_object(Bucket=bucket, Key="k", Body=body)["VersionId"] == "null"
    found = s3.list_object_versions(Bucket=bucket)["Versions"]
    assert [each["VersionId"] for each in found] == ["null", kept]
    assert s3.get_object(Bucket=bucket, Key="k", VersionId="null")["Body"].read() == b"3"


def test_tags_of_objects_are_kept_changed_and_deleted(s3: Json, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=b"", Tagging="a=1&b=2")
    assert s3.get_object_tagging(Bucket=bucket, Key="k")["TagSet"] == [
        {"Key": "a", "Value": "1"},
        {"Key": "b", "Value": "2"},
    ]
    s3.put_object_tagging(Bucket=bucket, Key="k", Tagging={"TagSet": [{"Key": "c", "Value": "3"}]})
    assert s3.get_object_tagging(Bucket=bucket, Key="k")["TagSet"] == [{"Key": "c", "Value": "3"}]
    s3.delete_object_tagging(Bucket=bucket, Key="k")
    assert s3.get_object_tagging(Bucket=bucket, Key="k")["TagSet"] == []


def test_a_large_object_is_sent_in_parts_by_the_usual_transfer(s3: Json, bucket: str) -> None:
    content = bytes(range(256)) * (20 * MIB // 256)
    s3.upload_fileobj(io.BytesIO(content), bucket, "large")
    head = s3.head_object(Bucket=bucket, Key="large")
    assert head["ContentLength"] == len(content)
    assert head["ETag"].endswith('-3"')
    found = io.BytesIO()
    s3.download_fileobj(bucket, "large", found)
    assert found.getvalue() == content
    attributes = s3.get_object_attributes(Bucket=bucket, Key="large", ObjectAttributes=["ObjectParts", "ObjectSize"])
    assert attributes["ObjectParts"]["TotalPartsCount"] == 3


def test_a_multipart_upload_is_listed_completed_or_aborted(s3: Json, bucket: str) -> None:
    upload = s3.create_multipart_upload(Bucket=bucket, Key="k")["UploadId"]
    assert [each["UploadId"] for each in s3.list_multipart_uploads(Bucket=bucket)["Uploads"]] == [upload]
    place = {"Bucket": bucket, "Key": "k", "UploadId": upload}
    small = s3.upload_part(**place, PartNumber=1, Body=b"1")["ETag"]
    last = s3.upload_part(**place, PartNumber=2, Body=b"2")["ETag"]
    listed = [{"PartNumber": 1, "ETag": small}, {"PartNumber": 2, "ETag": last}]
    complete = s3.complete_multipart_upload
    assert refused(complete, **place, MultipartUpload={"Parts": listed}) == ("EntityTooSmall", 400)
    assert refused(complete, **place, MultipartUpload={"Parts": listed[::-1]}) == ("InvalidPartOrder", 400)
    wrong = [{"PartNumber": 3, "ETag": last}]
    assert refused(complete, **place, MultipartUpload={"Parts": wrong}) == ("InvalidPart", 400)
    assert [each["Size"] for each in s3.list_parts(**place)["Parts"]] == [1, 1]
    complete(**place, MultipartUpload={"Parts": listed[1:]})
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"2"
    assert refused(s3.list_parts, **place) == ("NoSuchUpload", 404)
    second = s3.create_multipart_upload(Bucket=bucket, Key="k")["UploadId"]
    s3.abort_multipart_upload(Bucket=bucket, Key="k", UploadId=second)
    assert "Uploads" not in s3.list_multipart_uploads(Bucket=bucket)


def test_a_part_can_be_copied_from_an_object(s3: Json, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="from", Body=b"0123456789")
    upload = s3.create_multipart_upload(Bucket=bucket, Key="to")["UploadId"]
    place = {"Bucket": bucket, "Key": "to", "UploadId": upload}
    source = {"CopySource": {"Bucket": bucket, "Key": "from"}, "CopySourceRange": "bytes=2-4"}
    tag = s3.upload_part_copy(**place, **source, PartNumber=1)["CopyPartResult"]["ETag"]
    s3.complete_multipart_upload(**place, MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": tag}]})
    assert s3.get_object(Bucket=bucket, Key="to")["Body"].read() == b"234"


def test_ranges_of_thousands_of_digits_are_no_fault_of_the_engine(s3: Json, bucket: str) -> None:
    """A number that Python does not convert is no range: the whole object comes, and no part is copied."""
    s3.put_object(Bucket=bucket, Key="key", Body=b"content")
    long = "9" * 5_000
    assert s3.get_object(Bucket=bucket, Key="key", Range=f"bytes=0-{long}")["Body"].read() == b"content"
    upload = s3.create_multipart_upload(Bucket=bucket, Key="copy")["UploadId"]
    part = {"Bucket": bucket, "Key": "copy", "UploadId": upload, "PartNumber": 1, "CopySource": f"{bucket}/key"}
    assert refused(s3.upload_part_copy, **part, CopySourceRange=f"bytes=0-{long}") == ("InvalidArgument", 400)


def test_a_page_that_is_an_object_has_no_part_in_the_console(s3: Json, bucket: str) -> None:
    """The console has the same origin: what an object contains must not act there with the cookies of a person."""
    s3.put_object(Bucket=bucket, Key="page", Body=b"<script>alert(1)</script>", ContentType="text/html")
    headers = s3.get_object(Bucket=bucket, Key="page")["ResponseMetadata"]["HTTPHeaders"]
    assert headers["content-security-policy"] == "sandbox"


def test_a_request_follows_one_that_is_refused_before_its_body(s3: Json, bucket: str) -> None:
    """The client waits for the server to ask for the body, and the next request has the same connection."""
    for _ in range(2):
        answer = refused(s3.put_object, Bucket=bucket, Key="key", Body=b"x", ContentMD5="AAAA")
        assert answer == ("InvalidDigest", 400)
        assert s3.list_objects_v2(Bucket=bucket)["KeyCount"] == 0


@pytest.mark.parametrize("kind", ["COMPOSITE", "FULL_OBJECT"])
def test_a_part_of_an_object_has_its_own_checksum(s3: Json, bucket: str, kind: str) -> None:
    """botocore compares the checksum of the answer with the content that it received."""
    place, check = {"Bucket": bucket, "Key": "key"}, {"ChecksumAlgorithm": "CRC32"}
    upload = {**place, "UploadId": s3.create_multipart_upload(**place, **check, ChecksumType=kind)["UploadId"]}
    parts = []
    for number, body in ((1, b"a" * 5 * 2**20), (2, b"b")):
        part = s3.upload_part(**upload, **check, PartNumber=number, Body=body)
        parts.append({"PartNumber": number, "ETag": part["ETag"], "ChecksumCRC32": part["ChecksumCRC32"]})
    s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": parts}, ChecksumType=kind)
    answer = s3.get_object(**place, PartNumber=2, ChecksumMode="ENABLED")
    assert (answer["Body"].read(), answer["ChecksumCRC32"]) == (b"b", parts[1]["ChecksumCRC32"])
    shown = s3.get_object_attributes(**place, ObjectAttributes=["ObjectParts"], MaxParts=1)["ObjectParts"]
    assert shown["Parts"] == [{"PartNumber": 1, "Size": 5 * 2**20, "ChecksumCRC32": parts[0]["ChecksumCRC32"]}]
    assert (shown["TotalPartsCount"], shown["IsTruncated"], shown["NextPartNumberMarker"]) == (2, True, 1)


def test_an_object_is_not_deleted_if_its_condition_cannot_be_kept(s3: Json, bucket: str) -> None:
    """Only directory buckets compare size and time."""
    s3.put_object(Bucket=bucket, Key="key", Body=b"content")
    time = s3.head_object(Bucket=bucket, Key="key")["LastModified"]
    for entry in ({"Size": 1}, {"LastModifiedTime": time}):
        answer = s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "key", **entry}]})
        assert [error["Code"] for error in answer["Errors"]] == ["NotImplemented"]
    assert refused(s3.delete_object, Bucket=bucket, Key="key", IfMatchSize=1) == ("NotImplemented", 501)
    assert s3.head_object(Bucket=bucket, Key="key")["ContentLength"] == 7


def test_errors_have_the_fields_of_s3(s3: Json, bucket: str) -> None:
    with pytest.raises(ClientError) as error:
        s3.abort_multipart_upload(Bucket=bucket, Key="key", UploadId="none")
    assert error.value.response["Error"]["UploadId"] == "none"
    assert error.value.response["ResponseMetadata"]["HostId"]
    with pytest.raises(ClientError) as error:
        s3.put_object(Bucket=bucket, Key="k" * 1025)
    assert error.value.response["Error"]["MaxSizeAllowed"] == "1024"


def test_an_acl_may_leave_an_object_to_its_owner_alone(s3: Json, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="key")
    s3.put_object_acl(Bucket=bucket, Key="key", ACL="bucket-owner-full-control")
    acl = s3.get_object_acl(Bucket=bucket, Key="key")
    s3.put_object_acl(Bucket=bucket, Key="key", AccessControlPolicy={each: acl[each] for each in ("Owner", "Grants")})
    answer = refused(s3.put_object_acl, Bucket=bucket, Key="key", ACL="public-read")
    assert answer == ("AccessControlListNotSupported", 400)
    assert refused(s3.put_object_acl, Bucket=bucket, Key="none", ACL="private") == ("NoSuchKey", 404)


def test_a_content_encoding_is_that_of_the_object_alone(s3: Json, bucket: str) -> None:
    """Its content is stored as it was sent, and a request without a body has the header too."""
    s3.put_object(Bucket=bucket, Key="key", Body=b"not compressed", ContentEncoding="gzip")
    s3.copy_object(
        Bucket=bucket, Key="copy", CopySource=f"{bucket}/key", ContentEncoding="br", MetadataDirective="REPLACE"
    )
    upload = s3.create_multipart_upload(Bucket=bucket, Key="parts", ContentEncoding="zstd")["UploadId"]
    s3.abort_multipart_upload(Bucket=bucket, Key="parts", UploadId=upload)
    assert [s3.head_object(Bucket=bucket, Key=key)["ContentEncoding"] for key in ("key", "copy")] == ["gzip", "br"]


def test_a_body_in_chunks_with_a_trailer_is_decoded(account: EngineAccount, s3: Json, bucket: str) -> None:
    """The SDKs for Java, C++ and JavaScript, and pyarrow, send objects so: boto3 does over TLS only."""
    url = s3.generate_presigned_url("put_object", Params={"Bucket": bucket, "Key": "key"})
    headers = {
        "Content-Encoding": "aws-chunked",
        "x-amz-content-sha256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
        "x-amz-decoded-content-length": "7",
        "x-amz-trailer": "x-amz-checksum-crc32",
        "Authorization": AUTHORIZATION.format(account.account_id),
    }
    for crc, status in (("/sUwqQ==", 200), ("AAAAAA==", 400)):
        body = f"7\r\ncontent\r\n0\r\nx-amz-checksum-crc32:{crc}\r\n\r\n".encode()
        assert put(url.partition("?")[0], headers, body) == status
    found = s3.get_object(Bucket=bucket, Key="key", ChecksumMode="ENABLED")
    assert (found["Body"].read(), found["ChecksumCRC32"]) == (b"content", "/sUwqQ==")
    assert "ContentEncoding" not in found


AUTHORIZATION = "AWS4-HMAC-SHA256 Credential={}/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=x"


def put(url: str, headers: dict[str, str], body: bytes) -> int:
    """Send a request as it is, and return the status of the answer."""
    address = urlsplit(url)
    with closing(HTTPConnection(address.netloc)) as connection:
        connection.request("PUT", address.path, body, headers)
        return connection.getresponse().status
