"""The parts of the commands about runs: they find, follow and print runs, on AWS or on an engine."""
