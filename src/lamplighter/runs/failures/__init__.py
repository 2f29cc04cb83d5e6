"""Why a run failed, in words for people.

`failure_words.py` words any failure. It uses `failed_starts.py` (why a task did not start), `failure_reasons.py` (how
the containers of a task ended) and `missing_statement.py` (which statement a role lacks).
"""
