"""`kubectl registry`: a kubectl plugin for those who use registries that Wharfinger keeps.

Rule: it talks to the API server and to the registry as any user would, with that user's rights, and imports neither the
operator nor the registry.
"""

__version__ = "0.1.0"
