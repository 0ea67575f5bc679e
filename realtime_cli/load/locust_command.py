"""Locust's command line, which takes no options from files of the folder that the user stands in.

Locust reads ``locust.conf`` and ``pyproject.toml`` there: a folder of strangers could name files to write
over, and open a web page to the network. The user's own ``~/.locust.conf`` counts.
"""

from __future__ import annotations

from locust import argument_parser
from locust.main import main

OWN_FILES = ("~/.locust.conf",)


def _without_files_of_the_folder() -> None:
    for make in (argument_parser.get_empty_argument_parser, argument_parser.get_parser):
        *others, _ = make.__defaults__ or ()
        make.__defaults__ = (*others, OWN_FILES)


if __name__ == "__main__":
    _without_files_of_the_folder()
    main()
