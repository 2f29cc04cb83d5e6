"""Keeps one plain process: its start, its output and its exit code, in files, whatever becomes of the engine.

Run as a script, `python -I -S shim.py DIRECTORY < recipe`; it imports nothing of this program, so that it starts in
some 40 milliseconds. Promises to run the process at most once: `started` is on disk before the process begins, and a
directory that holds it is never begun again. Promises that its standard output closes as soon as the start is decided,
and that nothing that the process began outlives it. What the files mean is written in `process_directory.py`. Refuses
to limit memory: no rlimit counts what a process really uses.
"""

import ctypes
import errno
import fcntl
import os
import resource
import select
import signal
import sys
import time

PIECE = 16 * 1024
"""A line longer than this is written in pieces, so that no program can fill the shim's memory."""
CHUNK = 64 * 1024
MOST_CHUNKS = 16
"""What a pipe can hold at most; a daemon that escaped and writes for ever cannot hold the exit back."""
IGNORED = (signal.SIGHUP, signal.SIGINT, signal.SIGTERM)
"""Meant for the engine, or for a whole machine that shuts down: the shim stays to record how its process ended."""
SAME = -2
"""In place of a hard limit: it stays as it is."""
SUBREAPER = 36
"""PR_SET_CHILD_SUBREAPER."""
CHANGED = (*IGNORED, signal.SIGPIPE, signal.SIGXFSZ)
"""What the process must not inherit; Python itself ignores the last two."""


class Recipe:
    """What to run, from fields separated by NUL: no argument and no variable can contain one."""

    def __init__(self, text: bytes) -> None:
        directory, identity, limits, count, *rest = text.split(b"\0")
        if rest.pop() != b"end":
            raise SystemExit("the engine died while it wrote the recipe")
        self.directory = directory
        self.identity = [int(part) for part in identity.split()]
        self.limits = [[int(part) for part in limit.split()] for limit in limits.split(b",") if limit]
        self.arguments = rest[: int(count)]
        self.environment = dict(pair.split(b"=", 1) for pair in rest[int(count) :])


def main() -> None:
    """Run the recipe unless it has been begun before."""
    close_others()
    recipe = Recipe(sys.stdin.buffer.read())
    if os.fork():
        os._exit(0)  # The engine's own child ends here: it leaves no zombie and needs no one to wait for it.
    os.chdir(sys.argv[1])
    for number in IGNORED:
        signal.signal(number, signal.SIG_IGN)
    alive = os.open("alive", os.O_RDWR | os.O_NONBLOCK)
    if claim(alive):
        run(recipe, alive)


def close_others() -> None:
    """Close what whoever started us may have left open: the engine's port, its pipes.

    Those that are open, and not each number up to the limit: that may be a thousand million.
    """
    for name in os.listdir("/proc/self/fd"):
        if int(name) > 2:
            try:  # noqa: SIM105
                os.close(int(name))
            except OSError:
                pass  # It was open only for the list.


