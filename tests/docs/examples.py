"""Pages as their readers use them: the files they show, the commands behind their prompts, what stands below those."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from linkerdctl.demo.servers import DemoMesh

ROOT = Path(__file__).parents[2]
_PATIENCE = 60.0
_HERE_DOCUMENT = re.compile(r".*<<'(\w+)'.*\n(?:.*\n)*?\1$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Example:
    """A command, and what the page shows below it; empty where it shows nothing."""

    command: str
    shown: str = ""

    def __str__(self) -> str:
        return self.command

    @property
    def words(self) -> set[str]:
        """What it shows, but for numbers and what stands for left-out text."""
        return {word for word in self.shown.split() if not any(map(str.isdigit, word))} - {"...", "-"}

    @property
    def fails(self) -> bool:
        """Whether what it shows is an error."""
        return self.shown.startswith("error: ")


@dataclass(frozen=True, slots=True)
class Page:
    """A page of the documentation; `path` is relative to the project."""

    path: str

    def __str__(self) -> str:
        return self.path

    @property
    def text(self) -> str:
        """The whole page."""
        return (ROOT / self.path).read_text()

    @property
    def files(self) -> dict[str, str]:
        """Files the page shows: a name in backticks on a line of its own, and the block below it."""
        return dict(re.findall(r"^`(\S+)`:\n\n```\w+\n(.*?)^```", self.text, re.M | re.S))

    @property
    def examples(self) -> list[Example]:
        """What stands behind the prompts of its console blocks, in its order."""
        blocks = re.findall(r"^```console\n(.*?)^```", self.text, re.M | re.S)
        return [_example(part) for block in blocks for part in re.split(r"^\$ ", block, flags=re.M)[1:]]

    @property
    def links(self) -> list[str]:
        """Where its links lead, those to other sites left out."""
        targets = re.findall(r"\]\(([^)\s]+)\)", self.text)
        return [target for target in targets if "://" not in target]


@dataclass(frozen=True, slots=True)
class Ended:
    """What a command left."""

    example: Example
    code: int
    out: str
    err: str

    @property
    def said(self) -> set[str]:
        """All words of both streams."""
        return set(f"{self.out}\n{self.err}".split())

    @property
    def missing(self) -> set[str]:
        """Words that the page shows and the command did not say."""
        return self.example.words - self.said


@dataclass(slots=True)
class Reader:
    """Somebody with a shell in a directory, whose `linkerdctl` is this one and looks for a second where no time is given.

    Where `mesh` is given it is what `linkerdctl demo -- COMMAND` would start, so it is not started anew.
    """

    directory: Path
    mesh: DemoMesh | None = None
    environment: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        programs = self.directory / ".bin"
        programs.mkdir(exist_ok=True)
        program = programs / "linkerdctl"
        program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m tests.docs.impatient "$@"\n')
        program.chmod(0o755)
        running = self.mesh.environment() if self.mesh else dict(os.environ)
        path = f"{programs}:{running['PATH']}"
        self.environment = {**running, "PATH": path, "PYTHONPATH": str(ROOT), "NO_COLOR": "1", **self.environment}
        if self.mesh:
            self.environment["LINKERDCTL_TESTS_MESH"] = "1"

    def keep(self, files: dict[str, str]) -> None:
        """Put the files of a page where its commands look for them."""
        for name, text in files.items():
            (self.directory / name).write_text(text)

    def run(self, example: Example, *, ctrl_c_after: float | None = None) -> Ended:
        """Type the command; press Ctrl-C after so many seconds if it goes on and on."""
        shell = subprocess.Popen(
            ["bash", "-o", "pipefail", "-c", example.command], cwd=self.directory, env=self.environment,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
        )  # fmt: skip
        try:
            out, err = shell.communicate(timeout=ctrl_c_after or _PATIENCE)
        except subprocess.TimeoutExpired:
            os.killpg(shell.pid, signal.SIGINT if ctrl_c_after else signal.SIGKILL)
            out, err = shell.communicate(timeout=_PATIENCE)
        return Ended(example, shell.returncode, out, err)


def _example(part: str) -> Example:
    here = _HERE_DOCUMENT.match(part)
    command = here[0] if here else part.partition("\n")[0]
    return Example(command, part[len(command) + 1 :])


def assert_as_shown(ended: Ended) -> None:
    """It ended well, or badly where the page shows an error, and said what the page shows but for numbers."""
    told = f"$ {ended.example.command}\n{ended.out}{ended.err}"
    assert (ended.code != 0) == ended.example.fails, f"exit code {ended.code}\n{told}"
    assert not ended.missing, f"not said: {ended.missing}\n{told}"
