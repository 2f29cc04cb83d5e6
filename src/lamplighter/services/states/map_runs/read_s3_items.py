"""Read the items of a Map Run from S3: from an object, a list of objects, or the objects that a manifest lists.

Guarantees to read piece by piece, in the caller's thread. Raises States.ItemReaderFailed for an object that is not a
valid data set, and S3's own errors. See
https://docs.aws.amazon.com/step-functions/latest/dg/input-output-itemreader.html.
"""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import chain, islice
from typing import TypeVar, TypeVarTuple

from lamplighter.asl.execution.item_reader import decompress, read_items, read_lines, reader_failed
from lamplighter.asl.execution.messages import ReaderSettings
from lamplighter.base.aws import arn
from lamplighter.base.errors import AwsError
from lamplighter.base.file_body import FileBody
from lamplighter.base.json_text import Json, JsonError, loads
from lamplighter.base.modules import load_object
from lamplighter.base.world import World
from lamplighter.bus import Bus
from lamplighter.outbound.aws import Call, RemoteServices
from lamplighter.services.states.map_runs.map_run_role import caller_of_run
from lamplighter.services.states.tables.map_runs import MapRun
from lamplighter.wire.models import service_quirks
from lamplighter.wire.models.service_models import REST_XML, load_service
from lamplighter.wire.models.validate import compile_check

T = TypeVar("T")
Ts = TypeVarTuple("Ts")
S3, PARQUET = "s3", "PARQUET"
READ_PARQUET = "lamplighter.services.states.map_runs.read_parquet:read_rows"
CHUNK_BYTES = 2**18
"""The number of bytes that are read at once."""
MAX_S3_THREADS = 2
ATHENA_INPUT_TYPES = ("CSV", "JSON", "JSONL")


class S3Threads:
    """Runs what calls S3 in threads, a few at a time.

    Such a thread waits for the loop, and this engine's own S3 needs threads of the same pool for its answer. A loop has
    five threads or more; if all of them waited, the whole engine would hang.
    """

    def __init__(self) -> None:
        self._free = asyncio.Semaphore(MAX_S3_THREADS)

    async def run(self, function: Callable[[*Ts], T], *arguments: *Ts) -> T:
        """Run a function in a thread and return its result."""
        async with self._free:
            return await asyncio.to_thread(function, *arguments)


def s3_call_function(bus: Bus, remote: RemoteServices, run: MapRun) -> Call:
    """Return the function with which a thread calls S3 for a Map Run: this engine's own, if it has one.

    If the engine enforces IAM, the role of the state machine needs the permissions.
    """
    if not bus.serves_any(S3):
        return remote.call_function(S3, arn.parse_known(run.arn).region)
    loop, caller = asyncio.get_running_loop(), caller_of_run(bus, bus.store.reader, run)

    async def call_as_role(operation: str, parameters: Json) -> Json:
        bus.check_access(bus.store.reader, caller, S3, operation, parameters)
        return await bus.call(caller, S3, operation, parameters)

    def call(operation: str, parameters: Json) -> Json:
        shape = load_service(S3, REST_XML).model.operation_model(operation).input_shape
        compile_check(shape, service_quirks.quirks_of(S3))(parameters)
        return asyncio.run_coroutine_threadsafe(call_as_role(operation, parameters), loop).result()

    return call


def s3_error_message(refused: AwsError, world: World) -> str:
    """Compose the message of an S3 error in the form of AWS's SDK."""
    return (
        f"{refused.message} (Service: Amazon S3; Status Code: {refused.status}; Error Code: {refused.code}; "
        f"Request ID: {world.uuid()}; S3 Extended Request ID: {world.uuid()}; Proxy: null)"
    )


def read_s3_items(call: Call, settings: ReaderSettings) -> Iterator[Json]:
    """Yield the items, at most MaxItems; 0 means no limit."""
    config = settings.config
    if settings.action == "listObjectsV2":
        found = _listed_items(call, settings)
    elif config.get("ManifestType") == "ATHENA_DATA":
        found = _athena_items(call, settings)
    elif config.get("InputType") == "MANIFEST":
        found = _inventory_items(call, settings)
    elif config.get("InputType") == PARQUET:
        found = load_object(READ_PARQUET)(_read_object(call, settings.parameters))
    else:
        found = read_items(_read_object(call, settings.parameters), config)
    return islice(found, config.get("MaxItems") or None)


