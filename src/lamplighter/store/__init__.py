"""What is true, on disk: one SQLite file, one writer, group commit.

Promises that a write has been committed with synchronous=FULL before its future resolves, and that a turn of writes is
kept whole or not at all. Refuses to know what the rows mean: each family of rows has a file of plain functions.
See https://www.sqlite.org/wal.html and https://www.sqlite.org/pragma.html#pragma_synchronous.
"""
