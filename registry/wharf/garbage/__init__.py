"""Garbage: what goes and what stays, each with its reason, and the removal that is safe while pushes go on."""
