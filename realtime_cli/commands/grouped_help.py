"""Plain ``--help`` with the options in groups: typer groups them only where rich draws the page."""

from __future__ import annotations

import re
from typing import Any

from typer.core import TyperCommand

RANGE = re.compile(r"(?:; )?(?:[\d.]+<=)?x[<>]=[\d.]+")


class GroupedHelp(TyperCommand):
    """A command whose options stand under the heading of their ``rich_help_panel``."""

    def format_options(self, ctx: Any, formatter: Any) -> None:
        groups: dict[str, list[tuple[str, str]]] = {}
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx)
            if record is None:
                continue
            name, text = record
            text = RANGE.sub("", text).replace("  []", "")  # a mistake says the range
            if parameter.param_type_name == "argument":
                heading, name = "Arguments", name.partition(" <")[0]
            else:
                heading = getattr(parameter, "rich_help_panel", None) or "Options"
            groups.setdefault(heading, []).append((name, text))
        for heading, records in groups.items():
            with formatter.section(heading):
                formatter.write_dl(records)
