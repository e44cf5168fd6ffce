"""Kernels compiled by tests are kept beside pytest's own cache, not in the user's."""

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
    os.environ["ROWSPACE_CACHE"] = str(Path(str(config.rootpath)) / ".pytest_cache" / f"kernels-{version}")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.get_closest_marker("slow"):
            item.add_marker(pytest.mark.timeout(HOUR))
