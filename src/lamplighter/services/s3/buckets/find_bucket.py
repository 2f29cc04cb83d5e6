"""Find the bucket of a request."""

import re

from lamplighter.base.errors import require
from lamplighter.base.json_text import Json
from lamplighter.bus import Caller
from lamplighter.services.s3 import errors
from lamplighter.services.s3.tables import buckets
from lamplighter.services.s3.tables.buckets import Bucket
from lamplighter.store.db import Reader

NO_ACCOUNT = "0" * 12
ACCOUNT = re.compile("[0-9]{12}")


def find_bucket(reader: Reader, caller: Caller, params: Json) -> Bucket:
    """Return the bucket that a request names. Raises NoSuchBucket, and AccessDenied for one of another account."""
    name = params["Bucket"]
    if ACCOUNT.fullmatch(params.get("ExpectedBucketOwner", NO_ACCOUNT)) is None:
        raise errors.InvalidBucketOwner
    found = require(buckets.get(reader, name), lambda: errors.NoSuchBucket(name))
    if found.account != caller.account or params.get("ExpectedBucketOwner", found.account) != found.account:
        raise errors.AccessDenied
    return found
