"""``docs``: the pages that come with the program, in the terminal and without a network."""

from __future__ import annotations

import os
import sys
from difflib import get_close_matches
from importlib.resources import files

from realtime_cli.app.stdout import Stdout
from realtime_cli.errors import ConfigError, ExitCode

PAGES = files("realtime_cli") / "docs"
MAX_COLUMNS = 100  # wider lines are hard to read


def docs(page: str | None) -> ExitCode:
    """Show a page, or list all of them. To a pipe goes the Markdown as it is.

    Raises ConfigError when there is no such page.
    """
    text = page_text(page.lower().removesuffix(".md")) if page else listing()
    if sys.stdout.isatty():
        show(text, paged=bool(page))
    else:
        out = Stdout()
        out.write(text)
        if out.failure:
            raise ConfigError(out.failure)
    return ExitCode.OK


def names() -> list[str]:
    return sorted(page.name.removesuffix(".md") for page in PAGES.iterdir() if page.name.endswith(".md"))


def page_text(name: str) -> str:
    """The Markdown of a page. Raises ConfigError when there is none of this name."""
    known = names()
    if name not in known:
        close = get_close_matches(name, known, 1)
        remedy = f"Did you mean {close[0]}?" if close else f"The pages are: {', '.join(known)}."
        raise ConfigError(f"There is no page {name!r}.", remedy)
    return (PAGES / f"{name}.md").read_text("utf-8")


def listing() -> str:
    """All pages as a Markdown list, each with its first sentence."""
    lines = [f"- **{name}**: {_first_sentence(page_text(name))}" for name in names()]
    return "\n".join([*lines, "", "Show one: `realtime-cli docs PAGE`", ""])


def _first_sentence(text: str) -> str:
    """The first sentence below the title."""
    paragraph = " ".join(text.split("\n\n")[1].split())
    return paragraph.partition(". ")[0].rstrip(".") + "."


def show(text: str, *, paged: bool) -> None:
    """Render on the terminal; with ``paged`` through the pager, if there is more than one screen of it."""
    from rich.console import Console
    from rich.markdown import Markdown
    from rich.pager import SystemPager

    console = Console()
    console.width = min(console.width, MAX_COLUMNS)
    with console.capture() as rendered:
        console.print(Markdown(text))
    if paged and rendered.get().count("\n") >= console.height:
        os.environ.setdefault("LESS", "-R")  # its options come from there: show colours
        SystemPager().show(rendered.get())
    else:
        console.file.write(rendered.get())
