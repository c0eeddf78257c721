"""What `metrics` and `metrics cardinality` share: which proxies are meant, their texts one by one, who is missing."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Annotated

import typer

from linkerdctl.cli.arguments import namespace_asked, proxies_asked
from linkerdctl.cli.options import GlobalOptions
from linkerdctl.cli.scene import Scene
from linkerdctl.cli.traffic import check_coverage, open_scene, tell_coverage
from linkerdctl.errors import ExpositionError, UsageError
from linkerdctl.kube.inventory import PodRef, Target
from linkerdctl.kube.kinds import POD, find_kind
from linkerdctl.kube.selection import Selection
from linkerdctl.reports.nothing import why_nothing
from linkerdctl.sources.protocol import Coverage, ProxyFailure, ProxyText

Family = Annotated[
    str | None, typer.Option(metavar="REGEX", help="Only families in whose name, or samples' names, this is found.")
]
Take = Callable[[int, int, ProxyText], bool]
"""Gets the number of a proxy, counted from 1, how many there are, and what it said; tells whether anything of it was wanted.
Raises `ExpositionError`."""

NOT_RUNNING = "its pod does not run"


@dataclass(frozen=True, slots=True)
class Asked:
    """Which proxies, and whether one that is missing is an error."""

    options: GlobalOptions
    selections: tuple[Selection, ...]
    family: re.Pattern[str] | None
    strict: bool

    @classmethod
    def of(
        cls,
        options: GlobalOptions,
        words: Sequence[str],
        namespace: str | None,
        *,
        all_namespaces: bool,
        selector: str,
        family: str | None,
        strict: bool,
    ) -> Asked:
        """From the options as they were given; raises `UsageError`."""
        where = namespace_asked(options, namespace, all_namespaces=all_namespaces)
        return cls(
            options, proxies_asked(_resources(words), namespace=where, selector=selector), _pattern(family), strict
        )


def _pattern(regex: str | None) -> re.Pattern[str] | None:
    """A compiled `--family`; raises `UsageError`."""
    try:
        return re.compile(regex) if regex else None
    except (re.error, OverflowError, RecursionError) as error:
        message = f"--family {regex!r} is no regular expression: {error}"
        raise UsageError(message, next_step="quote it for the shell: '^request_total$'") from None


def _resources(words: Sequence[str]) -> Sequence[str]:
    """One word that is no kind is a pod here, dash or not."""
    if len(words) == 1 and not {"/", ","} & {*words[0]} and words[0] != "all" and find_kind(words[0].lower()) is None:
        return [f"{POD.name}/{words[0]}"]
    return words


async def each_text(asked: Asked, take: Take, shown: Callable[[], None]) -> None:
    """Hand over what each proxy said or why it did not, in order; then `shown`; then tell who is missing.

    A text that `take` finds malformed counts as none. Raises as `check_coverage` does.
    """
    async with open_scene(asked.options, asked.selections, window=1.0) as scene:
        targets, silent = _chosen(scene, asked.selections)
        handed = _HandedOver(take, len(targets) + len(silent))
        async with aclosing(scene.source.texts(targets)) as texts:
            async for text in texts:
                handed.hand_over(text)
        for failure in silent:
            handed.hand_over(ProxyText(Target(failure.pod, {}, "", 0), failure=failure))
        shown()
        _tell(asked, handed.coverage(), scene, handed.anything)


@dataclass(slots=True)
class _HandedOver:
    """Texts that went to `take` one by one, of so many proxies, and what came of them."""

    take: Take
    everyone: int
    number: int = 0
    anything: bool = False
    """Whether any of it was wanted."""
    answered: set[PodRef] = field(default_factory=set)
    failures: list[ProxyFailure] = field(default_factory=list)

    def hand_over(self, text: ProxyText) -> None:
        """One more; what turns out to be malformed is handed over again, as a failure."""
        self.number += 1
        failure = text.failure
        try:
            self.anything |= self.take(self.number, self.everyone, text)
        except ExpositionError as error:
            failure = ProxyFailure(text.target.pod, error.message, error.next_step)
            self.take(self.number, self.everyone, ProxyText(text.target, failure=failure))
        if failure:
            self.failures.append(failure)
        else:
            self.answered.add(text.target.pod)

    def coverage(self) -> Coverage:
        """Who answered, and who did not, by name."""
        failures = sorted(self.failures, key=lambda each: each.pod)
        pods = self.answered | {each.pod for each in failures}
        return Coverage(frozenset(pods), frozenset(self.answered), tuple(failures))


def _chosen(scene: Scene, selections: Sequence[Selection]) -> tuple[list[Target], list[ProxyFailure]]:
    """The proxies of the selected objects, and meshed pods of theirs that do not run."""
    resolved = (scene.inventory.resolve(each) for each in selections)
    wanted = {pod for each in resolved for row in scene.inventory.rows(each) for pod in row.pods}
    targets = [target for target in scene.inventory.targets() if target.pod in wanted]
    return targets, [ProxyFailure(pod, NOT_RUNNING) for pod in sorted(wanted - {target.pod for target in targets})]


def _tell(asked: Asked, coverage: Coverage, scene: Scene, anything: bool) -> None:
    terminal = asked.options.terminal
    if not coverage.asked:
        selections = [scene.inventory.resolve(each) for each in asked.selections]
        terminal.note(why_nothing(selections, scene.inventory, None, "has no meshed pod"))
    elif coverage.answered and not anything:
        told = "nothing to show: no proxy that answered has a family"
        terminal.note(f"{told} that --family {asked.family.pattern!r} finds" if asked.family else told)
    tell_coverage(terminal, coverage)
    check_coverage(coverage, strict=asked.strict)
