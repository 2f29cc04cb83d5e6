"""Serve the console: web pages that show current, past and future runs, and the few buttons that change something.

Guarantees that the console uses AWS's APIs through a port (`console/ports/port.py`), so that the same pages show an
engine or an AWS account. No page contains an inline script or style, and all foreign text is escaped. The console
stores nothing.
"""
