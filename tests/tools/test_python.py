"""Python functions in a process of their own."""

from __future__ import annotations

import asyncio
import json
import os
import py_compile
from pathlib import Path

import pytest

from realtime_cli.client import inputs
from realtime_cli.config.tools import PythonTool
from realtime_cli.errors import ConfigError
from realtime_cli.tools.python import python_tools
from tests.kit.toolbox import Toolbox, gone, runs, toolbox

SOURCE = Path(__file__).with_name("functions.py")


def agent(*names: str, more: str = "") -> str:
    return "".join(f'[[tools]]\npython = "{SOURCE}:{name}"\n{more}\n' for name in names)


def schema(box: Toolbox, name: str) -> dict:
    return next(schema for schema in box.registry.schemas if schema["name"] == name)


async def test_a_schema_from_hints_and_docstring(tmp_path: Path) -> None:
    async with toolbox(tmp_path, agent("book_table")) as box:
        told = schema(box, "book_table")
    assert told["description"] == "Book a table.\n\nAsk for the number of guests first."
    parameters = told["parameters"]
    assert parameters["required"] == ["guests"]
    assert parameters["additionalProperties"] is False
    assert set(parameters["properties"]) == {"guests", "room", "at", "wishes", "size"}
    assert parameters["properties"]["at"]["description"] == "24 h time"
    assert parameters["$defs"]["Room"]["enum"] == ["garden", "cellar"]
    assert parameters["$defs"]["Guest"]["required"] == ["name"]
    assert "title" not in json.dumps(parameters)


async def test_arguments_become_models_and_enums_and_results_json(tmp_path: Path) -> None:
    async with toolbox(tmp_path, agent("book_table")) as box:
        result = await box.call("book_table", guests=[{"name": "Ada", "age": "36"}], room="cellar")
        assert json.loads(result.output) == {"guests": [{"name": "Ada", "age": 36}], "room": "cellar"}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({}, "guests: Field required"),
        ({"guests": [{"age": 1}]}, "guests.0.name: Field required"),
        ({"guests": [], "room": "attic"}, "room: Input should be 'garden' or 'cellar'"),
        ({"guests": [], "at": "noon"}, "at: String should match pattern"),
        ({"guests": [], "dogs": 1}, "dogs: Extra inputs are not permitted"),
    ],
)
async def test_arguments_that_do_not_fit_are_named(tmp_path: Path, arguments: dict, said: str) -> None:
    async with toolbox(tmp_path, agent("book_table")) as box:
        result = await box.call("book_table", **arguments)
        assert result.failed
        assert said in result.output


async def test_the_shapes_of_functions(tmp_path: Path) -> None:
    names = (
        "slow_double",
        "steps",
        "async_steps",
        "nothing",
        "remember",
        "recall",
        "chatters",
        "breaks_text",
    )
    async with toolbox(tmp_path, agent(*names)) as box:
        assert (await box.call("slow_double", number=2, schema="x", extra=1)).output == "5.0"
        assert (await box.call("steps", count=3)).output == "all done"
        assert (await box.call("async_steps", count=2)).output == "step 2"
        assert [mark.text for mark in box.heard(inputs.ToolProgress)] == [
            "step 1",
            "step 2",
            "step 3",
            "step 1",
            "step 2",
        ]
        assert (await box.call("nothing")).output == "done"
        await box.call("remember", what="a")
        assert (await box.call("recall")).output == '["a"]'
        assert (await box.call("chatters")).output == "fine"
        assert (await box.call("breaks_text")).output == "? lone"


async def test_what_a_function_raises_is_told(tmp_path: Path) -> None:
    async with toolbox(tmp_path, agent("fails", "leaves", "recall")) as box:
        assert (await box.call("fails")).output == "LookupError: no such table"
        assert (await box.call("leaves")).output == "SystemExit: 3"
        assert (await box.call("recall")).output == "[]"


async def test_ten_megabytes_are_cut(tmp_path: Path) -> None:
    async with toolbox(tmp_path, agent("long_text")) as box:
        result = await box.call("long_text", size=10_485_760)
        assert len(result.output) == 32_768
        assert result.output.endswith("[cut: 10485760 bytes in all]")


async def test_a_function_that_kills_its_process_is_told_and_the_next_call_has_a_new_one(
    tmp_path: Path,
) -> None:
    async with toolbox(tmp_path, agent("kills_itself", "process_id")) as box:
        first = int((await box.call("process_id")).output)
        result = await box.call("kills_itself")
        assert result.failed
        assert "killed by SIGKILL" in result.output
        assert int((await box.call("process_id")).output) != first


