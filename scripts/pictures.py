"""Writes docs/pictures/*.svg: terminals with real commands, run against a demo mesh. `top` is seen in tmux."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from linkerdctl.demo.servers import DemoMesh, DemoOptions

TARGET = Path(__file__).parents[1] / "docs" / "pictures"
PICTURES: Mapping[str, Sequence[str]] = {
    "stat": ["linkerdctl stat deploy -n emojivoto"],
    "stat-wide": ["linkerdctl stat deploy -n emojivoto -o wide"],
    "edges": ["linkerdctl edges deploy -n emojivoto", "linkerdctl graph -n emojivoto"],
}
LIVE: Mapping[str, str] = {"top": "linkerdctl top deploy/web -n emojivoto"}
WITH_PROFILE: Mapping[str, Sequence[str]] = {
    "routes": [
        "linkerdctl routes deploy/web --to svc/voting-svc -n emojivoto",
        "linkerdctl routes deploy/web --to svc/voting-svc -n emojivoto -o fate",
    ],
}
COLUMNS, LINES = 132, 20
"""Of the terminal in which live pictures are taken."""
SECONDS = 12.0
"""How long requests pass before a picture is taken."""
NARROWEST = 96
"""Columns of the smallest picture, so that letters are about as large in all."""
CHARACTER = 12.2
"""Width of a character in rich's pictures."""
WEB_FONTS = re.compile(r"\s*@font-face \{\{.*?\}\}", re.DOTALL)
INDENTED = re.compile(r'x="([\d.]+)" y="([\d.]+)" textLength="([\d.]+)"([^>]*)>((?:&#160;)+)')
PROFILE = """\
apiVersion: linkerd.io/v1alpha2
kind: ServiceProfile
metadata: {name: voting-svc.emojivoto.svc.cluster.local, namespace: emojivoto}
spec:
  routes:
  - {name: VoteDoughnut, isRetryable: true, condition: {method: POST, pathRegex: .*/VoteDoughnut}}
  - {name: Results, condition: {method: POST, pathRegex: .*/Results}}
  - {name: Vote..., condition: {method: POST, pathRegex: .*/Vote.*}}
"""


def main() -> None:
    """Start a mesh, give a service routes, and take one picture after the other."""
    TARGET.mkdir(exist_ok=True)
    with DemoMesh(DemoOptions(rps=20.0)) as mesh:
        environment = {**mesh.environment(), "COLUMNS": "250"}
        time.sleep(SECONDS)
        for name, commands in PICTURES.items():
            draw(name, session(commands, environment))
        for name, command in LIVE.items():
            draw(name, typed(command) + "\n".join(seen(command, environment)))
        subprocess.run(["kubectl", "apply", "-f", "-"], input=PROFILE, env=environment, text=True, check=True, stdout=2)
        time.sleep(SECONDS)
        for name, commands in WITH_PROFILE.items():
            draw(name, session(commands, environment))


def session(commands: Sequence[str], environment: Mapping[str, str]) -> str:
    """Commands and what they write, as ANSI text."""
    return "\n\n".join(typed(command) + output(command, environment) for command in commands)


def typed(command: str) -> str:
    """The line with the prompt, as ANSI text."""
    return f"\x1b[2m$\x1b[0m \x1b[1m{command}\x1b[0m\n"


def output(command: str, environment: Mapping[str, str]) -> str:
    """What a command writes to a terminal with colours."""
    words = [sys.executable, "-m", *shlex.split(command), "--color", "always"]
    ended = subprocess.run(words, env=dict(environment), stdout=subprocess.PIPE, text=True, check=True)
    return ended.stdout.rstrip()


def seen(command: str, environment: Mapping[str, str]) -> Iterator[str]:
    """The lines of a live screen after a while, as tmux shows them."""
    with tempfile.TemporaryDirectory() as directory:
        tmux = ["tmux", "-S", f"{directory}/socket", "-f", "/dev/null"]
        program = shlex.join([sys.executable, "-m", *shlex.split(command)])
        size = ["-x", str(COLUMNS), "-y", str(LINES)]
        own = {name: value for name, value in environment.items() if name not in ("COLUMNS", "NO_COLOR")}
        subprocess.run([*tmux, "new-session", "-d", *size, program], env=own, check=True)
        try:
            time.sleep(SECONDS)
            shot = subprocess.run([*tmux, "capture-pane", "-p", "-e"], check=True, capture_output=True, text=True)
        finally:
            subprocess.run([*tmux, "kill-server"], check=True)
    yield from shot.stdout.rstrip().splitlines()


def draw(name: str, text: str) -> None:
    """Write ANSI text as a picture that fits it and fetches nothing from elsewhere."""
    from rich.cells import cell_len
    from rich.console import CONSOLE_SVG_FORMAT, Console
    from rich.terminal_theme import MONOKAI
    from rich.text import Text

    lines = [Text.from_ansi(line.rstrip()) for line in text.splitlines()]
    width = max(NARROWEST, *(cell_len(line.plain) for line in lines))
    with Path(os.devnull).open("w") as nowhere:
        console = Console(record=True, width=width, file=nowhere, color_system="truecolor", force_terminal=True)
        for line in lines:
            console.print(line, soft_wrap=True)
        console.print()
    template = WEB_FONTS.sub("", CONSOLE_SVG_FORMAT)
    picture = console.export_svg(title="linkerdctl", theme=MONOKAI, code_format=template, unique_id=name)
    picture = INDENTED.sub(_moved, picture)
    (TARGET / f"{name}.svg").write_text(picture)
    sys.stderr.write(f"{name}.svg: {len(picture) // 1000} kB\n")


def _moved(text: re.Match[str]) -> str:
    """Text without its leading blanks, which some programs do not show, where it stands behind them."""
    x, y, length, rest, blanks = text.groups()
    indent = CHARACTER * blanks.count(";")
    return f'x="{float(x) + indent:.1f}" y="{y}" textLength="{float(length) - indent:.1f}"{rest}>'


if __name__ == "__main__":
    main()
