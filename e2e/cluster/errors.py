"""What can go wrong on the road to a cluster. Rule: every message says what to do about it."""


class ClusterError(RuntimeError):
    """The cluster cannot be brought up, used or taken down; the message names the remedy."""


class CommandError(ClusterError):
    """A program that we ran failed; carries its exit status and the end of what it printed."""

    def __init__(self, command: str, status: int, output: str) -> None:
        super().__init__(f"`{command}` failed with status {status}\n{output}".rstrip())
        self.status = status
        self.output = output


class UnusableMachineError(ClusterError):
    """This machine lacks something that the chosen provider needs."""
