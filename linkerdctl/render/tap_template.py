"""Templates as `kubectl -o template=` takes them: Go's text/template, as far as events need it.

Fields, variables, strings, numbers; `if`, `range`, `with`, their `else`; pipelines and the functions of
`tap_template_functions`. No definitions, no methods.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from linkerdctl.errors import UsageError
from linkerdctl.render.tap_template_functions import FUNCTIONS, WrongArgumentsError, is_true
from linkerdctl.render.tap_template_nodes import (
    Expression,
    Node,
    Scope,
    entries_of,
    field_of,
    literal,
    printing,
    sequence,
    setting,
    with_variable,
)
from linkerdctl.render.tap_template_tokens import Piece, Token, pieces
from linkerdctl.render.terminal import printable

_ENDS = ("end", "else")


class Template:
    """A template that has been understood; raises `UsageError` for one that cannot be, with the place."""

    def __init__(self, text: str) -> None:
        self._text = text
        self.node = _Parser(text).template()

    def render(self, record: Any) -> str | None:
        """The text for a JSON value. None when nothing of what it prints is there, as for the other events of a tap."""
        dot = _clean(record)
        scope = Scope(dot, {"$": dot}, [])
        try:
            text = "".join(self.node(scope))
        except WrongArgumentsError as error:
            raise UsageError(f"template {self._text!r}: {error}") from None
        return None if scope.values and not any(scope.values) else text


def _clean(value: Any) -> Any:
    """Other people's data, with nothing in it that a terminal obeys."""
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, dict):
        return {_clean(key): _clean(each) for key, each in value.items()}
    return [_clean(each) for each in value] if isinstance(value, list) else value


