"""Watch one plain process: record its start, its output and its exit code in files, even if the engine dies.

The launcher (`launcher_program.py`) forks a shim for each process. This module imports nothing of lamplighter, so that
launcher and shims stay small. Guarantees that the process runs at most once: `started` is on disk before the process
begins, and in a directory that contains it no process is started again. Guarantees that the shim's standard output
closes as soon as it is decided whether the process starts, and that the shim kills the processes that the process
leaves behind, except those that it may not kill. `process_directory.py` describes the files. If the engine names a
cgroup (`cgroups.py`), the process runs in it with its limits, and the shim outside of it; a process whose cgroup cannot
be made runs without limits.
"""

import ctypes
import errno
import fcntl
import os
import resource
import select
import signal
import time

MAX_RECORD_BYTES = 16 * 1024
"""The most bytes of a line in one record; the rest follows in further records, so that the shim's memory is bounded."""
CHUNK_BYTES = 64 * 1024
MAX_CHUNKS = 16
"""The most chunks that a full pipe holds: an escaped daemon that writes for ever must not delay the exit."""
IGNORED_SIGNALS = (signal.SIGHUP, signal.SIGINT, signal.SIGTERM)
"""Signals for the engine, or for a machine that shuts down: the shim stays to record the exit of its process."""
UNCHANGED_LIMIT = -2
"""The value that keeps a hard limit unchanged."""
OUT_OF_MEMORY = "oom"
"""The reason in `exit` if the kernel killed a process because the cgroup had no memory left."""
PR_SET_CHILD_SUBREAPER = 36
OOM_SCORE = "/proc/self/oom_score_adj"
"""The kernel's file with the protection of a process: see proc_pid_oom_score_adj(5)."""
C_LIBRARY = ctypes.CDLL(None)
"""The C library; the launcher opens it once for all shims."""
RESET_SIGNALS = (*IGNORED_SIGNALS, signal.SIGPIPE, signal.SIGXFSZ)
"""The signals whose handling the process must not inherit; Python itself ignores the last two."""


class ShimArguments:
    """The description of the process, from fields separated by NUL: no argument and no variable can contain one."""

    def __init__(self, text: bytes) -> None:
        self.place, self.directory, identity, limits, self.cgroup, cgroup_limits, count, *rest = text.split(b"\0")
        if rest.pop() != b"end":
            raise SystemExit("the engine died while it wrote the arguments")
        self.user_ids = [int(part) for part in identity.split()]
        self.limits = [[int(part) for part in limit.split()] for limit in limits.split(b",") if limit]
        self.cgroup_limits = [limit.split(b"=", 1) for limit in cgroup_limits.split(b",") if limit]
        self.arguments = rest[: int(count)]
        self.environment = dict(pair.split(b"=", 1) for pair in rest[int(count) :])


def main() -> None:
    """Read the arguments from the standard input; run the process unless it was started before."""
    with open(0, "rb", closefd=False) as arguments:
        shim_arguments = ShimArguments(arguments.read())
    os.chdir(shim_arguments.place)
    try:  # noqa: SIM105 - contextlib would make every shim larger
        os.mkfifo("alive", 0o600)
    except FileExistsError:
        pass  # An earlier shim has made it.
    alive = os.open("alive", os.O_RDWR | os.O_NONBLOCK)
    if take_lock(alive):
        run_process(shim_arguments, alive)


