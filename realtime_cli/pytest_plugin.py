"""A pytest plugin: ``*.voice.toml`` are tests, and ``realtime`` opens sessions on the local server.

::

    async def test_hours(realtime):
        async with realtime("agent.toml") as session:
            assert "nine" in (await session.say("When do you open?")).text

``--realtime-against`` names another server (``agent`` leaves each agent its own), ``--realtime-approve`` and
``realtime_approve`` in the ini file name real tools that may run, ``--realtime-trust`` and
``realtime_trust`` the agents that may load theirs. Async tests with this fixture run without a further
plugin, and with one where there is one that takes them. The tags of scripts are markers (``-m``). Nothing of
the program is imported before it is used.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from realtime_cli.app.targets import Target
    from realtime_cli.script.result import Case, CaseResult
    from realtime_cli.session_api import Session

SUFFIX = ".voice.toml"
APPROVE_OPTION = "--realtime-approve"
TRUST_OPTION = "--realtime-trust"
_SERVER = pytest.StashKey[Any]()


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("realtime-cli")
    group.addoption(
        "--realtime-against",
        default="local",
        metavar="SERVER",
        help="where *.voice.toml and the realtime fixture run: local, agent, a ws:// address, a recording",
    )
    group.addoption(
        APPROVE_OPTION,
        action="append",
        default=[],
        metavar="TOOL",
        help="a real tool that may run, or all; may be repeated",
    )
    group.addoption(
        TRUST_OPTION,
        action="append",
        default=[],
        metavar="HASH|PATH",
        help="an agent that is not asked about: the hash of config trust, its file, or a folder",
    )
    parser.addini("realtime_trust", "agents that are not asked about", type="args", default=[])
    parser.addini("realtime_approve", "real tools that may run, or all", type="args", default=[])


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    if file_path.name.endswith(SUFFIX):
        return VoiceFile.from_parent(parent, path=file_path)
    return None


def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Run an async test that uses the fixture, if no other plugin has done so."""
    if "realtime" not in pyfuncitem.fixturenames or not inspect.iscoroutinefunction(pyfuncitem.obj):
        return None
    names = pyfuncitem._fixtureinfo.argnames
    asyncio.run(pyfuncitem.obj(**{name: pyfuncitem.funcargs[name] for name in names}))
    return True


def pytest_unconfigure(config: pytest.Config) -> None:
    if server := config.stash.get(_SERVER, None):
        server.close()


def _target(config: pytest.Config) -> Target:
    """Where sessions run; the local server is started once, when it is first needed."""
    from realtime_cli.app.targets import Target
    from realtime_cli.tools.trust import Trust

    against = config.getoption("--realtime-against")
    approve = (*config.getini("realtime_approve"), *config.getoption(APPROVE_OPTION))
    trust = Trust((*config.getini("realtime_trust"), *config.getoption(TRUST_OPTION)), f"{TRUST_OPTION} HASH")
    given = Target(approve=approve, approve_option=f"{APPROVE_OPTION} NAME", trust=trust)
    if against == "agent":
        return given
    if against != "local":
        return replace(given, against=against)
    if _SERVER not in config.stash:
        from realtime_cli.app.background_server import BackgroundServer

        config.stash[_SERVER] = BackgroundServer()
    server = config.stash[_SERVER]
    return replace(given, against=server.url, headers=server.headers)


class VoiceFile(pytest.File):
    """A script."""

    def collect(self) -> Iterable[VoiceTest]:
        from realtime_cli.errors import RealtimeCliError
        from realtime_cli.script.load import scripts_in
        from realtime_cli.script.suite import Selection, plan

        try:
            cases = plan(scripts_in(self.path), Selection())
        except RealtimeCliError as error:
            raise self.CollectError(str(error)) from None
        for case in cases:
            yield VoiceTest.from_parent(self, name=case.title, case=case)


class VoiceTest(pytest.Item):
    """One run of a script."""

    def __init__(self, *, case: Case, **given: Any) -> None:
        super().__init__(**given)
        self._case = case
        for tag in case.script.script.tags:
            self.keywords[tag] = True  # for -k
            self.config.addinivalue_line("markers", f"{tag}: a tag of scripts")
            self.add_marker(getattr(pytest.mark, tag))  # for -m

    def runtest(self) -> None:
        result = asyncio.run(self._run())
        if result.status != "passed":
            raise ScriptFailed(result)

    async def _run(self) -> CaseResult:
        from realtime_cli.recording.stored import delete_recording
        from realtime_cli.script.checks import CheckRunner
        from realtime_cli.script.clips import LocalSpeechSource
        from realtime_cli.script.judge import judge
        from realtime_cli.script.listening import LocalListener
        from realtime_cli.script.opening import CaseOpener
        from realtime_cli.script.runner import RunContext, run_case

        opener = CaseOpener(_target(self.config))
        try:
            result = await run_case(
                self._case,
                RunContext(opener.open, LocalSpeechSource(), judge, CheckRunner(), listen=LocalListener()),
            )
        finally:
            await opener.close()
        if result.status == "passed" and result.recording:
            delete_recording(Path(result.recording))
        return result

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        if isinstance(excinfo.value, ScriptFailed):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, None, str]:
        return self.path, None, f"script: {self.name}"


class ScriptFailed(Exception):
    """What did not go as the script expects, one line each."""

    def __init__(self, result: CaseResult) -> None:
        from realtime_cli.script.explanation import explain

        super().__init__("\n".join([f"{result.case.title}: {result.status}", *explain(result)]))


@pytest.fixture
def realtime(request: pytest.FixtureRequest) -> Callable[..., Session]:
    """Opens sessions: ``async with realtime("agent.toml", text=True) as session``; see ``Session``."""

    def session(agent: str | Path | Mapping[str, Any] | None = None, **options: Any) -> Session:
        from realtime_cli.session_api import Session
        from realtime_cli.tools.approval import AllowlistApprover

        target = _target(request.config)
        against = {"url": target.against, "headers": target.headers} if target.against else {}
        approver = AllowlistApprover(target.approve, target.approve_option, of_many=True)
        return Session(agent, **{"approve": approver, "trust": target.trust, **against, **options})

    return session
