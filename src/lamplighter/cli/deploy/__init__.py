"""The parts of `deploy`, `diff` and `destroy`, which manage a project as a stack, on AWS or on an engine."""
