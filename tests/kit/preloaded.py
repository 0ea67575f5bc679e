"""What forks of the command line find imported already: all of it but what only ``load`` uses."""

from __future__ import annotations

import importlib
import pkgutil
import threading

import realtime_cli

# Locust patches threads and sockets as it is imported.
_NOT_HERE = ("realtime_cli.load", "realtime_cli.pytest_plugin", "realtime_cli.__main__")

for _module in pkgutil.walk_packages(realtime_cli.__path__, "realtime_cli."):
    if not _module.name.startswith(_NOT_HERE):
        importlib.import_module(_module.name)
assert threading.active_count() == 1, "a fork of several threads may hang"
