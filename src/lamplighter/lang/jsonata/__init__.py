"""Compile and evaluate JSONata expressions, and report their errors in AWS's words."""
