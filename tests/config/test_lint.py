"""What is allowed in an agent file but likely not meant."""

from __future__ import annotations

from datetime import date

import pytest

from realtime_cli.config.lint import lint
from tests.config.agents import Load


def test_instructions_win_over_an_initial_system_message(load: Load) -> None:
    text = """
        [session]
        instructions = "Be brief."
        [conversation]
        items = [{ role = "system", text = "Be long." }, { role = "assistant", text = "Hello." }]
        """
    agent = load(text)
    said = {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "Hello."}]}
    assert agent.config.seed() == (said,)
    assert any("system message" in warning for warning in agent.warnings)


def test_a_secret_in_a_command_line_draws_a_warning(load: Load) -> None:
    environ = dict.fromkeys(("CMD_TOKEN", "MCP_KEY", "HOOK_SECRET", "PLACE"), "a-value")
    text = """
        [[tools]]
        name = "fetch"
        command = ["curl", "-u", "me:${CMD_TOKEN}", "${PLACE}"]
        [mcp.far]
        command = ["npx", "server", "--key", "${MCP_KEY}"]
        env = { MCP_KEY = "${MCP_KEY}" }
        [hooks]
        on_conversation_item_created = "tell ${HOOK_SECRET}"
        """
    seen = [warning.partition(": all users")[0] for warning in load(text, environ=environ).warnings]
    assert seen == ["tools[0].command", "mcp.far.command", "hooks.on_conversation_item_created"]


@pytest.mark.parametrize(
    ("written", "word"),
    [
        ("[audio]\npush_to_talk = true", "push_to_talk"),
        ('[connection]\nmodel = "gpt-realtime-1.5"\n[session]\nreasoning = { effort = "low" }', "reasoning"),
        ('[connection]\nbase_url = "wss://x/?api-version=1"', "api-version"),
    ],
)
def test_what_is_likely_not_meant_draws_a_warning(load: Load, written: str, word: str) -> None:
    assert [warning for warning in load(written).warnings if word in warning]


@pytest.mark.parametrize(
    ("written", "warned"),
    [
        ('[session.audio.input]\ntranscription = { model = "local", language = "de" }', ["English only"]),
        ('[session.audio.input]\ntranscription = { model = "local", language = "en-GB" }', []),
        ('[session.audio.input]\nnoise_reduction = { type = "near_field" }', ["no noise reduction"]),
        ('[session.audio.output]\nvoice = "marin"\n[local]\nvoice = "bella"', ["one voice", "one voice"]),
        ('[local]\nvoice = "heart"', []),
    ],
)
def test_the_limits_of_local_speech_are_said(load: Load, written: str, warned: list[str]) -> None:
    warnings = load(f'[connection]\nprovider = "local"\n{written}').warnings
    assert len(warnings) == len(warned)
    assert all(words in warning for words, warning in zip(warned, warnings, strict=True))
    assert load(f'[connection]\nprovider = "openai"\n{written}').warnings == ()


@pytest.mark.parametrize(("more", "warned"), [("", 1), ("[prices.local]\nper_session_minute = 1.0\n", 0)])
def test_a_limit_on_the_cost_of_the_local_server_limits_nothing(load: Load, more: str, warned: int) -> None:
    agent = load('[connection]\nprovider = "local"\n[limits]\ncost = 0.5\n' + more)
    assert len(agent.warnings) == warned
    assert agent.config.limits_nothing is bool(warned)


def test_a_plain_agent_draws_no_warning(load: Load) -> None:
    text = '[connection]\nmodel = "gpt-realtime-2.1"\n[session]\nreasoning = { effort = "low" }\n'
    assert load(text).warnings == ()


@pytest.mark.parametrize(
    "written",
    [
        '[connection]\napi_key = "${KEY}"',
        '[session]\ntools = [{ type = "mcp", server_label = "x", server_url = "https://x", '
        'authorization = "${KEY}" }]',
    ],
)
def test_a_key_belongs_into_a_variable(load: Load, written: str) -> None:
    assert load(written, environ={"KEY": "abc"}).warnings == ()
    [warning] = load(written.replace("${KEY}", "abc")).warnings
    assert "variable" in warning
    assert "abc" not in warning


def test_each_tool_is_looked_at_under_its_own_row(load: Load) -> None:
    text = """
        [[tools]]
        builtin = "clock"
        [[tools]]
        type = "mcp"
        server_label = "x"
        server_url = "https://x"
        authorization = "inline"
        """
    assert len(load(text).warnings) == 1


