"""Runs, seen from a terminal: found by the words that people use, read, followed; on AWS and on any engine alike."""
