"""Backups: one archive of index and content, taken while the registry serves, and the way back.

Rule: an archive is a data directory as blobs/paths.py draws it, so any tar unpacks it. Content comes first and the
index last, so one that was cut off has no index and is never taken for whole.
"""
