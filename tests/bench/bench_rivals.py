"""This program beside its peers and a bare loop, as black boxes on the same virtual devices, in one run.

    python -m tests.bench.bench_rivals [--quick] [--clients NAME ...] [--measures NAME ...]

A stub server on the loopback notes when sound comes and plays tones at a pace of its own; a capture of the
loudspeaker hears what a user would. The peers are installed by the run, in an environment of their own
(``tests/bench/sound/environment.py``). Ratios count, not figures: the machine is in all of them.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
from typing import Any

from tests.bench.sound.clients import CLIENTS, OnATerminal
from tests.bench.sound.measures import Rig
from tests.bench.sound.stub import Stub
from tests.kit.virtual_devices import running

MEASURES = ("listening", "mouth", "ear", "interruptions", "cost", "late", "busy")
START_S = 60.0


async def measured(name: str, devices: dict[str, str], options: argparse.Namespace) -> dict[str, Any]:
    """All figures of one client."""
    stub = Stub()
    address = f"ws://127.0.0.1:{await stub.start()}/v1/realtime"
    client = OnATerminal(CLIENTS[name](address), devices)
    rig = Rig(stub, client, devices)
    try:
        await asyncio.wait_for(stub.settled.wait(), START_S)
        assert stub.connected_at is not None
        found: dict[str, Any] = {"start_ms": round(1000 * (stub.connected_at - client.began))}
        await asyncio.sleep(2.5)
        for measure in options.measures:
            found[measure] = await _measure(rig, measure, quick=options.quick)
            print(f"{name:16} {measure:14} {json.dumps(found[measure])}", flush=True)
        return found
    except TimeoutError:
        return {"failed": client.output[-1500:].decode(errors="replace")}
    finally:
        client.stop()
        rig.close()
        await stub.close()


async def _measure(rig: Rig, measure: str, *, quick: bool) -> Any:
    few = 6 if quick else 30
    match measure:
        case "listening":
            return await rig.listening(15 if quick else 60)
        case "mouth":
            return await rig.mouth_to_wire(few)
        case "ear":
            return await rig.wire_to_ear(few)
        case "interruptions":
            return await rig.interruptions(6 if quick else 50)
        case "cost":
            return await rig.cost(15 if quick else 60)
        case "late":
            return await rig.late_wire(2)
        case _:
            return await rig.beside_spinning(0.5 if quick else 5, 3)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true")
    usual = [name for name in CLIENTS if "kHz" not in name]
    parser.add_argument("--clients", nargs="*", choices=CLIENTS, default=usual)
    parser.add_argument("--measures", nargs="*", choices=MEASURES, default=list(MEASURES))
    options = parser.parse_args()
    print(f"load before: {os.getloadavg()}")
    table = {}
    for name in options.clients:
        with running() as devices:
            table[name] = asyncio.run(measured(name, devices.environment(), options))
    print(json.dumps(table, indent=1))
    print(f"load after: {os.getloadavg()}")


if __name__ == "__main__":
    main()
