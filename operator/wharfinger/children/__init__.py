"""The Kubernetes objects that a Registry becomes: one module and one template per kind of child.

Rule: pure; values in, manifest out. What the values are is decided in `wharfinger.decide`.
"""
