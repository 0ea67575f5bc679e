"""``python -m realtime_cli`` is ``realtime-cli``."""

from realtime_cli.cli import main

main()
