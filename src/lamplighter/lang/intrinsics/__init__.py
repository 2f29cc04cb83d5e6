"""Evaluate the intrinsic functions of the Amazon States Language, such as `States.Format`."""
