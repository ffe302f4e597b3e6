"""`python -m talkingshorts` does what the console script does."""

import sys

from .cli.main import main

if __name__ == "__main__":
    sys.exit(main())
