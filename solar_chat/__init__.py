"""Solar Chat: a Korean/English chat app that runs on the person's own machine.

Importing this package does nothing and pulls in nothing heavy; every room loads its libraries when it is first used.
The floors (who may import whom) are the import-linter contract in pyproject.toml.
"""

__version__ = "0.1.0"