async def test_one_that_spins_is_ended_and_its_process_retires(tmp_path: Path) -> None:
    async with toolbox(tmp_path, agent("spins", more="timeout_s = 2") + agent("process_id")) as box:
        first = int((await box.call("process_id")).output)
        result = await box.call("spins")
        assert "longer than 2 s" in result.output
        assert await gone(first)
        assert int((await box.call("process_id")).output) != first


async def test_calls_beside_a_stuck_one_may_end(tmp_path: Path) -> None:
    stuck = agent("sleeps", more='name = "stuck"\ntimeout_s = 0.3')
    async with toolbox(tmp_path, stuck + agent("sleeps", "process_id")) as box:
        first = int((await box.call("process_id")).output)
        slow = asyncio.create_task(box.call("sleeps", seconds=2))
        await asyncio.sleep(0.1)
        assert (await box.call("stuck", seconds=600)).failed
        assert (await slow).output == "awake"
        assert await gone(first)


async def test_an_async_function_is_cancelled_and_its_process_stays(tmp_path: Path) -> None:
    file = tmp_path / "said"
    async with toolbox(tmp_path, agent("waits", more="timeout_s = 1.5") + agent("process_id")) as box:
        first = (await box.call("process_id")).output
        assert (await box.call("waits", file=str(file))).failed
        async with asyncio.timeout(10):
            while not file.exists() or file.read_text() != "cancelled":
                await asyncio.sleep(0.05)
        assert (await box.call("process_id")).output == first


async def test_nothing_runs_when_the_tools_are_closed(tmp_path: Path) -> None:
    async with toolbox(tmp_path, agent("spins", "process_id")) as box:
        own = int((await box.call("process_id")).output)
        spinning = asyncio.create_task(box.call("spins"))
        await asyncio.sleep(0.3)
        assert runs(own)
        await box.registry.close()
        assert await gone(own)
        await asyncio.gather(spinning, return_exceptions=True)


async def test_functions_run_elsewhere_and_give_way_to_the_voice(tmp_path: Path) -> None:
    async with toolbox(tmp_path, agent("process_id", "niceness")) as box:
        assert int((await box.call("process_id")).output) != os.getpid()
        assert int((await box.call("niceness")).output) >= min(19, os.nice(0) + 10)


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("", "it has no function tool"),
        ("def tool(*many): ...", "tool cannot be a tool: its parameter many cannot be given by name"),
        ("def tool(a: Unknown): ...", "name 'Unknown' is not defined"),
        ("import no_such_module_here", "No module named 'no_such_module_here'"),
        ("def tool(: ...", "SyntaxError"),
        ("import os; os._exit(4)", "its process ended while loading it"),
        ("1 / 0", "ZeroDivisionError: division by zero"),
        (None, "there is no file"),
    ],
)
async def test_a_source_that_cannot_be_used_is_told_before_the_talk(
    tmp_path: Path, source: str | None, said: str
) -> None:
    if source is not None:
        (tmp_path / "own.py").write_text(source)
    with pytest.raises(ConfigError, match=r"own\.py cannot be used") as failure:
        async with toolbox(tmp_path, '[[tools]]\npython = "own.py:tool"'):
            pass
    assert said in failure.value.message


async def test_a_module_by_its_name(tmp_path: Path) -> None:
    (tmp_path / "my_own_tools.py").write_text("def hello(name: str) -> str:\n    return 'Hello ' + name\n")
    async with toolbox(tmp_path, '[[tools]]\npython = "my_own_tools:hello"\nname = "greet"') as box:
        assert (await box.call("greet", name="Ada")).output == "Hello Ada"


async def test_bytecode_beside_a_source_is_not_taken_for_it(tmp_path: Path) -> None:
    """Python would: of a pyc that says it need not be compared, nobody looks at the source (PEP 552)."""
    honest = {
        "tools": "import near\ndef look() -> str:\n    return near.said()\n",
        "near": "def said(): return 'mine'",
    }
    for name, text in honest.items():
        file = tmp_path / f"{name}.py"
        file.write_text("def look(): return 'stolen'\nsaid = look\n")
        py_compile.compile(str(file), invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH)
        file.write_text(text)
    (tool,), sources = await python_tools([PythonTool(python="tools.py:look")], tmp_path, os.environ)
    try:
        assert await tool.body.run({}, lambda _: None) == "mine"
    finally:
        await sources[0].close()
