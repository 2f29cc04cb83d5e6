"""Run the shell blocks of a page as a reader does: in their order, in one shell, in an empty folder.

`lamplighter up` runs in the background, and the next command starts when the engine has applied the job file; another
`up` of the page first ends the running one. The engine listens on a port of its own instead of 4566.
"""

import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

from tests.docs.pages import Block, Page

SECONDS = 120
PROLOGUE = r"""
set -E
check_code() {
    local code=$?
    [ "$code" = "$expected" ] || { echo "$at: \`$1\` ended with $code" >&2; exit 99; }
}
trap 'check_code "$BASH_COMMAND"' ERR
trap 'stop_engine' EXIT
expected=0
engine=
stop_engine() {
    if [ -n "$engine" ]; then
        kill -INT "$engine" 2>/dev/null && tail --pid="$engine" -f /dev/null
        engine=
    fi
}
start_engine() {
    stop_engine
    case " $* " in
        *" --port "*) command lamplighter "$@" >"$up_log" 2>&1 & ;;
        *) command lamplighter "$@" --port "$port" >"$up_log" 2>&1 & ;;
    esac
    engine=$!
    local ready='agrees with'
    [ -e lamplighter.yaml ] || ready='listening on'
    if ! grep -q -m1 "$ready" <(tail -n +1 -F --pid="$engine" "$up_log" 2>/dev/null); then
        cat "$up_log" >&2
        return 1
    fi
}
lamplighter() {
    if [ "$1" = up ]; then start_engine "$@"; else command lamplighter "$@"; fi
}
"""


def shell_blocks(page: Page) -> list[Block]:
    """Return the blocks that are run."""
    return [each for each in page.blocks if each.is_shell and "not run" not in each.marks]


def write_files(page: Page, folder: Path) -> None:
    """Write the files that the page shows."""
    for block in page.blocks:
        if "file" in block.marks:
            file = folder / block.marks["file"]
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(block.text)


def page_script(page: Page, port: int) -> str:
    """Return the script that runs a page's blocks; it says where it failed and exits with 99."""
    parts = [PROLOGUE, f"port={port}"]
    for block in shell_blocks(page):
        parts.append(f"at='{block.place}'")
        text = block.text.replace("4566", str(port))
        parts += [f"expected={block.marks.get('exit', 0)}", text, "last=$?", '[ "$last" = "$expected" ]', "expected=0"]
    return "\n".join(parts)


def run_page(page: Page, folder: Path, port: int) -> tuple[int, str]:
    """Run a page's blocks in a folder; return the exit code and the output."""
    home, work = folder / "home", folder / "work"
    home.mkdir()
    work.mkdir()
    write_files(page, work)
    log = folder / "up.log"
    log.touch()
    environment = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "HOME": str(home),
        "TERM": "dumb",
        "up_log": str(log),
    }
    with (folder / "output").open("w+") as output:
        shell = subprocess.Popen(
            ["bash", "-c", page_script(page, port)],
            cwd=work, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True,
        )  # fmt: skip
        try:
            code = shell.wait(SECONDS)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(shell.pid, signal.SIGKILL)
        output.seek(0)
        return code, output.read()
