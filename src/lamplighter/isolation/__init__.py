"""Work of the machine that may take long, done in a process of its own with limits of time and memory.

`requests.py` says what can be asked and answers it, `worker.py` is the process, `processes.py` keeps a few of them, and
`limits.py` bounds them.
"""
