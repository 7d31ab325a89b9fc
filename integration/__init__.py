"""The integration tests: the operator against a real API server, without nodes.

Rule: etcd and kube-apiserver are real, and so are RBAC, admission and the audit log; what needs a node is played by a
stand-in of some lines. Everything is on loopback and in a temporary directory, and gone at the end, whatever happens.
"""
