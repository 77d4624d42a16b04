"""What every test stands on: one Hypothesis profile, the command in this process, and the real inputs."""

import io
import os
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import settings

# On CI the examples are the same every time: what chance finds elsewhere is mended there, and never stops a landing.
settings.register_profile("hybridattn", deadline=None, print_blob=True, derandomize="CI" in os.environ)
settings.load_profile("hybridattn")


@pytest.fixture(scope="session")
def data() -> Path:
    """Give the folder with the real inputs; skip the test where it is not there."""
    folder = Path(os.environ.get("HYBRIDATTN_DATA", ""))
    if "HYBRIDATTN_DATA" not in os.environ or not folder.is_dir():
        pytest.skip("needs the real inputs: set HYBRIDATTN_DATA to the folder that holds them")
    return folder.resolve()


@pytest.fixture
def here(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Callable[..., tuple[int, str, str]]:
    """Run the command in this process, which is quicker, in `tmp_path`: exit code, output, errors; `stdin` is bytes.

    A module that tests one command says so, `COMMAND = ("recall",)`, and leaves the word away.
    """
    from hybridattn import cli

    command = getattr(request.module, "COMMAND", ())

    def here(*arguments: object, stdin: bytes = b"") -> tuple[int, str, str]:
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr(sys, "argv", ["hybridattn", *command, *map(str, arguments)])
        monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(stdin)))
        with pytest.raises(SystemExit) as ended:
            cli.main()
        out, err = capsys.readouterr()
        code = ended.value.code or 0
        assert isinstance(code, int)
        return code, out, err

    return here
