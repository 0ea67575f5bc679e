"""What a tool call gives the model."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ToolResult:
    """``output`` is always text that a model can read, also when the call failed."""

    output: str
    failed: bool = False
    respond: bool = True
