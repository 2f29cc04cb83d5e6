"""Build one engine from its parts: the services, the store, the runtime and the dispatcher."""

import asyncio
import logging
import os
import sqlite3
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from lamplighter.base.aws.service_model import ServiceModel
from lamplighter.base.errors import Unavailable
from lamplighter.base.json_text import Json
from lamplighter.base.modules import load_module, load_object
from lamplighter.base.world import World, real_world
from lamplighter.bus import Bus, Service
from lamplighter.engine import file_descriptors
from lamplighter.engine.config import OTLP_ENDPOINTS, EngineConfig, RuntimeChoice
from lamplighter.engine.dispatcher import Dispatcher
from lamplighter.engine.lazy.lazy_http import LazyHttp
from lamplighter.engine.lazy.lazy_runtime import LazyRuntime
from lamplighter.engine.lazy.lazy_service import LazyService
from lamplighter.engine.local_images import LocalImages
from lamplighter.engine.metrics_page.turn_times import TurnTimes
from lamplighter.engine.restored_work import examine_restored_work
from lamplighter.engine.retention import RetentionSweep
from lamplighter.engine.task_credentials import key_variables, role_variables
from lamplighter.engine.traces.port import Traces
from lamplighter.isolation.port import Isolation
from lamplighter.isolation.processes import WorkerProcesses
from lamplighter.outbound.aws import RemoteServices
from lamplighter.outbound.port import Http, Mail, Outbound
from lamplighter.outbound.program import NoPrograms, ShellPrograms
from lamplighter.runtime.composite import CompositeRuntime
from lamplighter.runtime.port import Runtime
from lamplighter.runtime.process.cgroups import find_cgroups
from lamplighter.runtime.process.runtime import ProcessRuntime
from lamplighter.services.ecs.service import Ecs
from lamplighter.services.ecs.tasks.supervisor_context import no_variables
from lamplighter.services.events.service import Events
from lamplighter.services.sns.tables import topics
from lamplighter.services.states.service import States
from lamplighter.store import engine_id, session_key
from lamplighter.store.data_directory import OBJECTS
from lamplighter.store.db import Store, damaged_database_error
from lamplighter.wire.models.catalog import ModelCatalog
from lamplighter.wire.models.service_models import SERVICES

log = logging.getLogger("lamplighter.engine")