def test_push_to_talk_with_turns_by_hand_is_as_it_should_be(load: Load) -> None:
    text = "[audio]\npush_to_talk = true\n[session.audio.input]\nturn_detection = false\n"
    assert load(text).warnings == ()


def test_models_of_others_may_reason_under_any_name(load: Load) -> None:
    text = """
        [connection]
        provider = "custom"
        base_url = "wss://example.org/v1"
        model = "gpt-realtime"
        [session]
        reasoning = { effort = "low" }
        """
    assert load(text).warnings == ()


@pytest.mark.parametrize(
    ("written", "today", "told"),
    [
        (
            '[connection]\nmodel = "gpt-realtime"',
            "2026-11-28",
            "gpt-realtime ends on 2027-01-20: use gpt-realtime-2.1 instead.",
        ),
        (
            '[connection]\nmodel = "gpt-realtime-mini-2025-12-15"',
            "2027-01-21",
            "gpt-realtime-mini-2025-12-15 was shut down on 2027-01-20: use gpt-realtime-2.1-mini instead.",
        ),
        (
            '[session.audio.input]\ntranscription = { model = "gpt-4o-mini-transcribe-2025-12-15" }',
            "2026-11-28",
            "gpt-4o-mini-transcribe-2025-12-15 ends on 2027-02-26: use gpt-transcribe instead.",
        ),
        (
            '[session]\nprompt = { id = "pmpt_1" }',
            "2026-11-28",
            "session.prompt: OpenAI's hosted prompts end on 2026-11-30: use instructions.",
        ),
        (
            '[session]\nprompt = { id = "pmpt_1" }',
            "2026-12-01",
            "session.prompt: OpenAI's hosted prompts were shut down on 2026-11-30: use instructions.",
        ),
    ],
)
def test_what_is_retired_says_when_and_what_comes_instead(
    load: Load, written: str, today: str, told: str
) -> None:
    assert lint(load(written).config, {}, date.fromisoformat(today)) == (told,)


@pytest.mark.parametrize(
    "written",
    [
        'model = "gpt-realtime-2.1-2026-07-07"',
        'base_url = "ws://h"\nmodel = "gpt-realtime"',
        'provider = "xai"',
    ],
)
def test_what_goes_on_or_is_elsewhere_is_not_retired(load: Load, written: str) -> None:
    assert lint(load(f"[connection]\n{written}\n").config, {}, date(2030, 1, 1)) == ()


LIVE = '[connection]\nmodel = "gpt-live-1"\n'


@pytest.mark.parametrize(
    ("written", "warned"),
    [
        (f"{LIVE}[audio]\npush_to_talk = true", ()),
        (f'{LIVE}[audio]\nend_of_turn = "vad"', ("audio.end_of_turn",)),
        (f'{LIVE}[audio]\nbarge_in = "reversible"', ("audio.barge_in",)),
        (f'{LIVE}[video]\nsource = "screen"', ("video.source",)),
        (f'{LIVE}[delegation]\ntool = "clock"\n[[tools]]\nbuiltin = "clock"', ()),
        (
            f'{LIVE}[delegation]\ntool = "clock"\n[[tools]]\nbuiltin = "clock"\n'
            '[session.delegation]\ntype = "responses"\nresponses = { model = "gpt-5" }',
            ("[delegation]",),
        ),
        ('[delegation]\ntool = "clock"\n[[tools]]\nbuiltin = "clock"', ("[delegation]",)),
    ],
)
def test_what_has_no_effect_in_live_is_said(load: Load, written: str, warned: tuple[str, ...]) -> None:
    warnings = load(written).warnings
    assert [warning.partition(" has no effect")[0].partition(" = ")[0] for warning in warnings] == [*warned]


@pytest.mark.parametrize(("transcribes", "warned"), [(False, 1), (True, 0)])
def test_an_interruption_cannot_be_taken_back_by_words_that_nobody_writes_down(
    load: Load, transcribes: bool, warned: int
) -> None:
    heard = (
        '[session.audio.input]\ntranscription = { model = "gpt-realtime-whisper" }\n' if transcribes else ""
    )
    warnings = load(f'[audio]\nbarge_in = "reversible"\n{heard}').warnings
    assert sum("audio.barge_in" in warning for warning in warnings) == warned
