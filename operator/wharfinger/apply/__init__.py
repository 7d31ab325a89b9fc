"""Carrying out a Plan: server-side apply, deletions, status, Events, pokes.

Rule: this package decides nothing about a Registry; it does what the plan says, in the plan's order.
"""
