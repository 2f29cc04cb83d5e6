"""Find what the arguments of commands name: jobs, runs, tasks and schedules."""
