"""The command line as such: help, exit codes, one sentence for each error, no tracebacks."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import watchglass
from watchglass.app.cli import program
from watchglass.app.cli.program import run
from watchglass.base.errors import AlreadyRunningError, CameraUnreachableError

COMMANDS = [
    "serve", "demo", "doctor", "camera", "camera add", "camera list", "camera probe",
    "camera remove", "camera trust", "camera pause", "camera resume", "camera sound", "timeline",
    "clip", "looks", "models", "models list", "models pull", "models verify", "check", "version",
]  # fmt: skip


@pytest.fixture(autouse=True)
def _own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WATCHGLASS_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "logs"))


def sentence(capsys: pytest.CaptureFixture[str]) -> str:
    """The one line on standard error, with nothing on the other."""
    out, err = capsys.readouterr()
    assert out == ""
    assert err.endswith("\n")
    assert err.count("\n") == 1, err
    assert "\x1b" not in err
    return err.strip()


@pytest.mark.parametrize("words", COMMANDS)
def test_help(words: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([*words.split(), "--help"]) == 0
    assert "Usage: watchglass" in capsys.readouterr().out


def test_no_words_are_a_call_for_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert run([]) == 0
    assert "timeline" in capsys.readouterr().out


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["version"]) == 0
    assert capsys.readouterr().out == f"watchglass {watchglass.__version__}\n"
    assert run(["version", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"version": watchglass.__version__}


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["nonsense"], 2, "No such command 'nonsense'. See 'watchglass --help'."),
        (["camera", "add"], 2, "See 'watchglass camera add --help'."),
        (["timeline", "--stream", "third"], 2, "'third'"),
        (["timeline", "--from", "soonish"], 2, "'soonish' is no time"),
        (["timeline", "--from", "2 hours ago", "--to", "3 hours ago"], 2, "before it begins"),
        (["timeline", "--from", "2099-01-01"], 2, "lies in the future"),
        (["camera", "list"], 3, "Nothing is set up in"),
        (["timeline"], 3, "add a camera with 'watchglass camera add URL'"),
        (["camera", "pause", "Hall"], 3, "Nothing is set up in"),
        (["camera", "pause", "Hall", "--for", "2h", "--until", "18:00"], 2, "not both"),
        (["camera", "pause", "Hall", "--for", "long"], 2, "'long' is no length of time"),
        (["camera", "sound", "Hall", "loud"], 2, "'on' or 'off'"),
        (["camera", "probe", "http://192.0.2.1/"], 6, "begins with rtsp://"),
        (["camera", "probe", "rtsp://127.0.0.1/x"], 6, "allow it by name (--allow)"),
        (["camera", "probe", "rtsp://169.254.169.254/x"], 6, "metadata"),
        (["camera", "add", "rtsp://192.0.2.1/x", "--user", "a"], 2, "--password-stdin"),
        (["camera", "add", "rtsp://192.0.2.1/x", "--password-stdin"], 2, "--user NAME"),
        (["camera", "add", "rtsp://192.0.2.1/x", "--sub", "rtsp://192.0.2.1/y", "--no-sub"], 2,
         "not both"),
        (["camera", "add", "rtsps://192.0.2.1/x", "--fingerprint", "SHA256:x"], 2, "43 characters"),
        (["camera", "add", "rtsp://192.0.2.1/x", "--transport", "mail"], 2, "'mail'"),
        (["camera", "trust", "Hall"], 3, "Nothing is set up in"),
    ],
)  # fmt: skip
def test_bad_calls(
    arguments: list[str], code: int, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(arguments) == code
    assert says in sentence(capsys)


def test_data_may_stand_anywhere(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in (
        ["--data", str(tmp_path / "x"), "timeline"],
        ["timeline", "--data", str(tmp_path / "x")],
        ["timeline", f"--data={tmp_path / 'x'}"],
    ):
        assert run(arguments) == 3
        assert f"in {tmp_path / 'x'} yet" in sentence(capsys)


def test_data_that_is_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").touch()
    assert run(["camera", "list", "--data", str(tmp_path / "file")]) == 4
    assert "is not a folder" in sentence(capsys)


def test_wrong_setting(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("WATCHGLASS_SYNC_MS", "now and then")
    assert run(["camera", "list"]) == 4
    assert "WATCHGLASS_SYNC_MS cannot be 'now and then'" in sentence(capsys)


@pytest.mark.parametrize("kind", [AlreadyRunningError, CameraUnreachableError])
def test_exit_code_is_the_errors(
    kind: type[AlreadyRunningError],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def failing(**_: object) -> None:
        raise kind("It is so: do something.")

    monkeypatch.setattr(program, "program", failing)
    assert run(["version"]) == kind.exit_code
    assert sentence(capsys) == "It is so: do something."


def test_unexpected_error_is_written_down_and_not_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def failing(**_: object) -> None:
        raise ZeroDivisionError("rtsp://user:secret@camera")

    monkeypatch.setattr(program, "program", failing)
    assert run(["version"]) == 70
    said = sentence(capsys)
    assert "secret" not in said
    (written,) = (tmp_path / "logs" / "watchglass").iterdir()
    assert str(written) in said
    assert "ZeroDivisionError" in written.read_text()
    assert os.stat(written).st_mode & 0o777 == 0o600


def test_interrupted(monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(**_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(program, "program", failing)
    assert run(["version"]) == 130


def test_doctor_before_anything_is_set_up(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["doctor"]) == 0
    assert capsys.readouterr().out.startswith("Nothing is wrong.\n")
    assert run(["doctor", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert {"about", "value", "meaning", "verdict"} <= set(found[0])


def test_a_command_loads_what_it_needs_alone() -> None:
    program = "import sys; from watchglass.app.cli.program import run; code = run(['version'])\n"
    told = subprocess.run(
        [sys.executable, "-c", program + "print(code, *sorted(sys.modules))"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    version, modules = told.stdout.splitlines()
    assert version.startswith("watchglass ")
    code, *loaded = modules.split()
    assert code == "0"
    assert not {"numpy", "av", "fastapi", "watchglass.app.cli.doctor"} & set(loaded)
    assert not [each for each in loaded if each.startswith("watchglass.recording.")]


DATABASE = {"sqlalchemy", "sqlite3"}
SEES = {"numpy", "av"}


@pytest.mark.parametrize(
    ("module", "not_loaded"),
    [
        ("camera_worker", DATABASE | {"fastapi", "onnxruntime", "rich"}),
        ("keeper_process", SEES | {"fastapi", "onnxruntime", "rich"}),
        ("media_worker", DATABASE | {"fastapi", "onnxruntime", "rich"}),
        ("analytics_worker", DATABASE | {"fastapi", "rich"}),
        ("events_worker", {"fastapi", "onnxruntime", "av", "rich"}),
        ("notice_process", DATABASE | SEES | {"fastapi", "rich"}),
        ("relay_worker", DATABASE | {"fastapi", "onnxruntime", "rich"}),
        ("look_back_worker", DATABASE | SEES | {"fastapi", "rich"}),
        ("evidence.redact_worker", DATABASE | {"fastapi", "rich"}),
        ("wiring", SEES | {"fastapi", "onnxruntime"}),
    ],
)
def test_a_process_loads_what_its_work_needs(module: str, not_loaded: set[str]) -> None:
    """What a worker loads is what it costs to start it again, and what a stranger's bytes find."""
    told = subprocess.run(
        [sys.executable, "-c",
         f"import sys, watchglass.app.{module}; print(*sorted(sys.modules))"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    modules = told.stdout.split()
    assert not not_loaded & {each.partition(".")[0] for each in modules}
    assert "sqlalchemy.dialects.postgresql" not in modules


def test_a_mistyped_command_is_told_what_is_near(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["cmaera", "list"]) == 2
    assert "Did you mean 'camera'?" in sentence(capsys)
