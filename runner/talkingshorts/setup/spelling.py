"""Tell of a variable that `make` doesn't know, and would ignore without a word.

Runs on the user's bare Python, before anything is set up: the standard library alone.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from ..wording import suggest


def main(arguments: Sequence[str]) -> int:
    """Print what is near each unknown name, and return 2. The arguments are the unknown names, `--`, and the known."""
    end = arguments.index("--")
    unknown, known = arguments[:end], arguments[end + 1 :]
    for name in unknown:
        print(f"make has no variable {name}{suggest(name, known)}", file=sys.stderr)
    print(
        f"Its variables are: {' '.join(known)}. One for a program goes before it: NAME=VALUE make ...", file=sys.stderr
    )
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