def _read_object(call: Call, parameters: Json) -> Iterator[bytes]:
    body = call("GetObject", parameters)["Body"]
    if isinstance(body, FileBody):
        yield from body.iter_chunks(CHUNK_BYTES)
        return
    yield from load_object("lamplighter.outbound.aws_client:read_chunks")(body, CHUNK_BYTES)


def _listed_items(call: Call, settings: ReaderSettings) -> Iterator[Json]:
    entries = _list_objects(call, settings.parameters)
    if settings.config.get("Transformation") != "LOAD_AND_FLATTEN":
        return map(_describe_entry, entries)
    bucket = settings.parameters.get("Bucket") if isinstance(settings.parameters, dict) else None
    places = ({"Bucket": bucket, "Key": entry["Key"]} for entry in entries)
    return _items_of_objects(call, places, settings)


def _list_objects(call: Call, parameters: Json) -> Iterator[Json]:
    more: Json = {}
    while True:
        answer = call("ListObjectsV2", parameters | more if isinstance(parameters, dict) else parameters)
        yield from answer.get("Contents", [])
        if not answer.get("IsTruncated"):
            return
        more = {"ContinuationToken": answer["NextContinuationToken"]}


def _describe_entry(entry: Json) -> Json:
    """Describe a listed object as AWS does: the key is "Etag", and the time is in seconds."""
    modified = entry["LastModified"]
    return {
        "Etag": entry.get("ETag"),
        "Key": entry["Key"],
        "LastModified": int(modified if isinstance(modified, (int, float)) else modified.timestamp()),
        "Size": entry["Size"],
        "StorageClass": entry.get("StorageClass", "STANDARD"),
    }


def _items_of_objects(call: Call, places: Iterable[Json], settings: ReaderSettings) -> Iterator[Json]:
    """Yield the items of several objects, one object after the other."""
    config = {name: value for name, value in settings.config.items() if name != "MaxItems"}
    return chain.from_iterable(read_items(_read_object(call, place), config) for place in places)


def _athena_items(call: Call, settings: ReaderSettings) -> Iterator[Json]:
    """Yield the items of all objects in the manifest of an Athena UNLOAD.

    The manifest has a line s3://bucket/key for each object.
    """
    if settings.config.get("InputType") not in ATHENA_INPUT_TYPES:
        raise reader_failed(f"the data of an Athena manifest cannot be read as {settings.config.get('InputType')}")
    urls = (line.strip() for line in read_lines(decompress(_read_object(call, settings.parameters))))
    return _items_of_objects(call, (_parse_s3_url(name) for name in urls if name), settings)


def _parse_s3_url(name: str) -> Json:
    scheme, _, rest = name.partition("://")
    bucket, _, key = rest.partition("/")
    if scheme != "s3" or not key:
        raise reader_failed(f"the manifest lists '{name}', expected s3://bucket/key")
    return {"Bucket": bucket, "Key": key}


def _inventory_items(call: Call, settings: ReaderSettings) -> Iterator[Json]:
    """Yield the rows of the CSV files in the manifest of an S3 inventory; each row describes an object."""
    manifest = _parse_inventory_manifest(b"".join(_read_object(call, settings.parameters)))
    if manifest["fileFormat"] != "CSV":
        raise reader_failed(f"the inventory's format is {manifest['fileFormat']}, but only CSV is supported")
    bucket = manifest["destinationBucket"].rpartition(":")[2]
    columns = [name.strip() for name in manifest["fileSchema"].split(",")]
    config: Mapping[str, Json] = {"InputType": "CSV", "CSVHeaderLocation": "GIVEN", "CSVHeaders": columns}
    places = ({"Bucket": bucket, "Key": file["key"]} for file in manifest["files"])
    yield from chain.from_iterable(read_items(_read_object(call, place), config) for place in places)


def _parse_inventory_manifest(text: bytes) -> Json:
    try:
        manifest = loads(text)
    except (JsonError, UnicodeDecodeError):
        manifest = None
    required = {"fileFormat": str, "destinationBucket": str, "fileSchema": str, "files": list}
    if not isinstance(manifest, dict) or not all(
        isinstance(manifest.get(name), kind) for name, kind in required.items()
    ):
        raise reader_failed("the object is not the manifest of an S3 inventory")
    if not all(isinstance(file, dict) and isinstance(file.get("key"), str) for file in manifest["files"]):
        raise reader_failed("the object is not the manifest of an S3 inventory")
    return manifest
