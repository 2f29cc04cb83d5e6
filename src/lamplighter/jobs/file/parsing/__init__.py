"""Read the text of a job file, and report what is wrong in it by its line."""
