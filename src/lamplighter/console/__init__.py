"""The console: pages that show what runs, ran and will run, and the few buttons that change it.

Promises to know AWS's APIs only, through a port (`console/ports/port.py`), so that it shows an engine and an AWS
account alike; that no page holds a script or style of its own, and that every text of others is escaped. Refuses to
keep anything.
"""
