"""`python -m bench`: see cli."""

from bench.cli import main

main()
