"""What ``--help`` of each command ends with; every line of it is tried by a test."""

from __future__ import annotations

EXAMPLES: dict[str, tuple[str, ...]] = {
    "talk": (
        "realtime-cli talk --set connection.provider=local",
        "realtime-cli talk -c agent.toml --set session.audio.output.voice=cedar",
        "realtime-cli talk -c agent.toml --input question.wav --output answer.wav",
        "realtime-cli talk --base-url ws://127.0.0.1:8765/v1/realtime",
        "realtime-cli talk -c agent.toml --continue session.jsonl",
    ),
    "text": (
        'realtime-cli text --set connection.provider=local "What time is it?"',
        "realtime-cli text -c agent.toml --file questions.txt --json",
    ),
    "transcribe": (
        "realtime-cli transcribe --set connection.provider=local",
        "realtime-cli transcribe meeting.wav --output meeting.srt --output meeting.vtt",
        "realtime-cli transcribe call.wav --speaker Agent --speaker Customer --json",
    ),
    "translate": (
        "realtime-cli translate --to es",
        "realtime-cli translate talk.wav --to es --output spanish.wav --output spanish.srt",
        "realtime-cli translate talk.wav --to es --set connection.provider=local",
    ),
    "run": (
        "realtime-cli run scripts",
        "realtime-cli run scripts -j 4 --junit results.xml",
        "realtime-cli run scripts --against session.jsonl",
        "realtime-cli run scripts --workers 4 --shard 1/2 --json part-1.json",
        "realtime-cli run --merge part-1.json part-2.json --junit results.xml",
        "realtime-cli run --promote session.jsonl --output script.toml",
    ),
    "load": (
        "realtime-cli load call.toml --users 50 --ramp 5/s --duration 2m --html report.html",
        "realtime-cli load call.toml --users auto --processes -1",
    ),
    "engine": ("realtime-cli engine call.toml --against ws://127.0.0.1:8765/v1/realtime",),
    "replay": (
        "realtime-cli replay session.jsonl --speed 4 --idle-limit 1s",
        "realtime-cli replay last --audio",
        "realtime-cli replay session.jsonl --verify",
        "realtime-cli replay session.jsonl --serve --port 8765",
    ),
    "serve": (
        "realtime-cli serve --port 8765",
        "realtime-cli serve --port 8765 --set local.chat_url=http://127.0.0.1:11434/v1"
        " --set local.chat_model=qwen3:4b",
    ),
    "attach": (
        "realtime-cli attach rtc_u1_9c6574da8b8a41a18da9308f4ad974ce",
        "realtime-cli attach rtc_u1_9c6574da8b8a41a18da9308f4ad974ce --steer",
        "realtime-cli attach rtc_u1_9c6574da8b8a41a18da9308f4ad974ce --json",
    ),
    "secret": (
        "realtime-cli secret -c agent.toml --life 1m",
        "realtime-cli secret --base-url ws://127.0.0.1:8765/v1/realtime --json",
    ),
    "devices": (
        "realtime-cli devices",
        "realtime-cli devices --meter USB",
        "realtime-cli devices --tone default",
        "realtime-cli devices --save agent.toml --input USB --output default",
    ),
    "doctor": (
        "realtime-cli doctor",
        "realtime-cli doctor -c agent.toml",
        "realtime-cli doctor --acoustic",
        "realtime-cli doctor --bundle report.md",
        "realtime-cli doctor --json --offline",
    ),
    "export": (
        "realtime-cli export session.jsonl --format md",
        "realtime-cli export session.jsonl --format vtt --output talk.vtt",
    ),
    "init": (
        "realtime-cli init",
        "realtime-cli init phone.toml --template phone --provider openai",
    ),
    "docs": (
        "realtime-cli docs",
        "realtime-cli docs events",
    ),
    "config": (
        "realtime-cli config check agent.toml",
        "realtime-cli config show agent.toml --origin",
        "realtime-cli config schema",
    ),
    "sessions": (
        "realtime-cli sessions list",
        'realtime-cli sessions search "pizza"',
        "realtime-cli sessions prune --days 30 --dry-run",
    ),
}


def epilog(command: str) -> str:
    """The examples of a command as the end of its help; the control character keeps the lines as they are."""
    return "\n".join(["\b", "Examples:", *(f"  {line}" for line in EXAMPLES[command])])
