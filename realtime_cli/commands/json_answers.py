"""The answers of ``text --json``: lines of JSON, until nobody reads them any more."""

from __future__ import annotations

from realtime_cli.tui.json_lines import JsonLines, Line


class JsonAnswers(JsonLines):
    """JSON lines that end quietly with their reader."""

    gone = False

    def _write(self, line: Line) -> None:
        if not self.gone:
            try:
                super()._write(line)
            except BrokenPipeError:
                self.gone = True
