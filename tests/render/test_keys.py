"""Keys out of what a terminal sends."""

from __future__ import annotations

import pytest

from linkerdctl.render.keys import keys_of


@pytest.mark.parametrize(
    ("sent", "keys"),
    [
        (b"q", ["q"]),
        (b"/vote\r", ["/", "v", "o", "t", "e", "enter"]),
        (b"\x1b[A\x1b[B\x1b[C\x1b[D", ["up", "down", "right", "left"]),
        (b"\x1bOA", ["up"]),
        (b"\x1b", ["escape"]),
        (b"\x1b\x1b[B", ["escape", "down"]),
        (b"\x1b[5~\x1b[6~\x1b[H\x1b[F", ["page-up", "page-down", "home", "end"]),
        (b"a\x7fb", ["a", "backspace", "b"]),
        (b"\x1b[1;5Cq", ["q"]),
        (b"\x1b[24~q", ["q"]),
        (b"\x1b[", []),
        (b"\x01\x02q", ["q"]),
        ("é".encode(), ["é"]),
        (b"\xff\xfeq", ["q"]),
    ],
)
def test_keys_are_characters_or_have_names(sent: bytes, keys: list[str]) -> None:
    assert list(keys_of(sent)) == keys
