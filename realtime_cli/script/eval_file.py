"""A YAML or JSON file of another tool's evals as a tree: ``!include`` is followed, digits stay as written."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from realtime_cli.config.toml_file import read_text
from realtime_cli.errors import ConfigError
from realtime_cli.install_hint import install_extra
from realtime_cli.untrusted_yaml import check_size

MAX_DEPTH = 16
_DECIMAL = re.compile(r"^[-+]?(?:0|[1-9][0-9]*)$")
_TRUTH = re.compile(r"^(?:true|True|TRUE|false|False|FALSE)$")
_INT, _TIME, _BOOL = "tag:yaml.org,2002:int", "tag:yaml.org,2002:timestamp", "tag:yaml.org,2002:bool"


def read_evals(path: Path, *, yes_is_text: bool = False, depth: int = 0) -> Any:
    """What is in the file, with the files that it includes in place, each relative to the one that names it.

    YAML 1.1 reads 012 as ten and 12:30 as 750: only plain decimal numbers become numbers here. It reads yes,
    no, on and off as true and false: so does Pipecat, but not promptfoo (``yes_is_text``). Raises ConfigError
    for what cannot be read, and for files that include each other.
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
        return read_evals(path.parent / str(loader.construct_scalar(node)), depth=depth + 1)

    ours = (_INT, _TIME, *((_BOOL,) if yes_is_text else ()))
    Loader.yaml_implicit_resolvers = {
        first: [(tag, pattern) for tag, pattern in found if tag not in ours]
        for first, found in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }
    Loader.add_implicit_resolver(_INT, _DECIMAL, list("-+0123456789"))
    if yes_is_text:
        Loader.add_implicit_resolver(_BOOL, _TRUTH, list("tTfF"))
    Loader.add_constructor("!include", include)
    text = read_text(path)
    try:
        loader = Loader(text)  # a SafeLoader
        root = loader.get_single_node()
        check_size(root)
        return loader.construct_document(root) if root is not None else None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise ConfigError(f"{path} is not YAML: {' '.join(str(error).split())}.") from None
