"""What is to be done about one Registry: (Registry, Observed, now) -> Plan.

Rule: pure. No I/O, no clock, and randomness only through the `Mint` that is passed in.
"""
