"""Start a worker process: `python -m lamplighter.isolation FD LIMIT…`.

The process limits itself before it loads the modules that reserve memory; then it answers requests (`worker.py`).
"""

import socket
import sys

from lamplighter.base.modules import load_object
from lamplighter.isolation.limits import Limits, confine

if __name__ == "__main__":
    limits = Limits(*map(int, sys.argv[2:]))
    confine(limits)
    with socket.socket(fileno=int(sys.argv[1])) as ends, ends.makefile("rwb") as stream:
        load_object("lamplighter.isolation.worker:serve")(stream, limits)
