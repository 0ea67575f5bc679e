"""This program beside its peers and a bare loop, as black boxes on the same virtual devices, in one run.

    python -m tests.bench.bench_rivals [--seconds N] [--clients NAME ...] [--measures NAME ...]
        [--echo DELAY_MS LOSS_DB]

A stub server on the loopback notes when sound comes and plays tones at a pace of its own; a capture of the
loudspeaker hears what a user would. The peers are installed by the run, in an environment of their own
(``tests/bench/sound/environment.py``). Ratios count, not figures: the machine is in all of them.
Each measure takes so many seconds of each client, ``late`` two and a half times as many. With ``--echo`` the
loudspeaker leaks into the microphone.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
from typing import Any

from websockets.exceptions import ConnectionClosed

from tests.bench.rivals_table import table
from tests.bench.sound.clients import CLIENTS, OnATerminal
from tests.bench.sound.measures import Rig
from tests.bench.sound.stub import Stub
from tests.kit.virtual_devices import running

MEASURES = {
    "listening": Rig.listening,
    "mouth": Rig.mouth_to_wire,
    "ear": Rig.wire_to_ear,
    "interruptions": Rig.interruptions,
    "cost": Rig.cost,
    "late": Rig.late_wire,
    "busy": Rig.beside_spinning,
}
START_S = 60.0


async def measured(name: str, devices: dict[str, str], options: argparse.Namespace) -> dict[str, Any]:
    """All figures of one client; those before it failed, if it fails."""
    stub = Stub()
    address = f"ws://127.0.0.1:{await stub.start()}/v1/realtime"
    client = OnATerminal(CLIENTS[name](address), devices)
    rig = Rig(stub, client, devices)
    found: dict[str, Any] = {}
    try:
        await asyncio.wait_for(stub.settled.wait(), START_S)
        assert stub.connected_at is not None
        found["start_ms"] = round(1000 * (stub.connected_at - client.began))
        await asyncio.sleep(2.5)
        for measure in options.measures:
            found[measure] = await MEASURES[measure](rig, options.seconds)
            print(f"{name:16} {measure:14} {json.dumps(found[measure])}", flush=True)
    except (TimeoutError, ConnectionClosed, OSError) as error:
        print(f"{name:16} failed: {error!r}\n{client.output[-1500:].decode(errors='replace')}", flush=True)
    finally:
        client.stop()
        rig.close()
        await stub.close()
    return found


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=60.0)
    usual = [name for name in CLIENTS if "kHz" not in name]
    parser.add_argument("--clients", nargs="*", choices=CLIENTS, default=usual)
    parser.add_argument("--measures", nargs="*", choices=MEASURES, default=list(MEASURES))
    parser.add_argument("--echo", nargs=2, type=int, metavar=("DELAY_MS", "LOSS_DB"))
    options = parser.parse_args()
    print(f"load before: {os.getloadavg()}")
    found = {}
    for name in options.clients:
        with running(echo=options.echo) as devices:
            found[name] = asyncio.run(measured(name, devices.environment(), options))
    print(*table(found), sep="\n")
    print(f"load after: {os.getloadavg()}")


if __name__ == "__main__":
    main()
