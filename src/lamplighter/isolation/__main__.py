"""The process of its own: `python -m lamplighter.isolation FD LIMIT…`.

It limits itself before it loads anything that takes memory in advance, and then answers requests (`worker.py`).
"""

import socket
import sys

from lamplighter.base.modules import load_module
from lamplighter.isolation.limits import Limits, confine

if __name__ == "__main__":
    limits = Limits(*map(int, sys.argv[2:]))
    confine(limits)
    with socket.socket(fileno=int(sys.argv[1])) as ends, ends.makefile("rwb") as stream:
        load_module("lamplighter.isolation.worker").serve(stream, limits)
