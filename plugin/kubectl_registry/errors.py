"""What can keep a command from being carried out, with the exit status of each.

Rule: whatever a user can run into becomes one of these; the message is one or two lines that name the remedy, and
nobody ever sees a traceback for it.

    PluginError              1
    ├── UsageError           2  the command line, or what it names, makes no sense
    ├── NotFoundError        3  no such Registry, webhook, user or Secret
    │   └── NotInstalledError   the cluster does not know the kind
    ├── UnreachableError     4  no kubeconfig, no API server, no registry
    ├── ForbiddenError       5  not logged in to the cluster, or a right is lacking
    ├── RefusedError         6  a conflict, or the API server refused the change
    └── LateError            7  what was waited for did not come in time
"""

from __future__ import annotations

EXIT_STATUSES = {
    0: "all is well",
    1: "`doctor` found something broken, or a program that was started failed",
    2: "the command line makes no sense",
    3: "what was named does not exist, or Wharfinger is not installed",
    4: "the API server or the registry cannot be reached",
    5: "a right is lacking; the message names it",
    6: "the change was refused, or somebody else owns the field",
    7: "what was waited for did not come in time",
    130: "interrupted with Ctrl-C",
}


class PluginError(Exception):
    """The command cannot be carried out; the message is for the person who gave it."""

    status = 1


class UsageError(PluginError):
    """The command line, or what it names, makes no sense."""

    status = 2


class NotFoundError(PluginError):
    """There is no such thing."""

    status = 3


class NotInstalledError(NotFoundError):
    """The cluster does not know the kind."""


class UnreachableError(PluginError):
    """There is no way to the API server, or to the registry."""

    status = 4


class ForbiddenError(PluginError):
    """Not logged in to the cluster, or a right is lacking."""

    status = 5


class RefusedError(PluginError):
    """A conflict, or the API server refused the change."""

    status = 6


class LateError(PluginError):
    """What was waited for did not come in time."""

    status = 7
