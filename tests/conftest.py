"""What every test stands on: one Hypothesis profile, and the real inputs where they are installed."""

import os
from pathlib import Path

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