class Engine:
    """One engine on a data directory. `open` creates it and resumes the work that the last engine left unfinished."""

    def __init__(
        self,
        config: EngineConfig,
        world: World,
        store: Store,
        runtime: Runtime,
        outbound: Outbound | None = None,
        isolation: Isolation | None = None,
    ) -> None:
        self.config = config
        self.world = world
        self.store = store
        self.runtime = runtime
        self.catalog = ModelCatalog()
        self.bus = Bus(store)
        self.call = self.bus.call
        if config.enforce_iam:
            self.bus.guard = load_object("lamplighter.services.iam.access.guard:IamGuard")(self.bus, world)
        self._remote = remote = RemoteServices(config.remote_endpoints)
        http = outbound.http if outbound else LazyHttp()
        self.isolation = isolation or WorkerProcesses()
        states = States(self.bus, world, self._model, self._find_model, remote, http, self.isolation)
        self.traces = _open_traces(config, self.bus, outbound)
        overdue_fired = asyncio.Event()
        self.ecs = ecs = self._make_ecs(remote, overdue_fired)
        self.outputs = ecs.outputs
        events = Events(
            self.bus, world, remote, self._validate, dropped=config.drop_events, aws_limits=config.aws_limits
        )
        lazy_services = list(self._lazy_services(remote, lambda: outbound or _outbound(config, http)))
        lazy_services += [each for each in self._storing_services() if each.name not in config.remote_endpoints]
        services: tuple[Service, ...] = (states, ecs, events, *lazy_services)
        self.services: dict[str, Service] = {service.name: service for service in services}
        for service in self.services.values():
            self.bus.serve(service.name, service.operations)
        for service in lazy_services:
            self.bus.serve(service.name, service.operations, service.load)
        self.turns = TurnTimes()
        self.retention = RetentionSweep(store, world, ecs.outputs, config.data_directory / "mail")
        self.dispatcher = Dispatcher(store, world, self.services, ecs.catch_up, overdue_fired, self.turns.wake)

    def _make_ecs(self, remote: RemoteServices, overdue_fired: asyncio.Event) -> Ecs:
        bus, config, traces = self.bus, self.config, self.traces
        return Ecs(
            bus,
            self.world,
            self.runtime,
            config.data_directory,
            remote,
            limits=lambda of_file: config.capacity.or_else(of_file).or_else(config.machine_capacity),
            secrets=config.secrets,
            credential_variables=key_variables(config.task_credentials),
            role_credentials=partial(role_variables, bus, config.task_credentials) if config.enforce_iam else None,
            deny=config.denied,
            added_variables=traces.container_variables if traces else no_variables,
            overdue_fired=overdue_fired,
            aws_limits=config.aws_limits,
        )

    def _lazy_services(self, remote: RemoteServices, outbound: Callable[[], Outbound]) -> Iterator[LazyService]:
        """Yield the services that an engine may never need."""
        bus, world, config = self.bus, self.world, self.config
        options = {"ask_by_mail": config.confirm_mail, "commands": config.allow_commands}
        data = _absolute(config.data_directory)
        yield LazyService(
            "scheduler",
            "lamplighter.services.scheduler.service:Scheduler",
            lambda build: build(bus, world, remote, self._find_model, self._validate),
        )
        yield LazyService(
            "sns",
            "lamplighter.services.sns.service:Sns",
            lambda build: build(
                bus, world, remote, outbound(), data, config.public_url, **options, secrets=config.secrets
            ),
            lambda: topics.any_exists(self.store.reader),
        )
        yield LazyService(
            "sqs", "lamplighter.services.sqs.service:Sqs", lambda build: build(self.store, world, config.public_url)
        )
        yield LazyService("logs", "lamplighter.services.logs.service:Logs", lambda build: build(bus, world))
        yield LazyService(
            "monitoring",
            "lamplighter.services.cloudwatch.service:CloudWatch",
            lambda build: build(bus, world, remote, self._validate, config.public_url),
        )
        yield LazyService(
            "alerts", "lamplighter.services.alerts.service:Alerts", lambda build: build(bus, config.public_url)
        )
        yield LazyService(
            "iam",
            "lamplighter.services.iam.service:Iam",
            lambda build: build(world, bus.guard, aws_limits=config.aws_limits),
        )
        yield LazyService("sts", "lamplighter.services.sts.service:Sts", lambda build: build(bus, world))
        yield LazyService(
            "cloudformation",
            "lamplighter.services.cloudformation.service:CloudFormation",
            lambda build: build(bus, world, remote, self._model, self._validate, aws_limits=config.aws_limits),
        )

    def _storing_services(self) -> Iterator[LazyService]:
        """Yield the services that store objects, parameters, secrets and names of images, unless they are elsewhere."""
        bus, world, config = self.bus, self.world, self.config
        data, images = _absolute(config.data_directory), LocalImages(config.runtime)
        yield LazyService(
            "s3", "lamplighter.services.s3.service:S3", lambda build: build(bus, world, data), (data / OBJECTS).is_dir
        )
        yield LazyService("ssm", "lamplighter.services.ssm.service:Ssm", lambda build: build(bus, data))
        yield LazyService(
            "ecr", "lamplighter.services.ecr.service:Ecr", lambda build: build(world, images, config.public_url)
        )
        yield LazyService(
            "secretsmanager",
            "lamplighter.services.secretsmanager.service:SecretsManager",
            lambda build: build(world, data),
        )

    def _validate(self, service: str, operation: str, params: Json) -> Json:
        is_known = service in SERVICES  # no model describes the engine's internal services
        return self.catalog.operation(service, operation).validate(params) if is_known else params

    def _model(self, service: str) -> ServiceModel:
        return self.catalog.service(service).model if service in SERVICES else self._remote.model(service)

    def _find_model(self, service: str) -> ServiceModel | None:
        return self._model(service) if service in SERVICES or self._remote.has_service(service) else None

    @classmethod
    async def open(
        cls,
        config: EngineConfig,
        world: World | None = None,
        runtime: Runtime | None = None,
        outbound: Outbound | None = None,
        isolation: Isolation | None = None,
    ) -> "Engine":
        """Open the store and start all services and the dispatcher; only tests pass the optional arguments."""
        clocks = world or real_world()
        store = Store(config.data_directory, clocks, new=config.start_empty)
        try:
            name = await store.write(lambda tx: engine_id.engine_id(tx, clocks.uuid))
            if config.enforce_iam:  # tasks get credentials that are made with this key
                await store.write(session_key.read_or_create)
            engine = cls(config, clocks, store, runtime or build_runtime(config, name, clocks), outbound, isolation)
            await examine_restored_work(store, engine.runtime)
            for service in engine.services.values():
                await service.start()
            await engine.dispatcher.start()
        except sqlite3.DatabaseError as error:
            await store.close()
            raise damaged_database_error(config.data_directory, error) from error
        except BaseException:
            await store.close()
            raise
        return engine

    async def disk_usage(self) -> Json:
        """Return what the data directory holds and how it grows (`engine/disk_usage.py`)."""
        disk_usage = await asyncio.to_thread(load_object, "lamplighter.engine.disk_usage:disk_usage")
        directory, now = self.config.data_directory, self.world.now()
        return await self.store.read_in_thread(lambda reader: disk_usage(reader, directory, now))

    async def metrics(self) -> bytes:
        """Return the engine's metrics in Prometheus' text format; those of jobs only while the disk can be read."""
        traces = self.traces.counts if self.traces else {}
        metrics = await asyncio.to_thread(load_module, "lamplighter.engine.metrics_page.metrics")
        whole: bytes = metrics.render_metrics(
            self.store.reader, self.world, turns=self.turns, traces=traces, errors=self.store.internal_errors
        )
        try:
            jobs: bytes = await self.store.read_in_thread(metrics.render_job_metrics)
            return whole + jobs
        except Unavailable as error:
            return whole + f"# The metrics of jobs are missing: {error}\n".encode()

    async def close(self) -> None:
        """Stop the engine. Tasks continue to run; the next engine takes them over."""
        self.turns.stop()
        await self.dispatcher.stop()
        if self.traces is not None:
            await self.traces.close()
        await self.close_unstarted()

    async def close_unstarted(self) -> None:
        """Close what an engine has open before it is started."""
        for service in self.services.values():
            await service.stop()
        await self.isolation.close()
        await self.runtime.close()
        await self.store.close()