def take_lock(alive: int) -> bool:
    """Take the lock that shows that a shim lives; return False if another has it or the process was started before."""
    try:
        fcntl.flock(alive, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return not os.path.exists("started") and not os.path.exists("exit")


def run_process(shim_arguments: ShimArguments, alive: int) -> None:
    """Start the process, report to the engine, and stay until the process has ended."""
    out, child_out = os.pipe()
    err, child_err = os.pipe()
    log = os.open("log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    # Make the shim the parent of all descendants whose own parent ends:
    # https://man7.org/linux/man-pages/man2/PR_SET_CHILD_SUBREAPER.2const.html.
    C_LIBRARY.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    has_cgroup = make_cgroup(shim_arguments)
    pid, fault = fork_process(shim_arguments, child_out, child_err)
    signal.signal(signal.SIGCHLD, lambda _number, _frame: reap(pid))
    reap(pid)  # Children that ended before the handler was set.
    os.close(child_out)
    os.close(child_err)
    if fault:
        write_durably("exit", "refused", str(now()), "CannotStartContainerError: " + fault)
    release_engine()
    if fault:
        remove_cgroup(shim_arguments.cgroup)
        return
    copy_output(pid, {out: Output(b"o"), err: Output(b"e")}, log, alive)
    code = exit_code(pid)
    if os.fstat(log).st_size:
        os.fsync(log)
    write_durably(
        "exit", str(code), str(now()), OUT_OF_MEMORY if has_cgroup and ran_out_of_memory(shim_arguments) else ""
    )
    remove_cgroup(shim_arguments.cgroup)


def make_cgroup(shim_arguments: ShimArguments) -> bool:
    """Make the cgroup of the process; return False if there is none, and record why it could not be made."""
    if not shim_arguments.cgroup:
        return False
    try:
        try:  # noqa: SIM105
            os.mkdir(shim_arguments.cgroup)
        except FileExistsError:
            pass  # A shim that was killed has made it.
        for name, value in shim_arguments.cgroup_limits:
            write_existing(os.path.join(shim_arguments.cgroup, name), value)
    except OSError as error:
        record_missing_limits(error)
        remove_cgroup(shim_arguments.cgroup)
        shim_arguments.cgroup = b""
        return False
    return True


def join_cgroup(cgroup: bytes) -> None:
    """Move this process into its cgroup; if that fails, record why and continue without limits.

    The child does this itself while the shim writes `started`, because the kernel lets it wait for up to a millisecond.
    """
    try:
        write_existing(os.path.join(cgroup, b"cgroup.procs"), b"0")
    except OSError as error:
        record_missing_limits(error)


def record_missing_limits(error: OSError) -> None:
    """Write the file `unlimited`: why the process has no limits."""
    with open("unlimited", "w") as reason:
        reason.write(str(error))


def write_existing(name: bytes, content: bytes) -> None:
    """Write to a file of the kernel."""
    file = os.open(name, os.O_WRONLY)
    try:
        os.write(file, content)
    finally:
        os.close(file)


def ran_out_of_memory(shim_arguments: ShimArguments) -> bool:
    """Return whether the kernel killed a process of the cgroup because the cgroup had no memory left."""
    try:
        with open(os.path.join(shim_arguments.cgroup, b"memory.events")) as events:
            return any(line.startswith("oom_kill ") and line.split()[1] != "0" for line in events)
    except OSError:
        return False


def remove_cgroup(cgroup: bytes) -> None:
    """Remove the cgroup; if processes that the shim may not kill are left, the engine tries again later."""
    if cgroup:
        try:  # noqa: SIM105
            os.rmdir(cgroup)
        except OSError:
            pass


def fork_process(shim_arguments: ShimArguments, out: int, err: int) -> tuple[int, str]:
    """Fork, write `started`, and only then let the child execute the program.

    Return the child's pid and why the program could not start (empty if it did).
    """
    gate, opener = os.pipe()
    fault, failed = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(opener)
        exec_program(shim_arguments, gate, failed, out, err)
    os.close(failed)
    write_durably("started", str(pid), start_time(pid), boot(), str(now()))
    os.write(opener, b"!")
    os.close(opener)
    os.close(gate)
    with os.fdopen(fault, "rb") as reasons:  # The pipe closes by itself when the new program begins.
        return pid, reasons.read().decode(errors="replace")


def exec_program(shim_arguments: ShimArguments, gate: int, failed: int, out: int, err: int) -> None:
    """Execute the program in this child process; never returns."""
    try:
        os.setsid()
        if shim_arguments.cgroup:
            join_cgroup(shim_arguments.cgroup)
        for target, source in enumerate((os.open(os.devnull, os.O_RDONLY), out, err)):
            os.dup2(source, target)
        for number in RESET_SIGNALS:
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, [])
        reset_oom_score()
        for kind, soft, hard in shim_arguments.limits:
            resource.setrlimit(kind, (soft, resource.getrlimit(kind)[1] if hard == UNCHANGED_LIMIT else hard))
        if shim_arguments.user_ids:  # none: the process keeps the engine's user and groups
            user, *groups = shim_arguments.user_ids
            os.setgroups(groups)
            os.setgid(groups[0])
            os.setuid(user)
        os.chdir(shim_arguments.directory)
        if not os.read(gate, 1):
            os._exit(0)  # The shim died before `started` was on disk: the process must not begin.
        exec_from_path(shim_arguments)
    except BaseException as error:  # noqa: BLE001 - this is a child process: an error that it does not report is lost
        os.write(failed, explain_start_error(error, shim_arguments).encode())
    finally:
        os._exit(127)


def reset_oom_score() -> None:
    """Let the kernel end this process like any other if memory runs out; a service may protect the engine."""
    try:
        with open(OOM_SCORE) as score:
            protected = int(score.read()) < 0
        if protected:
            with open(OOM_SCORE, "w") as score:
                score.write("0")
    except OSError:
        pass  # There is no /proc, or it is read-only.


def exec_from_path(shim_arguments: ShimArguments) -> None:
    """Find the program in the PATH of its own environment and execute it; never returns.

    `os.execvpe` would do the same, but it first imports a module, which the new user may not be allowed to read.
    """
    program = shim_arguments.arguments[0]
    reason: OSError = FileNotFoundError()
    places = [b""] if b"/" in program else shim_arguments.environment.get(b"PATH", b"").split(b":")
    for place in places:
        try:
            os.execve(os.path.join(place, program), shim_arguments.arguments, shim_arguments.environment)  # noqa: S606 - no shell, on purpose
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError as error:
            reason = error
    raise reason


def explain_start_error(error: BaseException, shim_arguments: ShimArguments) -> str:
    """Return why the process cannot start, in Docker's words where Docker has some."""
    name = shim_arguments.arguments[0].decode(errors="replace")
    if not isinstance(error, OSError):
        return f'exec: "{name}": {error}'
    if error.filename == shim_arguments.directory:
        return f'chdir to cwd ("{os.fsdecode(shim_arguments.directory)}") failed: {error.strerror}'
    if isinstance(error, FileNotFoundError):
        return f'exec: "{name}": executable file not found in $PATH'
    return f'exec: "{name}": {error.strerror}'


def release_engine() -> None:
    """Close the standard streams that the engine reads: the start is decided, and the files show how."""
    null = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(null, number)


def reap(pid: int) -> None:
    """Reap adopted processes that have ended, but not the process itself, until its exit is recorded."""
    try:
        while (ended := os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)) and ended.si_pid != pid:
            os.waitpid(ended.si_pid, 0)
    except ChildProcessError:
        pass  # There are no children.


