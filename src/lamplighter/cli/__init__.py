"""The hands: what a person types.

Promises exit codes that a script can use, and errors that say what to do. Refuses to know more than the engine's doors.
"""
