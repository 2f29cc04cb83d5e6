"""Read what happened in a run, why it failed and when the next runs begin, from AWS's answers and without IO.

Each question is answered once; the console, the command line, alerts and `doctor` show the answers in their own layout:

- What happened? `story.py` reads a history into visits and attempts; `state_status.py`, `transitions.py`, `waits.py`
  and `map_items.py` read more from the story.
- Why did it fail? `blamed_attempt.py` finds the attempt, and an alert names one only if it surely ended the run.
  `failure_words.py` says the reason in plain words. ECS's own words stand where the details of a task are shown.
- Why does it wait? `waiting.py`. Can it be continued? `redrive_outcome.py`. Did it recover? `recovery.py`.
- What does the job do, and when? `job_definition.py`, `upcoming_times.py`.

`printable_text.py` cleans all that a job or a stranger writes before a person reads it; `lamplighter logs` alone writes
output unchanged to a file or a pipe.
"""
