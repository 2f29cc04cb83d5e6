"""Make the image of a pause container: a program that does nothing, for each architecture that Docker runs on.

A pause container keeps the namespaces that the containers of a task share, as that of ECS's agent does: a namespace
ends with its first process. The image is made here instead of pulled, so that a machine without internet has it. Its
one file is an ELF program of two system calls: it ignores SIGCHLD, so that the kernel reaps the processes that become
its children when it is the first one of a PID namespace; then it pauses for ever. The same bytes are made each time, so
the name of the image stands for its content. Rejects an architecture for which there is no program.
See https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-networking-awsvpc.html,
https://refspecs.linuxfoundation.org/elf/gabi4+/contents.html and
https://github.com/moby/docker-image-spec/blob/main/spec.md.
"""

import hashlib
import io
import struct
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass, replace

from lamplighter.base.json_text import Json, dump_bytes
from lamplighter.runtime.port import ContainerSpec, cannot_start

PROGRAM = "/pause"
REPOSITORY = "lamplighter-pause"
_NOBODY = "65535:65535"
_ADDRESS = 0x400000
"""The address of the file's first byte in memory."""
_ACTION_BYTES = 32
"""The size of the `sigaction` structure before the code: its first member is SIG_IGN, which is 1; the others are 0."""


@dataclass(frozen=True, slots=True)
class _Machine:
    """What the program for one architecture consists of."""

    elf_number: int
    """`e_machine` of ELF's header."""
    code: bytes
    """rt_sigaction(SIGCHLD, the structure before the code, NULL, 8), and then pause() or ppoll(), again and again."""
    bits: int = 64
    order: str = "<"
    """The byte order as `struct` has it."""
    flags: int = 0


_MACHINES: Mapping[str, _Machine] = {
    "amd64": _Machine(
        62,
        bytes.fromhex(
            "bf11000000 488d35d4ffffff 31d2 41ba08000000 b80d000000 0f05"  # mov edi; lea rsi; xor edx; mov r10d, eax
            "b822000000 0f05 ebf7"  # mov eax; syscall; jmp
        ),
    ),
    "arm64": _Machine(
        183,
        bytes.fromhex(
            "200280d2 e1feff10 020080d2 030180d2 c81080d2 010000d4"  # mov x0; adr x1; mov x2, x3, x8; svc
            "000080d2 010080d2 020080d2 030080d2 280980d2 010000d4 faffff17"  # mov x0 to x3, x8; svc; b
        ),
    ),
    "arm": _Machine(
        40,
        bytes.fromhex(
            "1100a0e3 2c104fe2 0020a0e3 0830a0e3 ae70a0e3 000000ef"  # mov r0; adr r1; mov r2, r3, r7; svc
            "1d70a0e3 000000ef fcffffea"  # mov r7; svc; b
        ),
        bits=32,
        flags=0x05000400,  # EABI version 5, hard floats
    ),
    "riscv64": _Machine(
        243,
        bytes.fromhex(
            "13051001 97050000 9385c5fd 13060000 93068000 93086008 73000000"  # li a0; auipc, addi a1; li a2…; ecall
            "13050000 93050000 13060000 93060000 93089004 73000000 6ff09ffe"  # li a0 to a3, a7; ecall; j
        ),
    ),
    "ppc64le": _Machine(
        21,
        bytes.fromhex(
            "11006038 4000803c 78008460 0000a038 0800c038 ad000038 02000044"  # li r3; lis, ori r4; li r5, r6, r0; sc
            "1d000038 02000044 f8ffff4b"  # li r0; sc; b
        ),
        flags=2,  # ABI version 2
    ),
    "s390x": _Machine(
        22,
        bytes.fromhex(
            "a7290011 c030ffffffee a7490000 a7590008 0aae"  # lghi r2; larl r3; lghi r4, r5; svc
            "0a1d a7f4ffff"  # svc; j
        ),
        order=">",
    ),
}
"""By Docker's name of the architecture. Each was assembled by GNU as, and run by QEMU or on such a machine."""


@dataclass(frozen=True, slots=True)
class PauseImage:
    """An image as Docker loads it."""

    name: str
    archive: bytes


def make_pause_image(architecture: str) -> PauseImage:
    """Return the image for an architecture, by Docker's name. Raises `CannotStart` if there is none."""
    if architecture not in _MACHINES:
        raise cannot_start(f"there is no pause container for the architecture {architecture} of Docker's machine")
    layer = _tar({PROGRAM[1:]: pause_program(architecture)})
    config = dump_bytes(_image_config(architecture, layer))
    digest = hashlib.sha256(config).hexdigest()
    name = f"{REPOSITORY}:{digest[:12]}"
    manifest: Json = [{"Config": f"{digest}.json", "RepoTags": [name], "Layers": ["layer.tar"]}]
    return PauseImage(name, _tar({f"{digest}.json": config, "layer.tar": layer, "manifest.json": dump_bytes(manifest)}))


def with_pause_program(container: ContainerSpec, image: PauseImage) -> ContainerSpec:
    """Return a pause container with its program, which has no rights and does not have to be asked to stop."""
    return replace(
        container,
        image=image.name,
        entry_point=(PROGRAM,),
        user=_NOBODY,
        read_only_root=True,
        dropped_capabilities=("ALL",),
        stop_signal="SIGKILL",  # the first process of a PID namespace ignores other signals that it does not handle
    )


def pause_program(architecture: str) -> bytes:
    """Return the program for an architecture as an ELF file."""
    machine = _MACHINES[architecture]
    order, is_64 = machine.order, machine.bits == 64
    action = struct.pack(order + ("Q" if is_64 else "I"), 1).ljust(_ACTION_BYTES, b"\0")
    header_size, segment_size = (64, 56) if is_64 else (52, 32)
    before = header_size + segment_size
    size = before + len(action) + len(machine.code)
    identity = b"\x7fELF" + bytes([2 if is_64 else 1, 1 if order == "<" else 2, 1]) + bytes(9)
    form = "HHIQQQIHHHHHH" if is_64 else "HHIIIIIHHHHHH"
    entry, executable = _ADDRESS + before + len(action), 2
    header = struct.pack(
        order + form, executable, machine.elf_number, 1, entry, header_size, 0, machine.flags,
        header_size, segment_size, 1, 0, 0, 0,
    )  # fmt: skip
    return identity + header + _segment(machine, size) + action + machine.code


def _segment(machine: _Machine, size: int) -> bytes:
    """Return the program header of the one segment, which is the whole file: read and executed, never written."""
    load, readable_and_executable, alignment = 1, 5, 0x10000
    places = (0, _ADDRESS, _ADDRESS, size, size)
    if machine.bits == 64:
        return struct.pack(machine.order + "IIQQQQQQ", load, readable_and_executable, *places, alignment)
    return struct.pack(machine.order + "IIIIIIII", load, *places, readable_and_executable, alignment)


def _image_config(architecture: str, layer: bytes) -> Json:
    return {
        "architecture": architecture,
        "os": "linux",
        "config": {"Entrypoint": [PROGRAM]},
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{hashlib.sha256(layer).hexdigest()}"]},
    }


def _tar(files: Mapping[str, bytes]) -> bytes:
    """Return an archive of executable files, which is the same each time."""
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w", format=tarfile.USTAR_FORMAT) as opened:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(content), 0o755
            opened.addfile(entry, io.BytesIO(content))
    return archive.getvalue()
