"""The index: which repository holds what, and the outbox of events. It knows digests, never files."""
