"""The part of a recorded workload that stores objects, parameters and secrets, and queries logs."""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from unittest import mock

from lamplighter.base.file_body import ReceivedFile
from lamplighter.base.files import make_path
from lamplighter.base.json_text import Json
from lamplighter.services.secretsmanager import manage_secrets
from lamplighter.store import encryption
from lamplighter.store.data_directory import INCOMING_OBJECTS
from lamplighter.wire.object_upload import CHECKSUMS
from tests.chaos.facts import WorkloadRecord
from tests.chaos.seeded_fernet import seeded_fernet
from tests.engine_harness import EngineHarness

OBJECT_EXISTS = "SELECT 1 FROM s3_versions WHERE is_latest = 1 AND key || ' ' || etag = ?"
OBJECT_GONE = "SELECT 1 WHERE NOT EXISTS (SELECT 1 FROM s3_versions WHERE key = ?)"
PART_EXISTS = "SELECT 1 FROM s3_parts WHERE etag = ?"
PARAMETER_EXISTS = (
    "SELECT 1 FROM ssm_parameters JOIN ssm_parameter_versions ON parameter = id WHERE name || ' ' "
    "|| ssm_parameter_versions.version = ?"
)
SECRET_EXISTS = "SELECT 1 FROM secret_versions WHERE version = ?"
KEYS = 4
BUCKET = "night"


@contextmanager
def fixed_encryption(seed: int) -> Iterator[None]:
    """Let secrets be named and encrypted by a seed, so that a workload has the same writes each time."""
    rng = random.Random(seed)

    def random_key(alphabet: str, length: int) -> str:
        return "".join(rng.choices(alphabet, k=length))

    with (
        mock.patch.object(manage_secrets, "random_key", random_key),
        mock.patch.object(encryption, "Fernet", seeded_fernet(rng.randbytes)),
    ):
        yield


class StoredValues:
    """The client that stores values, and the facts that it is told."""

    def __init__(self, harness: EngineHarness, recorded: WorkloadRecord) -> None:
        self._harness = harness
        self._recorded = recorded
        self._etags: dict[str, str] = {}
        """The ETags of the objects that exist, by their keys."""

    def set_up(self) -> None:
        """Create the bucket and the secret."""
        self._harness.call("s3", "CreateBucket", Bucket=BUCKET)
        self._harness.call("secretsmanager", "CreateSecret", Name="database", SecretString="first")

    def store(self, number: int, rng: random.Random) -> None:
        """Do the work of one second."""
        key = f"key-{rng.randrange(KEYS)}"
        rng.choice((self._put, self._receive, self._upload, self._copy))(key, rng.randbytes(rng.choice((0, 700, 9000))))
        if rng.random() < 0.4:
            self._delete(f"key-{rng.randrange(KEYS)}")
        parameter = {"Name": "/token", "Value": f"value {number}", "Type": "SecureString", "Overwrite": True}
        version = self._harness.call("ssm", "PutParameter", **parameter)["Version"]
        self._recorded.add_fact(PARAMETER_EXISTS, f"/token {version}")
        given = {"SecretId": "database", "SecretString": f"secret {number}"}
        secret = self._harness.call("secretsmanager", "PutSecretValue", **given)["VersionId"]
        self._recorded.add_fact(SECRET_EXISTS, secret)

    def _put(self, key: str, body: bytes) -> None:
        self._change(key)
        self._told(key, self._harness.call("s3", "PutObject", Bucket=BUCKET, Key=key, Body=body)["ETag"])

    def _receive(self, key: str, body: bytes) -> None:
        """Put an object whose body came over HTTP: it is in a file that is not synced."""
        self._change(key)
        path = self._harness.directory / INCOMING_OBJECTS / key
        make_path(path.parent)
        path.write_bytes(body)
        checks = {name: CHECKSUMS[name]() for name in ("MD5", "CRC64NVME")}
        for check in checks.values():
            check.update(body)
        received = ReceivedFile(path, len(body), {name: check.digest() for name, check in checks.items()})
        self._told(key, self._harness.call("s3", "PutObject", Bucket=BUCKET, Key=key, Body=received)["ETag"])

    def _upload(self, key: str, body: bytes) -> None:
        place = {"Bucket": BUCKET, "Key": key}
        upload = {**place, "UploadId": self._harness.call("s3", "CreateMultipartUpload", **place)["UploadId"]}
        part = self._harness.call("s3", "UploadPart", **upload, PartNumber=1, Body=body)["ETag"]
        self._recorded.add_fact(PART_EXISTS, part.strip('"'))
        self._recorded.end_facts(PART_EXISTS, part.strip('"'))
        self._change(key)
        parts: Json = {"Parts": [{"PartNumber": 1, "ETag": part}]}
        answer = self._harness.call("s3", "CompleteMultipartUpload", **upload, MultipartUpload=parts)
        self._told(key, answer["ETag"])

    def _copy(self, key: str, body: bytes) -> None:
        self._put("source", body)
        self._change(key)
        given = {"Bucket": BUCKET, "Key": key, "CopySource": f"{BUCKET}/source"}
        self._told(key, self._harness.call("s3", "CopyObject", **given)["CopyObjectResult"]["ETag"])

    def _delete(self, key: str) -> None:
        self._change(key)
        self._harness.call("s3", "DeleteObject", Bucket=BUCKET, Key=key)
        self._recorded.add_fact(OBJECT_GONE, key)

    def _change(self, key: str) -> None:
        """Record that what the client knows of an object may change from now on."""
        self._recorded.end_facts(OBJECT_GONE, key)
        if key in self._etags:
            self._recorded.end_facts(OBJECT_EXISTS, f"{key} {self._etags.pop(key)}")

    def _told(self, key: str, etag: str) -> None:
        self._etags[key] = etag.strip('"')
        self._recorded.add_fact(OBJECT_EXISTS, f"{key} {self._etags[key]}")
