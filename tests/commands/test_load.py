"""``load`` from its options to Locust's command line, which is not run here."""

from __future__ import annotations

import importlib.util
import os
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from realtime_cli.commands.load import LoadOptions, load, load_plan, locust_arguments, rate_of
from realtime_cli.errors import ConfigError
from realtime_cli.load.plan import from_environ
from realtime_cli.load.shapes import LoadStage

GOOD = """
mode = "text"
agent = { connection = { provider = "local" } }
[[turns]]
user = "Say after me: one"
"""


@pytest.fixture
def script(tmp_path: Path) -> Path:
    path = tmp_path / "good.toml"
    path.write_text(GOOD, encoding="utf-8")
    return path


needs_locust = pytest.mark.skipif(find_spec("locust") is None, reason="needs the extra load")


def arguments(script: Path, **options: Any) -> str:
    return " ".join(locust_arguments(LoadOptions((script,), **options)))


@pytest.mark.parametrize(("text", "rate"), [("10/s", 10), ("30/m", 0.5), ("2.5", 2.5)])
def test_rates(text: str, rate: float) -> None:
    assert rate_of(text) == rate


@needs_locust
@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"users": "many"}, "many"),
        ({"users": "0"}, "not a valid number of users"),
        ({"users": "²"}, "not a valid number of users"),
        ({"users": "auto"}, "spoken"),
        ({"ramp": "fast"}, "fast"),
        ({"ramp": "-1/s"}, "not a valid rate"),
        ({"duration": "soon"}, "soon"),
        ({"shape": "soak"}, "--duration"),
        ({"shape": "nosuch.toml"}, "nosuch"),
        ({"worker": True, "master": True}, "not both"),
        ({"master": True, "processes": 2}, "its own master"),
        ({"against": "nowhere"}, "nowhere"),
    ],
)
def test_a_mistake_is_told_before_anything_runs(
    script: Path, wrong: dict[str, Any], told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(os, "execve")  # it would end these tests
    with pytest.raises(ConfigError, match=told):
        load(LoadOptions((script,), **wrong))


def test_workers_learn_of_the_run_from_their_master(script: Path) -> None:
    arguments = list(locust_arguments(LoadOptions((script,), worker=True, master_host="10.0.0.1")))
    assert "--master-host" in arguments
    assert "--users" not in arguments


@needs_locust
@pytest.mark.parametrize(
    "expect",
    [
        'check = "checks.py:fine"',
        'judge = "is kind"',
        'trajectory = "was short"',
        'calls = [{ name = "book", judge = "for four" }]',
        "audible_wer = 0.1",
        'audible_text = "yes"',
    ],
)
def test_what_needs_a_recording_or_a_model_is_not_for_loads(tmp_path: Path, expect: str) -> None:
    judge = '[judge]\nurl = "http://127.0.0.1:1/v1"\nmodel = "m"\n'
    (tmp_path / "checks.py").write_text("def fine(told): ...\n")
    path = tmp_path / "judged.toml"
    path.write_text(
        GOOD.replace("[[turns]]", judge + "[[turns]]") + f"[turns.expect]\n{expect}\n", encoding="utf-8"
    )
    with pytest.raises(ConfigError, match=r"judged\.toml: what needs a recording, a judge or"):
        load(LoadOptions((path,)))


@needs_locust
def test_a_callers_success_is_not_judged_in_loads_either(tmp_path: Path) -> None:
    path = tmp_path / "judged.toml"
    path.write_text(
        '[judge]\nurl = "http://127.0.0.1:1/v1"\nmodel = "m"\n[caller]\ngoal = "Hi."\nsuccess = "is kind"\n',
        encoding="utf-8",
    )
    with pytest.raises(ConfigError, match=r"judged\.toml: what needs a recording, a judge or"):
        load(LoadOptions((path,)))


def test_without_locust_one_learns_how_to_get_it(script: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "locust" else find_spec(name)
    )
    with pytest.raises(ConfigError, match="not installed") as refused:
        load(LoadOptions((script,)))
    assert "install locust" in refused.value.remedy


@needs_locust
@pytest.mark.skipif(sys.platform == "win32", reason="there it is called, not become")
def test_the_program_becomes_locust_with_the_plan_in_its_environment(
    script: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    became: list[Any] = []
    monkeypatch.setattr(os, "execve", lambda *words: became.extend(words))
    load(LoadOptions((script,), users="3"))
    program, words, environ = became
    assert (program, words[:3]) == (sys.executable, [sys.executable, "-P", "-m"])
    assert from_environ(environ).engine == (str(script),)


def test_engines_are_told_what_concerns_the_sessions(script: Path) -> None:
    plan = load_plan(
        LoadOptions(
            (script,),
            config=Path("a.toml"),
            sets=("a=1", "b=2"),
            against="ws://x",
            approve=("all",),
            text=True,
            json=Path("out.json"),
            finish="1m",
        )
    )
    assert plan.engine == (
        str(script),
        "--config",
        "a.toml",
        "--set",
        "a=1",
        "--set",
        "b=2",
        "--against",
        "ws://x",
        "--approve",
        "all",
        "--text",
    )
    assert (plan.host, plan.summary, plan.finish_s, plan.stages) == ("ws://x", "out.json", 60.0, ())


def test_users_and_ramp_are_locust_s_own_unless_a_shape_has_them_and_a_duration_its_page_s(
    script: Path,
) -> None:
    an_hour = {"users": "20", "ramp": "30/m", "duration": "1h"}
    assert "--users 20 --spawn-rate 0.5 --headless --only-summary" in arguments(script, **an_hour)
    assert load_plan(LoadOptions((script,), **an_hour)).duration_s == 3600  # type: ignore[arg-type]
    assert "--run-time 3600s --web-host" in arguments(script, **an_hour, web=True)
    assert load_plan(LoadOptions((script,), **an_hour, web=True)).duration_s is None  # type: ignore[arg-type]
    for options in ({"users": "20", "shape": "soak", "duration": "10m"}, {"users": "auto"}):
        assert "--users" not in arguments(script, **options)
        plan = load_plan(LoadOptions((script,), **options))  # type: ignore[arg-type]
        assert plan.stages or plan.auto


def test_a_shape_may_be_a_file(script: Path, tmp_path: Path) -> None:
    path = tmp_path / "shape.toml"
    path.write_text("stages = [{ seconds = 30, users = 5 }]")
    assert load_plan(LoadOptions((script,), shape=str(path))).stages == (LoadStage(30, 5, 10),)


def test_masters_and_processes_have_an_address(script: Path) -> None:
    master = arguments(script, master=True, bind="0.0.0.0", master_port=6000, expect_workers=4)
    assert "--master --master-bind-host 0.0.0.0 --master-bind-port 6000 --expect-workers 4" in master
    words = arguments(script, processes=-1).split()
    port = words[words.index("--master-port") + 1]
    assert int(port) > 0
    assert words[words.index("--master-bind-port") + 1] == port
    assert words[words.index("--processes") + 1] == "-1"


def test_a_page_for_people_and_files_for_programs(script: Path) -> None:
    web = arguments(script, web=True, bind="0.0.0.0", web_port=9000, csv=Path("a"), html=Path("b.html"))
    assert web.endswith("--web-host 0.0.0.0 --web-port 9000"), "the reports are our own"
    assert "--headless" not in web
