"""What CI installs: everything that is declared, in versions that fit, with hashes, from wherever packages come from."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
LOCK = (ROOT / "requirements.lock").read_text()
DECLARED = tomllib.loads((ROOT / "pyproject.toml").read_text())
PINNED = dict(re.findall(r"^([A-Za-z0-9_.-]+)==([^ ]+) ", LOCK, re.MULTILINE))
ASKED = [
    *DECLARED["project"]["dependencies"],
    *DECLARED["project"]["optional-dependencies"]["demo"],
    *DECLARED["build-system"]["requires"],
    *(each for group in DECLARED["dependency-groups"].values() for each in group),
]


@pytest.mark.parametrize("requirement", ASKED)
def test_all_that_is_declared_is_locked_in_a_version_that_fits(requirement: str) -> None:
    """Where this fails: `make lock`."""
    wanted = Requirement(requirement)
    assert PINNED[canonicalize_name(wanted.name)] in wanted.specifier


def test_everything_locked_has_hashes() -> None:
    blocks = re.split(r"^(?=[A-Za-z0-9])", LOCK, flags=re.MULTILINE)[1:]
    assert len(blocks) == len(PINNED)
    assert [block.split()[0] for block in blocks if "--hash=sha256:" not in block] == []


def test_no_place_is_named() -> None:
    assert "://" not in LOCK
    assert "index" not in LOCK.split("\n")[0]
