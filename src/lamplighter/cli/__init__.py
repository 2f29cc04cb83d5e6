"""The command line of `lamplighter`.

Guarantees exit codes that a script can use, and errors that tell the user what to do. The commands call the engine over
HTTP, at the AWS APIs and its own `/_lamplighter` paths; only `up`, which runs the engine, and `doctor` reach inside it.
"""
