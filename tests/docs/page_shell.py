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

SECONDS = 600
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
        kill -TERM "$engine" 2>/dev/null || true
        wait "$engine" || true
        engine=
    fi
}
# Wait until the engine has written a text into its log a number of times, or has ended.
wait_for_lines() {
    [ "$(grep -m "$2" -c "$1" <(tail -n +1 -F --pid="$engine" "$up_log" 2>/dev/null))" = "$2" ] ||
        { cat "$up_log" >&2; return 1; }
}
start_engine() {
    stop_engine
    : >"$up_log" # the shell in the background empties it too late for the wait below
    local ready='agrees with\|the stack .* is up'
    case " $* " in *" --template "*) ;; *) [ -e lamplighter.yaml ] || ready='listening on' ;; esac
    case " $* " in
        *" --port "*) command lamplighter "$@" >"$up_log" 2>&1 & ;;
        *) command lamplighter "$@" --port "$port" >"$up_log" 2>&1 & ;;
    esac
    engine=$!
    wait_for_lines "$ready" 1
}
lamplighter() {
    if [ "$1" = up ]; then start_engine "$@"; else command lamplighter "$@"; fi
}
write_file() {
    local before
    before=$(grep -c 'agrees with' "$up_log" || true)
    mkdir -p "$(dirname "$1")"
    cat >"$1.new"
    mv "$1.new" "$1"
    if [ -n "$engine" ] && [ "$1" = lamplighter.yaml ]; then wait_for_lines 'agrees with' $((before + 1)); fi
}
wait_for_file() {
    until compgen -G "$1" >/dev/null; do sleep 0.1; done
}
"""


def is_run(block: Block) -> bool:
    """Return whether the block's commands are run, and not only parsed."""
    return block.is_shell and not {"not run", "file"} & set(block.marks)


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
    for block in page.blocks:
        parts.append(f"at='{block.place}'")
        if "wait for" in block.marks:
            parts.append(f"wait_for_file '{block.marks['wait for']}'")
        if "first" in block.marks:
            parts.append(block.marks["first"])
        if "file" in block.marks:
            parts.append(f"write_file '{block.marks['file']}' <<'END OF FILE'\n{block.text}END OF FILE")
        elif is_run(block):
            text = block.text.replace("4566", str(port))
            code = block.marks.get("exit", "0")
            parts += [f"expected={code}", text, "last=$?", "expected=0", f'[ "$last" = {code} ]']
    return "\n".join(parts)


def run_page(page: Page, folder: Path, port: int) -> tuple[int, str]:
    """Run a page's blocks in a folder; return the exit code and the output."""
    home, work = folder / "home", folder / "work"
    home.mkdir()
    work.mkdir()
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
