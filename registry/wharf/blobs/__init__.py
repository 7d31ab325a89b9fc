"""Content by digest. It knows bytes and upload sessions, never what a repository or a manifest means."""
