"""Telling other programs of events: who is told, in what form, and the delivery that does not give up early."""
