"""Proxies' texts as they are written out: below headings as the real tool has them, or a JSON object per sample."""

from __future__ import annotations

import json
import re

from linkerdctl.metrics.dump import Family, families, samples, written
from linkerdctl.render.terminal import Terminal, printable
from linkerdctl.sources.protocol import ProxyText


def headed(name: str, number: int, of: int) -> str:
    """What stands above a proxy's text."""
    return f"#\n# POD {name} ({number} of {of})\n#\n"


def failed_text(reason: str) -> str:
    """What stands there instead of a text."""
    return f"# ERROR: {printable(reason)}\n"


def screened(text: bytes, family: re.Pattern[str] | None, *, on_terminal: bool) -> str:
    """The text as it is, or the families of that name; raises `ExpositionError` for what is no metrics text."""
    chosen = _chosen(text, family)
    return readable(text if family is None else written(chosen), on_terminal=on_terminal)


def readable(text: bytes, *, on_terminal: bool) -> str:
    """Whatever it holds: labels are what strangers sent, so on a terminal control characters are made visible."""
    decoded = text.decode(errors="replace")
    return "\n".join(map(printable, decoded.split("\n"))) if on_terminal else decoded


class JsonSamples:
    """Writes an array of samples, proxy by proxy, each on a line of its own."""

    def __init__(self, terminal: Terminal, family: re.Pattern[str] | None) -> None:
        self._terminal = terminal
        self._family = family
        self._begun = False

    def take(self, number: int, of: int, said: ProxyText) -> bool:
        """All samples of a proxy, or none of them; whether there are any. Raises `ExpositionError`."""
        pod = {"namespace": said.target.pod.namespace, "pod": said.target.pod.name}
        chosen = [] if said.failure else _chosen(said.text, self._family)
        lines = [
            json.dumps({**pod, "name": each.name, "labels": dict(each.labels), "value": each.value})
            for each in samples(chosen)
        ]
        if lines:
            self._terminal.out((",\n" if self._begun else "[\n") + ",\n".join(lines))
            self._begun = True
        return bool(lines)

    def close(self) -> None:
        """End the array."""
        self._terminal.out("\n]\n" if self._begun else "[]\n")


def _chosen(text: bytes, family: re.Pattern[str] | None) -> list[Family]:
    return [each for each in families(text) if each.matches(family)]
