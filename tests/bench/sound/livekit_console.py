"""The peer ``livekit-agents``: its console around its OpenAI Realtime plugin, as its docs say.

    livekit_console.py console ADDRESS

Without a LiveKit server; the console's own canceller, noise suppression and gain are on, as always.
"""

from __future__ import annotations

import sys

from livekit.agents import Agent, AgentServer, AgentSession, JobContext, cli
from livekit.plugins import openai

ADDRESS = sys.argv.pop()  # not for the console's command line
server = AgentServer()


@server.rtc_session()
async def talk(job: JobContext) -> None:
    model = openai.realtime.RealtimeModel(api_key="none", base_url=ADDRESS)
    await AgentSession(llm=model).start(agent=Agent(instructions="Talk."), room=job.room)


cli.run_app(server)
