"""`python -m wharf` is the command `wharf`. Rule: everything is in cli."""

from wharf.cli import main

if __name__ == "__main__":
    main()
