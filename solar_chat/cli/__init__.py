"""The command line: reads arguments, puts the rooms together, opens a door.

The only room that prints, and the only one that turns an error into an exit code: 1 with one line on stderr for what a person can mend, 2 for bad
usage. Nothing heavy is imported until a command needs it, so that `--help` answers at once.
"""

from solar_chat.cli.main import main

__all__ = ["main"]
