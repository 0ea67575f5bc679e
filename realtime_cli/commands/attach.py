"""``attach``: shows a call that another client holds over WebRTC or telephone, and may steer it."""

from __future__ import annotations

from realtime_cli.app import interrupts
from realtime_cli.app.attached_agent import attached_agent
from realtime_cli.app.controls import Controls
from realtime_cli.app.hold import conversation_loop, hold
from realtime_cli.app.local_servers import LocalServers
from realtime_cli.app.session_factory import (
    AgentOptions,
    SessionFactory,
    load,
    recording_path,
    require_address,
)
from realtime_cli.config import LoadedAgent
from realtime_cli.errors import ConfigError, ExitCode
from realtime_cli.tools.approval import AllowlistApprover
from realtime_cli.tools.trust import Trust
from realtime_cli.tui.frontend import choose_frontend, choose_keys, reading
from realtime_cli.value import value

NOT_THERE = (
    *("mute", "talk", "commit", "pause", "resume", "video", "echo", "image"),
    *("approve", "tools", "reload"),
)
"""Keys and commands that need sound, a camera or tools of our own."""


@value
class AttachOptions(AgentOptions):
    """``steer``: what is typed acts on the call."""

    call_id: str = ""
    steer: bool = False
    trust: tuple[str, ...] = ()
    plain: bool = False
    json: bool = False


def attach(options: AttachOptions) -> ExitCode:
    """Show the call until it ends, or Ctrl+C."""
    if not options.call_id.strip():
        raise ConfigError("The call has no id.", "Name it: realtime-cli attach rtc_...")
    agent = attached_agent(load(options), options.call_id.strip())
    return interrupts.run(_attach(agent, options))


async def _attach(agent: LoadedAgent, options: AttachOptions) -> ExitCode:
    require_address(agent)
    factory = SessionFactory(LocalServers(warm=False), trust=Trust(options.trust))
    granted = await factory.granted(agent, AllowlistApprover())
    agent = granted.agent
    async with (
        factory,
        factory.open(
            granted,
            greet=False,
            record_to=recording_path(agent, options),
            command="attach",
            attached="steer" if options.steer else "look_on",
        ) as opened,
    ):
        screen = agent.config.screen
        frontend = choose_frontend(
            plain=options.plain or screen.face == "plain",
            json=options.json or screen.face == "json",
            palette=screen.theme,
            ascii_only=screen.ascii,
            frames_per_second=screen.frames_per_second,
        )
        loop = conversation_loop(opened, shown=(frontend,))
        recording = opened.recorder.path if opened.recorder else None
        controls = Controls(loop, agent, lambda: agent, recording=recording)
        keys = choose_keys(frontend, without=NOT_THERE)
        outcome = await hold(opened, loop, frontend=frontend, beside=reading(keys, controls.press))
        return outcome.exit_code
