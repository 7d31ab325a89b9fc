"""One module for each command; `run` carries it out and gives the exit status, all else in it is pure."""
