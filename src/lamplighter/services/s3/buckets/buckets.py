"""Create, list and delete buckets.

See https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html for names. A new bucket has AWS's
defaults since April 2023: no public access, no ACLs, encryption by S3.
"""

import re
from collections.abc import Iterator, Mapping

from lamplighter.base.json_text import Json
from lamplighter.bus import Caller
from lamplighter.operations.pages import Pages
from lamplighter.services.s3 import errors
from lamplighter.services.s3.buckets import lifecycle
from lamplighter.services.s3.buckets.find_bucket import find_bucket
from lamplighter.services.s3.object_files import ObjectFiles
from lamplighter.services.s3.tables import buckets as rows
from lamplighter.services.s3.tables import uploads, versions
from lamplighter.services.s3.tables.buckets import Bucket
from lamplighter.services.s3.uploads.delete_uploads import delete_upload
from lamplighter.store.db import Reader, Tx

DEFAULT_REGION = "us-east-1"
OLD_REGION = "EU"
"""The constraint of buckets that reside in eu-west-1 and were made with this old name."""
PAGES = Pages(
    lambda: errors.InvalidArgument("The continuation token is not valid"),
    "ContinuationToken",
    "MaxBuckets",
    10_000,
    wrong_size=lambda largest: errors.InvalidArgument(f"MaxBuckets must be between 1 and {largest}"),
)
GRANTS = ("GrantFullControl", "GrantRead", "GrantReadACP", "GrantWrite", "GrantWriteACP")
NO_PUBLIC_ACCESS = dict.fromkeys(
    ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), True
)
DEFAULT_SETTINGS: Mapping[str, Json] = {
    "PublicAccessBlockConfiguration": NO_PUBLIC_ACCESS,
    "OwnershipControls": {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]},
}
_NAME = re.compile(r"(?=.{3,63}$)[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?")
_ADDRESS = re.compile(r"\d+\.\d+\.\d+\.\d+", re.ASCII)
_RESERVED = (("xn--", "sthree-", "amzn-s3-demo-"), ("-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3"))
_REGION = re.compile(r"[a-z]{2}(?:-[a-z]+)+-\d|EU")


class Buckets:
    """The operations on buckets."""

    def __init__(self, files: ObjectFiles) -> None:
        self._files = files

    def create(self, tx: Tx, caller: Caller, params: Json) -> Json:
        """Handle CreateBucket."""
        name, region = params["Bucket"], _read_region(caller, params)
        _check_name(name)
        _check_features(params)
        if (found := rows.get(tx, name)) is not None:
            if found.account != caller.account:
                raise errors.BucketAlreadyExists
            if region != DEFAULT_REGION or found.region != DEFAULT_REGION:
                raise errors.BucketAlreadyOwnedByYou
            return {"Location": f"/{name}"}  # as us-east-1 answers for one's own bucket
        settings = dict(DEFAULT_SETTINGS)
        if ownership := params.get("ObjectOwnership"):
            settings["OwnershipControls"] = {"Rules": [{"ObjectOwnership": ownership}]}
        configuration = params.get("CreateBucketConfiguration") or {}
        if tags := configuration.get("Tags"):
            settings["Tagging"] = {"TagSet": tags}
        if configuration.get("LocationConstraint") == OLD_REGION:
            settings["LocationConstraint"] = OLD_REGION
        rows.insert(tx, Bucket(0, name, caller.account, region, tx.now, "", settings))
        return {"Location": f"/{name}", "BucketArn": f"arn:aws:s3:::{name}"}

    def head(self, reader: Reader, caller: Caller, params: Json) -> Json:
        """Handle HeadBucket."""
        bucket = find_bucket(reader, caller, params)
        return {"BucketRegion": bucket.region, "BucketArn": f"arn:aws:s3:::{bucket.name}", "AccessPointAlias": False}

    def delete(self, tx: Tx, caller: Caller, params: Json) -> None:
        """Handle DeleteBucket; multipart uploads that were not completed go with the bucket."""
        bucket = find_bucket(tx, caller, params)
        if versions.any_exists(tx, bucket.id):
            raise errors.BucketNotEmpty(bucket.name)
        for upload in uploads.started_before(tx, bucket.id, 2**62, -1):
            delete_upload(tx, self._files, upload)
        lifecycle.stop(tx, bucket)
        rows.delete(tx, bucket.id)

    def list(self, reader: Reader, caller: Caller, params: Json) -> Json:
        """Handle ListBuckets."""
        prefix, region = params.get("Prefix", ""), params.get("BucketRegion")

        def read(after: str, most: int) -> Iterator[Bucket]:
            found = rows.page(reader, caller.account, after, -1 if region else most, prefix=prefix)
            return (each for each in found if region in (None, each.region))

        found, more = PAGES.cut(params, "", read, lambda bucket: bucket.name)
        shown = [
            {
                "Name": each.name,
                "CreationDate": each.created // 1000,
                "BucketRegion": each.region,
                "BucketArn": f"arn:aws:s3:::{each.name}",
            }
            for each in found
        ]
        owner = {"ID": owner_id(caller.account)}
        return {"Buckets": shown, "Owner": owner, **more, **({"Prefix": prefix} if prefix else {})}


def owner_id(account: str) -> str:
    """Return the canonical ID of an account: 64 hexadecimal digits, as AWS's are."""
    return account.rjust(64, "0")


def _check_name(name: str) -> None:
    starts, ends = _RESERVED
    if not _NAME.fullmatch(name) or ".." in name or _ADDRESS.fullmatch(name) or name.startswith(starts):
        raise errors.InvalidBucketName(name)
    if name.endswith(ends):
        raise errors.InvalidBucketName(name)


def _read_region(caller: Caller, params: Json) -> str:
    location = (params.get("CreateBucketConfiguration") or {}).get("LocationConstraint")
    if location is not None and (location == DEFAULT_REGION or not _REGION.fullmatch(location)):
        raise errors.InvalidLocation
    region = {None: DEFAULT_REGION, OLD_REGION: "eu-west-1"}.get(location, location)
    if caller.region not in (region, DEFAULT_REGION):
        raise errors.IllegalLocation("unspecified" if location is None else location)
    return str(region)


def _check_features(params: Json) -> None:
    """Refuse what a bucket of this engine cannot have."""
    if params.get("ObjectLockEnabledForBucket"):
        raise errors.NotImplementedHere("This engine has no Object Lock")
    if (params.get("CreateBucketConfiguration") or {}).get("Bucket"):
        raise errors.NotImplementedHere("This engine has no directory buckets")
    check_acl(params)


def check_acl(params: Json) -> None:
    """Refuse an ACL that grants something to another account: only the owner uses this engine's buckets."""
    if (params.get("ACL") or "private") not in ("private", "bucket-owner-full-control", "bucket-owner-read"):
        raise errors.AclNotSupported
    if any(params.get(name) for name in GRANTS):
        raise errors.AclNotSupported
