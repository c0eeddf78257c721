"""Routes of .proto files: every rpc of every service. Imports are not read and types need not exist."""

from __future__ import annotations

from typing import NoReturn

from linkerdctl.profiles.proto_tokens import Text, Token
from linkerdctl.profiles.regex import path_regex
from linkerdctl.profiles.routes import Generated, GrpcMethod, Route

_IDEMPOTENT = frozenset({"IDEMPOTENT", "NO_SIDE_EFFECTS"})
_BODIES = frozenset({"message", "enum", "extend", "oneof", "group"})
_FREE = frozenset({"reserved", "extensions"})
"""Statements whose insides are not looked at; none of them can tell anything about routes."""
_DEEPEST = 100
"""Messages inside of messages; protoc takes 32."""


def routes_of_proto(text: str, source: str = "-") -> Generated:
    """One route per rpc, in the order of the file, named as the rpc; raises `SpecificationError` at a syntax error.

    A package counts for the services below it, as with the real tool.
    """
    return Generated(tuple(_Parser(Text(text, source)).file()))


class _Parser:
    """Recursive descent over the tokens of one file."""

    def __init__(self, text: Text) -> None:
        self._text = text
        self._tokens = text.tokens()
        self._at = 0
        self._depth = 0
        self._package = ""
        self._routes: list[Route] = []

    def file(self) -> list[Route]:
        """Every statement of the file."""
        while self._peek.kind != "end":
            self._statement(self._next())
        return self._routes

    @property
    def _peek(self) -> Token:
        return self._tokens[self._at]

    def _next(self) -> Token:
        token = self._tokens[self._at]
        if token.kind != "end":
            self._at += 1
        return token

    def _fail(self, token: Token, wanted: str) -> NoReturn:
        found = f'"{token.text}"' if token.kind == "string" else token.text
        self._text.fail(token.start, f"expected {wanted}, found {found}")

    def _sign(self, text: str) -> Token:
        token = self._next()
        if token.kind != "sign" or token.text != text:
            self._fail(token, f"'{text}'")
        return token

    def _accept(self, text: str) -> bool:
        if self._peek.kind == "sign" and self._peek.text == text:
            self._at += 1
            return True
        return False

    def _word(self, wanted: str) -> str:
        """A name, with its dots, whatever blanks stand around them."""
        parts = ["."] if self._accept(".") else []
        token = self._next()
        if token.kind != "word":
            self._fail(token, wanted)
        parts.append(token.text)
        while self._accept("."):
            token = self._next()
            if token.kind != "word":
                self._fail(token, wanted)
            parts.extend((".", token.text))
        return "".join(parts)

    def _statement(self, token: Token) -> None:
        word = token.text if token.kind == "word" else ""
        if token.kind == "sign" and token.text == ";":
            return
        if word == "package":
            self._package = self._word("a package name")
            self._sign(";")
        elif word == "service":
            self._service()
        elif word in ("message", "enum", "extend"):
            self._word(f"the name of the {word}")
            self._body(self._sign("{"))
        elif word in ("export", "local") and self._peek.text in ("message", "enum"):
            self._statement(self._next())
        elif word == "option":
            self._option()
        elif word in ("syntax", "edition"):
            self._sign("=")
            self._string(f'the {word}, like "proto3"' if word == "syntax" else 'the edition, like "2023"')
            self._sign(";")
        elif word == "import":
            if self._peek.text in ("public", "weak", "option") and self._peek.kind == "word":
                self._next()
            self._string("the file to import")
            self._sign(";")
        else:
            self._fail(token, "syntax, package, import, option, message, enum, extend or service")

    def _string(self, wanted: str) -> str:
        token = self._next()
        if token.kind != "string":
            self._fail(token, wanted)
        parts = [token.text]
        while self._peek.kind == "string":
            parts.append(self._next().text)
        return "".join(parts)

    def _service(self) -> None:
        name = self._word("the name of the service")
        self._sign("{")
        while not self._accept("}"):
            token = self._next()
            if token == Token("sign", ";", token.start):
                continue
            if token.kind == "word" and token.text == "rpc":
                self._rpc(name)
            elif token.kind == "word" and token.text == "option":
                self._option()
            else:
                self._fail(token, f"rpc, option or '}}' in service {name}")

    def _rpc(self, service: str) -> None:
        name = self._word("the name of the rpc")
        self._type()
        token = self._next()
        if token.kind != "word" or token.text != "returns":
            self._fail(token, "returns")
        self._type()
        called = f"{self._package}.{service}" if self._package else service
        self._routes.append(
            Route(
                name=name,
                method="POST",
                path_regex=path_regex(f"/{called}/{name}"),
                is_retryable=self._retryable(),
                grpc=GrpcMethod(called, name),
            )
        )

    def _type(self) -> None:
        """`(Type)` or `(stream Type)`; a type may itself be called stream."""
        self._sign("(")
        if self._peek.text == "stream" and self._tokens[self._at + 1].text != ")":
            self._next()
        self._word("a message type")
        self._sign(")")

    def _retryable(self) -> bool:
        """Read the rest of an rpc: the first idempotency level among its options decides."""
        if not self._accept("{"):
            self._sign(";")
            return False
        levels: list[str] = []
        while not self._accept("}"):
            token = self._next()
            if token == Token("sign", ";", token.start):
                continue
            if token.kind != "word" or token.text != "option":
                self._fail(token, "option or '}' in the rpc")
            name, value = self._option()
            if name.strip("()") == "idempotency_level":
                levels.append(value)
        self._accept(";")
        return bool(levels) and levels[0] in _IDEMPOTENT

    def _option(self) -> tuple[str, str]:
        """What follows the word `option`: its name and its value, empty for an aggregate."""
        name: list[str] = []
        while not self._accept("="):
            token = self._next()
            if token.kind == "word" or (token.kind == "sign" and token.text in "()."):
                name.append(token.text)
            else:
                self._fail(token, "an option name and '='")
        if not name:
            self._fail(self._peek, "an option name before '='")
        value = self._value()
        self._sign(";")
        return "".join(name), value

    def _value(self) -> str:
        token = self._next()
        if token.kind == "string":
            self._at -= 1
            return self._string("a value")
        if token.kind == "sign" and token.text == "{":
            self._balanced(token)
            return ""
        if token.kind == "sign" and token.text in "+-":
            return token.text + self._next().text
        if token.kind not in ("word", "number"):
            self._fail(token, "a value")
        return token.text

    def _balanced(self, opening: Token) -> None:
        """Skip to where a bracket is closed again, over whatever is nested in between."""
        pairs = {"{": "}", "[": "]"}
        open_ = [opening]
        while open_:
            token = self._next()
            if token.kind == "end":
                self._unclosed(open_[-1])
            if token.kind != "sign":
                continue
            if token.text in pairs:
                open_.append(token)
            elif token.text in "}]":
                if token.text != pairs[open_[-1].text]:
                    self._fail(token, f"'{pairs[open_[-1].text]}'")
                open_.pop()

    def _unclosed(self, opening: Token) -> NoReturn:
        self._text.fail(opening.start, f"this '{opening.text}' is never closed")

    def _body(self, opening: Token) -> None:
        """The inside of a message and the like: nothing there makes routes, but broken text is told of."""
        self._depth += 1
        if self._depth > _DEEPEST:
            self._text.fail(opening.start, "this is nested too deeply")
        while not self._accept("}"):
            token = self._next()
            if token.kind == "end":
                self._unclosed(opening)
            if token.kind == "sign" and token.text == ";":
                continue
            self._member(token)
        self._depth -= 1

    def _member(self, first: Token) -> None:
        """One field, nested definition, option or reservation, to its `;` or over its `{ }`."""
        if first.kind == "word" and first.text == "option" and self._is_option():
            self._option()
            return
        free, equals, last = first.kind == "word" and first.text in _FREE, 0, first
        words = {first.text} if first.kind == "word" else set()
        if first.kind == "sign" and first.text not in ".":
            self._fail(first, "a field, a definition or '}'")
        while True:
            token = self._next()
            if token.kind == "sign" and token.text == ";":
                if not equals and not free:
                    self._fail(token, f"'=' and a number after {last.text}")
                return
            if token.kind == "sign" and token.text == "{":
                if not words & _BODIES:
                    self._fail(token, "';'")
                self._body(token)
                return
            if token.kind == "end" or (token.kind == "sign" and token.text == "}"):
                self._fail(token, "';'")
            if token.kind == "sign" and token.text == "[":
                self._balanced(token)
            elif token.kind == "sign" and token.text == "=":
                equals += 1
                if equals > 1:
                    self._fail(last, "';'")
            elif equals and not free and token.kind == "word" and "group" not in words:
                self._fail(token, "';'" if last.kind == "number" else "a number")
            elif token.kind == "word":
                words.add(token.text)
            last = token

    def _is_option(self) -> bool:
        """`option` begins an option, unless it is a type or field of that name."""
        following = self._tokens[self._at + 1]
        return self._peek.text == "(" or following.text in ("=", ".") or "." in self._peek.text
