"""The containers of a task: what each gets before it starts, and the order in which they start and stop."""
