"""``realtime-cli`` on devices that take one rate and one count of channels, as much hardware does.

python -m tests.bench.sound.one_rate RATE CHANNELS ARGUMENTS...
"""

from __future__ import annotations

import sys

from realtime_cli.cli import main
from tests.audio.device_child import refuse_all_but

if __name__ == "__main__":
    rate_hz, channels = int(sys.argv[1]), int(sys.argv[2])
    refuse_all_but(rate_hz, channels)
    sys.argv = ["realtime-cli", *sys.argv[3:]]
    main()
