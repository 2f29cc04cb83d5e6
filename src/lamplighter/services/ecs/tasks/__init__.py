"""Run tasks, from RunTask to the status STOPPED."""
