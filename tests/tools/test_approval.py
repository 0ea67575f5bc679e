"""Who is asked what, and what an answer does."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from realtime_cli.client import inputs
from realtime_cli.tools import trusted_folders
from realtime_cli.tools.approval import AllowlistApprover, ApprovalAnswer, InteractiveApprover, Question
from tests.kit.toolbox import Toolbox, toolbox, trusting

ASKING = """
[[tools]]
builtin = "clock"
approve = "ask"
"""


async def asked(desk: InteractiveApprover) -> Question:
    async with asyncio.timeout(10):
        while desk.question is None:
            await asyncio.sleep(0)
    return desk.question


def verdicts(box: Toolbox) -> list[str]:
    return [answered.verdict for answered in box.heard(inputs.ApprovalAnswered)]


async def test_yes_is_for_one_call(tmp_path: Path) -> None:
    desk = InteractiveApprover()
    async with toolbox(tmp_path, ASKING, desk) as box:
        for _ in range(2):
            call = asyncio.create_task(box.call("clock", zone="Asia/Kolkata"))
            question = await asked(desk)
            assert (question.name, question.arguments) == ("clock", '{"zone": "Asia/Kolkata"}')
            assert desk.answer("once")
            assert not (await call).failed
        assert verdicts(box) == ["once", "once"]


async def test_session_is_for_all_calls_of_the_tool_also_those_that_wait(tmp_path: Path) -> None:
    desk = InteractiveApprover()
    async with toolbox(tmp_path, ASKING, desk) as box:
        calls = [asyncio.create_task(box.call("clock")) for _ in range(3)]
        await asked(desk)
        desk.answer("session")
        assert not any(result.failed for result in await asyncio.gather(*calls))
        assert not (await box.call("clock")).failed
        assert len(box.heard(inputs.ApprovalAsked)) == 1


async def test_no_is_told_to_the_model_with_its_reason(tmp_path: Path) -> None:
    desk = InteractiveApprover()
    async with toolbox(tmp_path, ASKING, desk) as box:
        call = asyncio.create_task(box.call("clock"))
        await asked(desk)
        desk.answer("no", "It is private.")
        result = await call
        assert result.output == "The user did not allow this call. It is private."
        assert result.failed
        assert result.seconds == 0.0
        assert box.told == [
            inputs.ApprovalAsked(0.0, "call_1", "clock", "{}", "run"),
            inputs.ApprovalAnswered(0.0, "call_1", "no", "It is private."),
        ]


async def test_control_characters_in_arguments_are_seen_before_the_answer(tmp_path: Path) -> None:
    desk = InteractiveApprover()
    async with toolbox(tmp_path, ASKING, desk) as box:
        call = asyncio.create_task(box.call("clock", _raw='{"zone":\x0d "\u202eoslO"}'))
        await asked(desk)
        (shown,) = box.heard(inputs.ApprovalAsked)
        assert shown.arguments == '{"zone":␍ "<U+202E>oslO"}'
        desk.answer("no")
        await call


async def test_a_question_about_a_cancelled_call_is_withdrawn(tmp_path: Path) -> None:
    desk = InteractiveApprover()
    async with toolbox(tmp_path, ASKING, desk) as box:
        call = asyncio.create_task(box.call("clock"))
        await asked(desk)
        box.registry.cancel("call_1")
        with pytest.raises(asyncio.CancelledError):
            await call
        assert desk.question is None
        assert verdicts(box) == ["no"]


async def test_never_is_never(tmp_path: Path) -> None:
    async with toolbox(tmp_path, ASKING.replace("ask", "never")) as box:
        result = await box.call("clock")
        assert result.output == "The agent file does not allow clock to run."


async def test_a_raw_schema_is_answered_by_the_user(tmp_path: Path) -> None:
    agent = """
    [[tools]]
    type = "function"
    name = "weigh"
    description = "The user weighs something."
    parameters = {type = "object", properties = {what = {type = "string"}}, required = ["what"]}
    """
    desk = InteractiveApprover()
    async with toolbox(tmp_path, agent, desk) as box:
        call = asyncio.create_task(box.call("weigh", what="flour"))
        assert (await asked(desk)).kind == "output"
        desk.answer("once", "250 g")
        result = await call
        assert (result.output, result.failed) == ("250 g", False)
    async with toolbox(tmp_path, agent) as box:
        assert "no user" in (await box.call("weigh", what="flour")).output


async def test_a_call_of_the_server_is_asked_about(tmp_path: Path) -> None:
    desk = InteractiveApprover()
    async with toolbox(tmp_path, "", desk) as box:
        asking = asyncio.create_task(box.registry.approve("mcpr_1", "deepwiki.ask", "{}"))
        assert (await asked(desk)).name == "deepwiki.ask"
        desk.answer("session")
        await asking
        await box.registry.approve("mcpr_2", "deepwiki.ask", "{}")
        assert [told.call_id for told in box.heard(inputs.ApprovalAnswered)] == ["mcpr_1", "mcpr_2"]


@pytest.mark.parametrize(
    ("names", "answer"),
    [
        (("all",), "session"),
        (("git",), "session"),
        (("time", "git"), "session"),
        (("other",), "no"),
        ((), "no"),
    ],
)
async def test_names_of_the_command_line(names: tuple[str, ...], answer: str) -> None:
    assert (await AllowlistApprover(names).ask(Question("1", "git", "{}"))).verdict == answer
    assert (
        await AllowlistApprover(names).ask(Question("1", "git__status", "{}", group="git"))
    ).verdict == answer


# -- folders --------------------------------------------------------------------------------------


class Person:
    """Answers every question alike, and keeps them."""

    def __init__(self, verdict: str) -> None:
        self._verdict = verdict
        self.questions: list[Question] = []

    def approves(self, question: Question) -> bool:
        return False

    async def ask(self, question: Question) -> ApprovalAnswer:
        self.questions.append(question)
        return ApprovalAnswer(self._verdict)  # type: ignore[arg-type]


RUNNING = """
[[tools]]
command = ["true"]
approve = "always"
[[tools]]
builtin = "clock"
"""


async def test_a_new_agent_is_asked_about_once(tmp_path: Path) -> None:
    person = Person("session")
    for _ in range(2):
        async with toolbox(tmp_path, RUNNING, person) as box:
            assert box.names == ["true", "clock"]
    (question,) = person.questions
    assert (question.kind, question.name) == ("trust", str(tmp_path / "agent.toml"))
    assert question.arguments == "  it runs the command true, without asking"


async def test_an_untrusted_folder_runs_nothing_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "own.py").write_text("open('ran', 'w')\ndef tool(): ...\n")
    agent = RUNNING + '[[tools]]\npython = "own.py:tool"\n[mcp.x]\ncommand = ["touch", "ran"]'
    async with toolbox(tmp_path, agent, Person("no")) as box:
        assert box.names == ["clock"]
        assert not (tmp_path / "ran").exists()
    assert not trusted_folders.file().exists()


@pytest.mark.parametrize("approve", ["true", "all"])
async def test_what_may_be_called_is_not_loaded_for_that(tmp_path: Path, approve: str) -> None:
    """Two questions: whether the code is let in, and whether a call of it may run."""
    async with toolbox(tmp_path, RUNNING, approve=(approve,), trusted=False) as box:
        assert box.names == ["clock"]
    assert not trusted_folders.file().exists()


async def test_built_in_tools_need_no_trust(tmp_path: Path) -> None:
    person = Person("no")
    async with toolbox(tmp_path, '[[tools]]\nbuiltin = "clock"', person) as box:
        assert box.names == ["clock"]
    assert person.questions == []


async def test_a_question_shows_what_would_be_done_and_where_the_tool_comes_from(tmp_path: Path) -> None:
    (tmp_path / "tool.sh").write_text("#!/bin/sh\n")
    (tmp_path / "tool.sh").chmod(0o755)
    agent = """
    [[tools]]
    command = ["./tool.sh", "--to", "{city}"]
    [[tools]]
    name = "book"
    http = { method = "POST", url = "http://127.0.0.1:9/hotels/{city}" }
    parameters.type = "object"
    parameters.properties = { city = { type = "string" }, nights = { type = "integer" } }
    """
    desk = InteractiveApprover()
    trusting(tmp_path, agent)
    async with toolbox(tmp_path, agent, desk) as box:
        for name, given in (("tool", {"city": "New York"}), ("book", {"city": "New York", "nights": 2})):
            call = asyncio.create_task(box.call(name, **given))
            await asked(desk)
            desk.answer("no")
            await call
        command, request = box.heard(inputs.ApprovalAsked)
        assert (command.action, command.origin) == (
            f"{tmp_path}/tool.sh --to 'New York'",
            f"command in {tmp_path}",
        )
        assert request.action == 'POST http://127.0.0.1:9/hotels/New%20York {"nights": 2}'
        assert request.origin == "HTTP request"
