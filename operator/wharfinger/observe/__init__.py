"""What is there: caches, referenced objects and the registry's own reports, gathered into one frozen `Observed`.

Rule: this package only reads.
"""
