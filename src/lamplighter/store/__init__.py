"""Store the engine's data on disk: one SQLite file, one writer, group commit.

Guarantees that a write is committed with `synchronous=FULL` before its future resolves, and that a turn of writes is
kept whole or not at all. This package does not interpret the rows: each family of rows has its own file of plain
functions.
See https://www.sqlite.org/wal.html and https://www.sqlite.org/pragma.html#pragma_synchronous.
"""