def copy_output(pid: int, outputs: "dict[int, Output]", log: int, alive: int) -> None:
    """Copy output lines to the log until the process ends; then kill its descendants and copy the remaining output."""
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
    try:  # noqa: SIM105
        os.killpg(pid, signal.SIGKILL)  # as a container's end does; the number stays reserved until the shim reaps it
    except (ProcessLookupError, PermissionError):
        pass
    kill_descendants(pid)
    for number, output in outputs.items():
        for _ in range(MAX_CHUNKS):
            if not copy_chunk(number, output, log, alive):
                break
        write(log, output.rest())


def copy_chunk(source: int, output: "Output", log: int, alive: int) -> bool:
    """Copy the available output and notify readers through `alive`; return False if there was nothing to copy."""
    try:
        chunk = os.read(source, CHUNK_BYTES)
    except BlockingIOError:
        return False
    write(log, output.add(chunk))
    try:  # noqa: SIM105
        os.write(alive, b".")
    except BlockingIOError:
        pass  # The FIFO is full: no reader has emptied it for a long time.
    return bool(chunk)


class Output:
    """Converts one stream into records of the log."""

    def __init__(self, stream_code: bytes) -> None:
        self.stream_code = stream_code
        self.pending = b""

    def add(self, chunk: bytes) -> bytes:
        """Add a chunk and return the records that it completes."""
        *lines, self.pending = (self.pending + chunk).split(b"\n")
        stamp = b"%d " % now()
        records = [stamp + self.stream_code + b" " + line + b"\n" for line in lines]
        while len(self.pending) > MAX_RECORD_BYTES:
            piece, self.pending = self.pending[:MAX_RECORD_BYTES], self.pending[MAX_RECORD_BYTES:]
            records.append(stamp + self.stream_code.upper() + b" " + piece + b"\n")
        return b"".join(records)

    def rest(self) -> bytes:
        """Return the last line if it had no line end."""
        return self.add(b"\n") if self.pending else b""


