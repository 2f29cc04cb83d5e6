"""The article's batch, end to end, on this machine, in half a minute.

Starts an engine with the job file beside this one, in a temporary folder. The first run fails for want of a database
and waits for its retry; the engine is killed with SIGKILL meanwhile, started again, and the run goes on and succeeds.
The second run fails for good, and a mail tells of it. `--stay` keeps the engine up afterwards, to look at the console.
"""

import email
import email.policy
import re
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

LAMPLIGHTER = (sys.executable, "-m", "lamplighter")
JOB = "nightly-report"
PATIENCE = 60
"""The most seconds to wait for one event."""


class Engine:
    """`lamplighter up` in a folder; its output is shown."""

    def __init__(self, folder: Path) -> None:
        say("lamplighter up --runtime process")
        command = [*LAMPLIGHTER, "up", "--port", "0", "--runtime", "process"]
        self._process = subprocess.Popen(command, cwd=folder, stderr=subprocess.PIPE, text=True, bufsize=1)

    def says(self, text: str) -> None:
        """Show its output up to this text."""
        assert self._process.stderr is not None
        for line in self._process.stderr:
            print(f"    {line}", end="", flush=True)
            if text in line:
                return
        raise SystemExit(f"the engine ended with {self._process.wait()}")

    def kill(self) -> None:
        """Kill it with SIGKILL, so that it cannot clean up."""
        self._process.kill()
        self._process.wait()

    def stay(self) -> None:
        """Show its output until the user presses Ctrl-C."""
        say("look at the runs in the console, whose address is above; Ctrl-C ends the engine")
        with suppress(KeyboardInterrupt, SystemExit):
            self.says("\0")

    def stop(self) -> None:
        """Stop it as a user does, with Ctrl-C."""
        self._process.terminate()
        self._process.communicate()


def main() -> int:
    """Run the demo; return 0 if everything happened as expected."""
    with tempfile.TemporaryDirectory(prefix="lamplighter-demo-") as name:
        folder = Path(name)
        shutil.copy(Path(__file__).with_name("lamplighter.yaml"), folder)
        database = folder / "database"
        engine = Engine(folder)
        try:
            engine.says(f" {JOB}  ")
            first = run(folder, database)
            engine.says("attempt 1 failed")
            say("kill -9 the engine, while the run waits 10 s for its retry; the database comes back")
            engine.kill()
            database.touch()
            engine = Engine(folder)
            engine.says("succeeded")
            verb(folder, "history", first)
            say("the next night, the database is away for longer")
            database.unlink()
            second = run(folder, database)
            engine.says("failed after")
            show_mail(folder / ".lamplighter" / "mail")
            verb(folder, "history", second)
            if "--stay" in sys.argv:
                engine.stay()
        finally:
            engine.stop()
    say("all of it was kept in one file, and spoke AWS's APIs: see README.md")
    return 0


def run(folder: Path, database: Path) -> str:
    """Start a run now, as the schedule does at three; return its name."""
    return verb(folder, "run", JOB, "--env", f"DATABASE={database}").split("\n")[0]


def verb(folder: Path, *words: str) -> str:
    """Run a command line that a user would type."""
    say(f"lamplighter {' '.join(words)}")
    done = subprocess.run([*LAMPLIGHTER, *words], cwd=folder, stdout=subprocess.PIPE, text=True, check=True)
    print("".join(f"    {line}\n" for line in done.stdout.splitlines()), flush=True)
    return done.stdout.strip()


def show_mail(mails: Path) -> None:
    """Wait for a mail and show it; without a mail server, mails are files."""
    end = time.monotonic() + PATIENCE
    while not (found := sorted(mails.glob("*.eml"))):
        if time.monotonic() > end:
            raise SystemExit("no mail came")
        time.sleep(0.1)
    message = email.message_from_bytes(found[-1].read_bytes(), policy=email.policy.default)
    body = message.get_body(("plain",))
    say(f"a mail to {message['To']}: {message['Subject']}")
    text = body.get_content() if body is not None else ""
    print(re.sub("^", "    ", text.strip(), flags=re.MULTILINE), flush=True)


def say(text: str) -> None:
    """Print what happens next."""
    print(f"==> {text}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
