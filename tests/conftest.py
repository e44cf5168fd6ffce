"""What all tests have in common; kernels they compile are kept beside pytest's own cache, not in the user's."""

import gc
import os
import sys
from pathlib import Path

import pytest
from hypothesis import settings

HOUR = 3600

settings.register_profile("rowspace", deadline=None, derandomize=True)
settings.load_profile("rowspace")


def pytest_configure(config: pytest.Config) -> None:
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    # PyTensor notes for every variable of a graph where it was made, of which only its own errors would tell
    os.environ["PYTENSOR_FLAGS"] = ",".join(filter(None, [os.environ.get("PYTENSOR_FLAGS"), "traceback__limit=0"]))
    os.environ["ROWSPACE_CACHE"] = str(Path(str(config.rootpath)) / ".pytest_cache" / f"kernels-{version}")


def pytest_collection_finish() -> None:
    """Compiling makes very many objects, few of which are garbage: it is looked for less often than Python would."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 10, 10)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.get_closest_marker("slow"):
            item.add_marker(pytest.mark.timeout(HOUR))
