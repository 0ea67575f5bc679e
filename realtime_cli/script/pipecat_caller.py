"""Pipecat's simulated callers, and by what they measure a conversation."""

from __future__ import annotations

from typing import Any

Tree = dict[str, Any]
DEFAULT_TURNS, DEFAULT_SILENCE_S = 20, 30


def caller_of(scenario: Tree) -> Tree:
    """``[caller]`` without the model that plays it."""
    made: Tree = {"persona": " ".join(str(scenario["persona"]).split())}
    for key in ("goal", "success"):
        if scenario.get(key):
            made[key] = " ".join(str(scenario[key]).split())
    made["max_turns"] = int(scenario.get("max_turns", DEFAULT_TURNS))
    made["patience_ms"] = round(1000 * float(scenario.get("max_silence_s", DEFAULT_SILENCE_S)))
    return made


def expect_of(scenario: Tree, left: list[str]) -> Tree:
    """The metrics of a simulation, as far as they can be expectations of the whole conversation."""
    made: Tree = {}
    judged: list[str] = []
    for metric in scenario.get("metrics") or ():
        name = metric.get("name") or metric.get("measure")
        measure = metric.get("measure")
        if measure == "function_calls":
            calls = [
                call if isinstance(call, dict) else {"name": str(call)} for call in metric.get("calls", ())
            ]
            made["calls"] = [{key: call[key] for key in ("name", "args") if call.get(key)} for call in calls]
            if calls:
                left.append(f"metrics: {name}: that nothing else is called")
        elif measure == "latency" and "max_value" in metric:
            made["within_ms"] = round(1000 * float(metric["max_value"]))
        elif "criterion" in metric and metric.get("min_score"):
            judged.append(f"in every reply: {' '.join(str(metric['criterion']).split())}")
            if float(metric["min_score"]) < 1:
                left.append(
                    f"metrics: {name}: that a share of {metric['min_score']} of the replies is enough"
                )
        else:
            left.append(f"metrics: {name}")
    if judged:
        made["judge"] = "All of this is true: " + "; ".join(judged) if len(judged) > 1 else judged[0]
    return made