class _Parser:
    """Recursive descent; each method leaves the position behind what it has read."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._pieces: list[Piece] = list(pieces(text))
        self._next = 0
        self._tokens: Sequence[Token] = ()
        self._at = 0

    def template(self) -> Node:
        """All of it."""
        node, ended = self._block({"$"})
        if ended is not None:
            raise self._error(f"{{{{{ended}}}}} without a beginning")
        return node

    def _error(self, why: str) -> UsageError:
        return UsageError(
            f"template {self._text!r}: {why}", next_step="write it like '{{.source.ip}} {{.requestInitEvent.path}}'"
        )

    # Blocks

    def _block(self, names: set[str]) -> tuple[Node, str | None]:
        """Nodes up to an `end` or `else` (which is returned, its further words unread) or the end of the text."""
        nodes: list[Node] = []
        while self._next < len(self._pieces):
            piece = self._pieces[self._next]
            self._next += 1
            if isinstance(piece, str):
                nodes.append(literal(piece))
                continue
            self._tokens, self._at = piece, 0
            word = self._peek()
            if word.kind == "word" and word.text in _ENDS:
                self._at += 1
                return sequence(nodes), word.text
            nodes.append(self._action(names))
        return sequence(nodes), None

    def _action(self, names: set[str]) -> Node:
        word = self._peek()
        if word.kind == "end":
            return literal("")
        if word.kind == "word" and word.text in ("if", "with", "range"):
            self._at += 1
            return self._range(set(names)) if word.text == "range" else self._if(word.text, set(names))
        name = self._assigned(names)
        expression = self._whole_pipeline(names)
        if name is None:
            return printing(expression)
        names.add(name)
        return setting(name, expression)

    def _if(self, word: str, names: set[str]) -> Node:
        name = self._assigned(names)
        condition = self._whole_pipeline(names)
        inner = {*names, name} if name else names
        then, otherwise = self._branches(inner)
        sets_dot = word == "with"

        def node(scope: Scope) -> Iterator[str]:
            value = condition(scope)
            scope = with_variable(scope, name, value)
            if is_true(value):
                yield from then(replace(scope, dot=value) if sets_dot else scope)
            else:
                yield from otherwise(scope)

        return node

    def _range(self, names: set[str]) -> Node:
        first = self._variable_to_set()
        second = self._variable_to_set() if first and self._take(",") else None
        if first and not self._take(":="):
            raise self._error("range takes `$index, $element := .field`")
        items = self._whole_pipeline(names)
        body, otherwise = self._branches({*names, *(each for each in (first, second) if each)})

        def node(scope: Scope) -> Iterator[str]:
            entries = entries_of(items(scope))
            for index, element in entries:
                inner = replace(scope, dot=element)
                inner = with_variable(inner, first, index if second else element)
                yield from body(with_variable(inner, second, element))
            if not entries:
                yield from otherwise(scope)

        return node

    def _branches(self, names: set[str]) -> tuple[Node, Node]:
        then, ended = self._block(names)
        if ended == "else":
            word = self._peek()
            if word.kind == "word" and word.text in ("if", "with"):
                self._at += 1
                return then, self._if(word.text, names)
            otherwise, ended = self._block(names)
        else:
            otherwise = literal("")
        if ended != "end":
            raise self._error("an {{end}} is missing" if ended is None else "a second {{else}}")
        return then, otherwise

    # Pipelines

    def _assigned(self, names: set[str]) -> str | None:
        if self._peek().kind == "variable" and self._peek(1).text == ":=":
            name = self._variable_to_set()
            self._take(":=")
            return name
        return None

    def _variable_to_set(self) -> str | None:
        token = self._peek()
        if token.kind != "variable" or self._peek(1).text not in (",", ":="):
            return None
        self._at += 1
        return token.text

    def _whole_pipeline(self, names: set[str]) -> Expression:
        expression = self._pipeline(names)
        if self._peek().kind != "end":
            raise self._error(f"{self._peek().text!r} is not expected")
        return expression

    def _pipeline(self, names: set[str]) -> Expression:
        expression = self._command(names, None)
        while self._take("|"):
            expression = self._command(names, expression)
        return expression

    def _command(self, names: set[str], piped: Expression | None) -> Expression:
        token = self._peek()
        if token.kind == "word" and token.text not in ("true", "false", "nil"):
            self._at += 1
            function = FUNCTIONS.get(token.text)
            if function is None:
                raise self._error(f"there is no function {token.text!r}; there are {', '.join(FUNCTIONS)}")
            operands = [*self._operands(names), *([piped] if piped else [])]
            return lambda scope: function(*(operand(scope) for operand in operands))
        if piped is not None:
            raise self._error("a value can only be piped into a function")
        operands = list(self._operands(names))
        if len(operands) != 1:
            what = repr(self._peek().text or "}}")
            raise self._error(f"a value is missing at {what}" if not operands else "two values stand side by side")
        return operands[0]

    def _operands(self, names: set[str]) -> Iterator[Expression]:
        while (operand := self._operand(names)) is not None:
            yield operand

    def _operand(self, names: set[str]) -> Expression | None:
        token = self._peek()
        if token.kind == "value":
            self._at += 1
            value = token.value
            return lambda scope: value
        if token.kind == "word":
            raise self._error(f"{token.text!r} stands where a value belongs: put it in parentheses")
        if token.text == "(":
            return self._parenthesis(names)
        if token.kind == "field":
            self._at += 1
            return field_of(lambda scope: scope.dot, token.value)
        if token.kind == "variable":
            return self._variable(names)
        return None

    def _parenthesis(self, names: set[str]) -> Expression:
        self._at += 1
        inner = self._pipeline(names)
        if not self._take(")"):
            raise self._error("a ) is missing")
        return self._fields_of(inner)

    def _variable(self, names: set[str]) -> Expression:
        name = self._peek().text
        if name not in names:
            raise self._error(f"{name} is not set")
        self._at += 1
        return self._fields_of(lambda scope: scope.variables[name])

    def _fields_of(self, value: Expression) -> Expression:
        """`$x.name`, `(index .a 0).name`: fields that follow without a blank."""
        token = self._peek()
        if token.kind != "field" or not token.joined:
            return value
        self._at += 1
        return field_of(value, token.value)

    def _peek(self, ahead: int = 0) -> Token:
        at = self._at + ahead
        return self._tokens[at] if at < len(self._tokens) else Token("end", "")

    def _take(self, text: str) -> bool:
        if self._peek().text != text or self._peek().kind != "sign":
            return False
        self._at += 1
        return True
