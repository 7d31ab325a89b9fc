"""The benchmark: wharf side by side with other registries, in one run on one machine. `make bench` runs it.

Rule: a figure is the median of rounds in which every server had its turn, and is read as a ratio: absolute numbers
belong to one machine and one day. Nothing here is a test; nothing fails for being slow.
"""
