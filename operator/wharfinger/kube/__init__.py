"""The road to the API server: client, informers, cache and work queue.

Rule: nothing here knows what a Registry means; it moves Kubernetes objects and keys.
"""
