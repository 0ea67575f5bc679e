"""A file of Pipecat's evals as a tree: ``!include`` is followed, and digits stay as they are written."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from realtime_cli.config.toml_file import read_text
from realtime_cli.errors import ConfigError
from realtime_cli.install_hint import install_extra

MAX_DEPTH = 16
_DECIMAL = re.compile(r"^[-+]?(?:0|[1-9][0-9]*)$")
_INT, _TIME = "tag:yaml.org,2002:int", "tag:yaml.org,2002:timestamp"


def read_scenario(path: Path, *, depth: int = 0) -> Any:
    """What is in the file, with the files that it includes in place, each relative to the one that names it.

    YAML 1.1 reads 012 as ten and 12:30 as 750: only plain decimal numbers become numbers here. Raises
    ConfigError for what cannot be read, and for files that include each other.
    """
    try:
        import yaml
    except ImportError:
        raise ConfigError(
            f"{path} is YAML, but YAML support is not installed.", f"Install it: {install_extra('yaml')}"
        ) from None
    if depth > MAX_DEPTH:
        raise ConfigError(f"{path} includes itself.", "Take the !include out.")

    class Loader(yaml.SafeLoader):
        pass

    def include(loader: Any, node: Any) -> Any:
        return read_scenario(path.parent / str(loader.construct_scalar(node)), depth=depth + 1)

    Loader.yaml_implicit_resolvers = {
        first: [(tag, pattern) for tag, pattern in found if tag not in (_INT, _TIME)]
        for first, found in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }
    Loader.add_implicit_resolver(_INT, _DECIMAL, list("-+0123456789"))
    Loader.add_constructor("!include", include)
    try:
        return yaml.load(read_text(path), Loader)  # a SafeLoader
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise ConfigError(f"{path} is not YAML: {' '.join(str(error).split())}.") from None
