"""Implement S3: buckets with their settings, objects with their versions, and multipart uploads.

Guarantees that an answered request is durable: the content of an object is a synced file before a commit names it, and
a file is deleted after the commit that no longer names it. So a killed engine leaves no object without content; files
without an object are deleted at the next start.
"""