def claim(alive: int) -> bool:
    """Take the lock that says a shim lives; False if another one does, or the process was begun before."""
    try:
        fcntl.flock(alive, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return not os.path.exists("started") and not os.path.exists("exit")


def run(recipe: Recipe, alive: int) -> None:
    """Begin the process, let the engine know, and stay until it has ended."""
    out, child_out = os.pipe()
    err, child_err = os.pipe()
    log = os.open("log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    adopt()
    pid, fault = begin(recipe, child_out, child_err)
    signal.signal(signal.SIGCHLD, lambda _number, _frame: reap(pid))
    reap(pid)  # What ended before we listened.
    os.close(child_out)
    os.close(child_err)
    if fault:
        durable("exit", "refused", str(now()), "CannotStartContainerError: " + fault)
    release_engine()
    if fault:
        return
    copy_output(pid, {out: Output(b"o"), err: Output(b"e")}, log, alive)
    code = exit_code(pid)
    os.fsync(log)
    durable("exit", str(code), str(now()), "")


def begin(recipe: Recipe, out: int, err: int) -> tuple[int, str]:
    """Fork; write `started`; only then let the child become the process. Returns its pid and why it could not."""
    gate, opened = os.pipe()
    fault, failed = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(opened)
        become(recipe, gate, failed, out, err)
    os.close(failed)
    durable("started", str(pid), start_time(pid), boot(), str(now()))
    os.write(opened, b"!")
    os.close(opened)
    os.close(gate)
    with os.fdopen(fault, "rb") as reasons:  # Closes by itself when the new program begins.
        return pid, reasons.read().decode(errors="replace")


def become(recipe: Recipe, gate: int, failed: int, out: int, err: int) -> None:
    """Turn this child into the process; never returns."""
    try:
        os.setsid()
        if not os.read(gate, 1):
            os._exit(0)  # The shim died before `started` was on disk: nothing has begun.
        for target, source in enumerate((os.open(os.devnull, os.O_RDONLY), out, err)):
            os.dup2(source, target)
        for number in CHANGED:
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, [])
        for kind, soft, hard in recipe.limits:
            resource.setrlimit(kind, (soft, resource.getrlimit(kind)[1] if hard == SAME else hard))
        take_identity(recipe.identity)
        os.chdir(recipe.directory)
        execute(recipe)
    except BaseException as error:  # noqa: BLE001 - this is a child: what it does not report, no one learns
        os.write(failed, explain(error, recipe).encode())
    finally:
        os._exit(127)


def take_identity(identity: list[int]) -> None:
    """Become user and groups; an empty identity keeps the engine's."""
    if identity:
        user, *groups = identity
        os.setgroups(groups)
        os.setgid(groups[0])
        os.setuid(user)


def execute(recipe: Recipe) -> None:
    """Look the program up in the PATH of its own environment; never returns.

    `os.execvpe` would do, but it imports a module first, which the user that we have become may not be able to read.
    """
    program = recipe.arguments[0]
    reason: OSError = FileNotFoundError()
    places = [b""] if b"/" in program else recipe.environment.get(b"PATH", b"").split(b":")
    for place in places:
        try:
            os.execve(os.path.join(place, program), recipe.arguments, recipe.environment)  # noqa: S606 - no shell, on purpose
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError as error:
            reason = error
    raise reason


def explain(error: BaseException, recipe: Recipe) -> str:
    """Say why the process cannot start, in the words that Docker uses where it has some."""
    name = recipe.arguments[0].decode(errors="replace")
    if not isinstance(error, OSError):
        return f'exec: "{name}": {error}'
    if error.filename == recipe.directory:
        return f'chdir to cwd ("{os.fsdecode(recipe.directory)}") failed: {error.strerror}'
    if isinstance(error, FileNotFoundError):
        return f'exec: "{name}": executable file not found in $PATH'
    return f'exec: "{name}": {error.strerror}'


def release_engine() -> None:
    """Close what the engine listens to: the start is decided, and the files say how."""
    null = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(null, number)


def adopt() -> None:
    """Become the parent of what the process leaves behind, wherever it hides: what has lost its own comes to us.

    See https://man7.org/linux/man-pages/man2/PR_SET_CHILD_SUBREAPER.2const.html.
    """
    ctypes.CDLL(None).prctl(SUBREAPER, 1, 0, 0, 0)


def reap(pid: int) -> None:
    """Take away what has ended of those that came to us; the process itself stays until its exit is on record."""
    try:
        while (ended := os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)) and ended.si_pid != pid:
            os.waitpid(ended.si_pid, 0)
    except ChildProcessError:
        pass  # There is none.


def copy_output(pid: int, outputs: "dict[int, Output]", log: int, alive: int) -> None:
    """Copy lines to the log until the process has ended, then end what it left behind and copy what is left."""
    ended = os.pidfd_open(pid)
    poll = select.poll()
    for number in (ended, *outputs):
        os.set_blocking(number, False)
        poll.register(number, select.POLLIN)
    running = True
    while running:
        for number, _ in poll.poll():
            if number == ended:
                running = False
            elif not copy_chunk(number, outputs[number], log, alive):
                poll.unregister(number)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    end_group(pid)
    end_others(pid)
    for number, output in outputs.items():
        for _ in range(MOST_CHUNKS):
            if not copy_chunk(number, output, log, alive):
                break
        write(log, output.rest())


