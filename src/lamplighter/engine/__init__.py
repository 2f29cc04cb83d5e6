"""The composition root: the one place that knows every name.

Promises that an engine is an object (two in one process are a test), and that closing it, or killing it, changes
nothing of what it runs. Refuses any global.
"""