def kill_descendants(pid: int) -> None:
    """Kill the adopted descendants, and those that are adopted meanwhile, until none is left that the shim may kill."""
    spared = {pid}
    while others := [each for each in children() if each not in spared]:
        for each in others:
            try:
                os.kill(each, signal.SIGKILL)
                os.waitpid(each, 0)
            except PermissionError:
                spared.add(each)  # Its number stays reserved, because the shim does not reap it.


def children() -> list[int]:
    """Return the pids of the shim's children, by the kernel's own list or, in a kernel without it, by their parents."""
    try:
        with open(f"/proc/self/task/{os.getpid()}/children") as pids:
            return [int(pid) for pid in pids.read().split()]
    except FileNotFoundError:
        return [int(name) for name in os.listdir("/proc") if name.isdigit() and is_child(name)]


def is_child(name: str) -> bool:
    """Return whether a process is a child of the shim."""
    try:
        return int(stat(name)[1]) == os.getpid()
    except OSError:
        return False  # It has ended meanwhile.


def exit_code(pid: int) -> int:
    """Return the exit code without reaping, so that the pid stays reserved until the exit is recorded."""
    ended = os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    assert ended is not None
    return ended.si_status if ended.si_code == os.CLD_EXITED else 128 + ended.si_status


def write_durably(name: str, *lines: str) -> None:
    """Write a small file atomically; when this returns, the file and its directory entries are on disk."""
    while True:
        try:
            return write_file(name, "\n".join(lines).encode())
        except OSError as error:
            wait_for_room(error)


def write_file(name: str, content: bytes) -> None:
    """Write a temporary file, then rename it: no reader ever sees an incomplete file.

    The first file of the directory syncs the directory's own name, too.
    """
    draft = os.open(name + ".new", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        write(draft, content)
        os.fsync(draft)
    finally:
        os.close(draft)
    os.rename(name + ".new", name)
    for directory in (".",) if name == "exit" else (".", ".."):
        number = os.open(directory, os.O_RDONLY)
        os.fsync(number)
        os.close(number)


def write(descriptor: int, data: bytes) -> None:
    """Write all data. While the disk is full, wait and try again: the process waits too, and no output is lost."""
    while data:
        try:
            data = data[os.write(descriptor, data) :]
        except OSError as error:
            wait_for_room(error)


def wait_for_room(error: OSError) -> None:
    """Wait for a second if the disk is full; raise any other error again."""
    if error.errno not in (errno.ENOSPC, errno.EDQUOT):
        raise error
    time.sleep(1)


def start_time(pid: int) -> str:
    """Return the kernel's start time of a process, which tells it from a later one with the same pid."""
    return stat(str(pid))[19].decode()


def stat(name: str) -> list[bytes]:
    """Return the fields of `/proc/PID/stat` from the state on; the name before it may contain any character."""
    with open(f"/proc/{name}/stat", "rb") as said:
        return said.read().rpartition(b")")[2].split()


def boot() -> str:
    """Return the kernel's id of the current boot."""
    with open("/proc/sys/kernel/random/boot_id") as name:
        return name.read().strip()


def now() -> int:
    """Return the milliseconds since the epoch."""
    return time.time_ns() // 1_000_000
