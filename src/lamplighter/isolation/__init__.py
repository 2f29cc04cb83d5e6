"""Run steps of an execution that may take long in worker processes with limits of time and memory.

`requests.py` defines the requests and answers them, `worker.py` is the worker process, `processes.py` keeps a few
workers, and `limits.py` limits them.
"""
