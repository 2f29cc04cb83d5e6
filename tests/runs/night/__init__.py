"""Tests of how the runs of a night are judged."""
