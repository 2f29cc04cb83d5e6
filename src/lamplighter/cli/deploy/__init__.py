"""The parts of `deploy`, `diff` and `destroy`: a project as a stack, on AWS or on an engine."""
