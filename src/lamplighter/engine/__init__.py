"""Build an engine and keep it running: the only package that imports every service.

Guarantees that an engine is an object (a test runs two in one process), and that neither closing nor killing it affects
the containers that it started. There are no global variables.
"""
