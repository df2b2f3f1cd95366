"""Lets ``python -m qdstruct`` be the command line."""

from qdstruct.cli import main

if __name__ == "__main__":
    main()
