"""What the ItemReader and the ResultWriter of Map Runs need of the engine."""

from dataclasses import dataclass

from lamplighter.base.world import World
from lamplighter.bus import Bus
from lamplighter.outbound.aws import RemoteServices
from lamplighter.services.states.map_runs.map_run_driver import MapRunDriver
from lamplighter.services.states.map_runs.read_s3_items import S3Threads


@dataclass(frozen=True, slots=True)
class MapRunWorker:
    """A worker that calls S3 for Map Runs and reports the result to their driver."""

    bus: Bus
    world: World
    map_runs: MapRunDriver
    remote: RemoteServices
    threads: S3Threads
