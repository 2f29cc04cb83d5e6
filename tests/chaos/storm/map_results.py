"""Read the results that a Distributed Map wrote into a bucket."""

import json

from lamplighter.base.json_text import Json
from tests.chaos.storm.resources import BUCKET_MAP
from tests.served_engine import ServedEngine


def read_map_results(served: ServedEngine, output: Json, kind: str) -> Json:
    """Return the outputs of the children in the order of their numbers; the output itself of other executions."""
    if kind != BUCKET_MAP:
        return output
    place = output["ResultWriterDetails"]
    s3 = served.client("s3")
    manifest = json.loads(s3.get_object(Bucket=place["Bucket"], Key=place["Key"])["Body"].read())
    (file,) = manifest["ResultFiles"]["SUCCEEDED"]
    results = json.loads(s3.get_object(Bucket=place["Bucket"], Key=file["Key"])["Body"].read())
    return sorted(json.loads(each["Output"]) for each in results)
