"""The AWS services that this program is.

Promises that each answers as AWS does, keeps what it accepted, and goes on after a crash. Refuses to know its siblings:
services meet on the bus only.
"""
