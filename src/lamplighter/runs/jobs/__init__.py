"""What is known of a job from its state machine and its schedules."""
