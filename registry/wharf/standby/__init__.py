"""Several hosts that may open one registry's data, of which one has it open: the others stand by and pass requests on.

Rule: nothing here needs more than the file system that all of them share, and that it keeps locks between hosts.
"""