def copy_chunk(source: int, output: "Output", log: int, alive: int) -> bool:
    """Copy what is there and tell whoever follows; False if there is nothing (more)."""
    try:
        chunk = os.read(source, CHUNK)
    except BlockingIOError:
        return False
    write(log, output.take(chunk))
    try:  # noqa: SIM105 - contextlib would cost 5 ms of each start
        os.write(alive, b".")
    except BlockingIOError:
        pass  # No one has listened for a long time.
    return bool(chunk)


class Output:
    """Cuts one stream into records."""

    def __init__(self, mark: bytes) -> None:
        self.mark = mark
        self.pending = b""

    def take(self, chunk: bytes) -> bytes:
        """Return the records that are complete now."""
        *lines, self.pending = (self.pending + chunk).split(b"\n")
        stamp = b"%d " % now()
        records = [stamp + self.mark + b" " + line + b"\n" for line in lines]
        while len(self.pending) > PIECE:
            piece, self.pending = self.pending[:PIECE], self.pending[PIECE:]
            records.append(stamp + self.mark.upper() + b" " + piece + b"\n")
        return b"".join(records)

    def rest(self) -> bytes:
        """Return the last line if it had no end."""
        return self.take(b"\n") if self.pending else b""


def end_group(pid: int) -> None:
    """Kill the process's group, as a container's end does; the group's number stays ours until we reap."""
    try:  # noqa: SIM105
        os.killpg(pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        pass


def end_others(pid: int) -> None:
    """Kill what has come to us, and what comes to us as that dies, until there is none that we may kill."""
    while others := [each for each in children() if each != pid]:
        try:
            for each in others:
                os.kill(each, signal.SIGKILL)
                os.waitpid(each, 0)
        except PermissionError:
            return


def children() -> list[int]:
    """Those whose parent we are."""
    found = []
    for name in os.listdir("/proc"):
        try:
            if name.isdigit() and parent(name) == os.getpid():
                found.append(int(name))
        except OSError:
            pass  # It has ended meanwhile.
    return found


def parent(name: str) -> int:
    """The parent of a process."""
    return int(stat(name)[1])


def exit_code(pid: int) -> int:
    """Return the code without reaping, so that the pid belongs to this process until its exit is on record."""
    ended = os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    assert ended is not None
    return ended.si_status if ended.si_code == os.CLD_EXITED else 128 + ended.si_status


def durable(name: str, *lines: str) -> None:
    """Write a small file whole; it is on disk, with the directories that lead to it, when this returns."""
    while True:
        try:
            return write_file(name, "\n".join(lines).encode())
        except OSError as error:
            wait_for_room(error)


def write_file(name: str, content: bytes) -> None:
    """Write beside it, then rename: no reader ever sees half a file."""
    draft = os.open(name + ".new", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        write(draft, content)
        os.fsync(draft)
    finally:
        os.close(draft)
    os.rename(name + ".new", name)
    for directory in (".", ".."):
        number = os.open(directory, os.O_RDONLY)
        os.fsync(number)
        os.close(number)


def write(target: int, data: bytes) -> None:
    """Write all of it, however long the disk is full: the process waits meanwhile, and no output is lost."""
    while data:
        try:
            data = data[os.write(target, data) :]
        except OSError as error:
            wait_for_room(error)


def wait_for_room(error: OSError) -> None:
    """Let a second pass if the disk is full; any other error is raised again."""
    if error.errno not in (errno.ENOSPC, errno.EDQUOT):
        raise error
    time.sleep(1)


def start_time(pid: int) -> str:
    """Return the kernel's start time of a process: with the boot, it tells the pid from its next owner."""
    return stat(str(pid))[19].decode()


def stat(name: str) -> list[bytes]:
    """What the kernel says of a process, from its state on: its name, which goes before, may hold anything."""
    with open(f"/proc/{name}/stat", "rb") as said:
        return said.read().rpartition(b")")[2].split()


def boot() -> str:
    """Name the time since the machine came up."""
    with open("/proc/sys/kernel/random/boot_id") as name:
        return name.read().strip()


def now() -> int:
    """Milliseconds since the epoch."""
    return time.time_ns() // 1_000_000


if __name__ == "__main__":
    main()
