"""Provider `kind`: a node in a container of a Docker engine.

Rule: the node image comes from outside, never from here.
"""
