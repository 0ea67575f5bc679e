"""The sentence below each field of a model is its manual: read from the source when a schema is asked for.

Left to pydantic's ``use_attribute_docstrings`` these sentences would cost every start 40 ms.
"""

from __future__ import annotations

import ast
import inspect
import sys
from functools import cache
from itertools import pairwise
from typing import Any

from pydantic import BaseModel


def sentences(model: type[BaseModel]) -> dict[str, str]:
    """What stands below each field, its own and the inherited ones."""
    found: dict[str, str] = {}
    for above in reversed(model.__mro__):
        if issubclass(above, BaseModel) and above.__module__.startswith("realtime_cli."):
            for field, below in pairwise(_classes(above.__module__)[above.__name__].body):
                match field, below:
                    case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(
                        value=ast.Constant(value=str(text))
                    ):
                        found[name] = inspect.cleandoc(text)
    return found


@cache
def _classes(module: str) -> dict[str, ast.ClassDef]:
    """All classes of a module by name; ``inspect.getsource`` would parse the module for each."""
    nodes = ast.walk(ast.parse(inspect.getsource(sys.modules[module])))
    return {node.name: node for node in nodes if isinstance(node, ast.ClassDef)}


def describe(model: type[BaseModel], properties: dict[str, Any]) -> None:
    """Put the sentences into a JSON Schema's properties."""
    for name, sentence in sentences(model).items():
        if name in properties:
            properties[name].setdefault("description", sentence)