def _open_traces(config: EngineConfig, bus: Bus, outbound: Outbound | None) -> Traces | None:
    """Return what sends traces, or None; its modules are imported only if the environment names a collector."""
    if not any(config.telemetry.get(name) for name in OTLP_ENDPOINTS):
        return None
    found: Traces | None = load_object("lamplighter.engine.traces.run_traces:open_traces")(
        bus, config.telemetry, outbound.http if outbound else LazyHttp()
    )
    return found


def build_runtime(config: EngineConfig, name: str, world: World) -> Runtime:
    """Return the runtime that the settings choose, for the containers of the engine with this id."""
    processes = ProcessRuntime(
        _absolute(config.data_directory) / "processes",
        world.now,
        file_limit=config.child_file_limit,
        has_room=file_descriptors.has_room,
        find_cgroups=lambda: find_cgroups(name, is_root=os.geteuid() == 0),
    )
    if config.runtime is RuntimeChoice.PROCESS:
        return processes
    docker = LazyRuntime("lamplighter.runtime.docker.runtime:DockerRuntime", lambda build: build(name, world.now))
    return docker if config.runtime is RuntimeChoice.DOCKER else CompositeRuntime(docker, processes)


def _outbound(config: EngineConfig, http: Http) -> Outbound:
    if config.smtp:
        mail: Mail = load_object("lamplighter.outbound.mail:SmtpMail")(config.smtp)
    else:
        mail = load_object("lamplighter.outbound.mail:MailFolder")(_absolute(config.data_directory) / "mail")
    # Jobs must not use the reserve of open files, but programs that deliver an alert may.
    has_room = partial(file_descriptors.has_room, reserve=0)
    programs = (
        ShellPrograms(file_limit=config.child_file_limit, has_room=has_room) if config.allow_commands else NoPrograms()
    )
    return Outbound(mail, http, programs)


def _absolute(path: Path) -> Path:
    return path.resolve()
