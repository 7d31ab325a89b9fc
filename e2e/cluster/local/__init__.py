"""Provider `local`: a whole node from real processes in namespaces of its own, on bare Linux as root.

Rule: nothing of the node touches the host but one veth, two routes, one control group and one run directory.
"""
