"""The parts of `lamplighter up`: they read a job file or templates, apply the stacks, and keep them applied."""
