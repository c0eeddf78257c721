"""One run of a command that shows rows about resources: look, ask, show, say what there is to say; once or repeatedly."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from functools import partial
from typing import Generic, Protocol, TypeVar

from linkerdctl.cli.arguments import namespace_asked, seconds
from linkerdctl.cli.options import GlobalOptions
from linkerdctl.cli.scene import Scene
from linkerdctl.cli.traffic import check_coverage, coverage_line, finish, open_scene, tell_coverage, tell_wait
from linkerdctl.kube.inventory import Inventory
from linkerdctl.kube.kinds import POLICY_KINDS
from linkerdctl.kube.selection import Selection, parse_selections
from linkerdctl.kube.selectors import parse_selector
from linkerdctl.metrics.query import TrafficQuery
from linkerdctl.render.formats import FORMATS, check_output, render
from linkerdctl.render.sorting import check_sort, sorted_rows
from linkerdctl.render.trends import Trend
from linkerdctl.render.view import View
from linkerdctl.reports.stat import Answered
from linkerdctl.sources.protocol import Coverage, Observation

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class Run:
    """What the command line says of how to look and how to show. Times are in seconds."""

    options: GlobalOptions
    selections: tuple[Selection, ...]
    namespace: str | None
    """Where resources are whose namespace is not said; None is everywhere."""
    output: str
    window: float
    sort_by: str | None = None
    every: float | None = None
    since_start: bool = False
    strict: bool = False
    all_namespaces: bool = False

    @classmethod
    def of(
        cls,
        options: GlobalOptions,
        resource: Sequence[str],
        namespace: str | None,
        *,
        all_namespaces: bool,
        selector: str,
        time_window: str,
        output: str,
        sort_by: str | None,
        watch: str | None,
        since_start: bool,
        strict: bool,
        more_outputs: Sequence[str] = (),
    ) -> Run:
        """From the options as they were given; `more_outputs` are the command's own. Raises `UsageError`."""
        check_output(output, *more_outputs)
        where = namespace_asked(options, namespace, all_namespaces=all_namespaces)
        return cls(
            options,
            parse_selections(resource, namespace=where, labels=parse_selector(selector)),
            where,
            output,
            seconds(time_window, "--time-window", at_least=1.0),
            sort_by,
            seconds(watch, "--watch", at_least=0.5) if watch else None,
            since_start,
            strict,
            all_namespaces,
        )

    @property
    def wide(self) -> bool:
        """Whether all columns are wanted."""
        return self.output == "wide"

    @property
    def format(self) -> str:
        """How rows are written; a command's own outputs are tables with columns of their own."""
        return self.output if self.output in FORMATS else "table"

    @property
    def for_people(self) -> bool:
        """Whether rows become a table, which may need a word of explanation."""
        return self.format in ("table", "wide")


class Report(Protocol[Row]):
    """What a command makes of answers. `queries` are asked of the source; `rows` takes the answers in their order."""

    @property
    def queries(self) -> Sequence[TrafficQuery]:
        """What to ask."""
        ...

    def rows(self, observation: Observation, answered: Answered | None) -> list[Row]:
        """Rows in their own order."""
        ...

    def sorted(self, rows: Sequence[Row], view: View[Row], by: str | None) -> list[Row]:
        """Rows as `--sort-by` says."""
        ...

    def trends(self) -> list[Trend[Row]]:
        """What `--watch` follows."""
        ...

    def notes(self, rows: Sequence[Row], observation: Observation) -> Iterable[str]:
        """What to say below; of an empty table why it is."""
        ...


class Columns(Protocol[Row]):
    """Which columns there are, whatever the rows; some are shown for some rows only."""

    def __call__(self, rows: Sequence[Row], *, all_namespaces: bool, wide: bool) -> View[Row]:
        """Columns for these rows, or for none."""
        ...


class Flat(Generic[Row]):
    """For reports whose rows are sorted one by one."""

    def sorted(self, rows: Sequence[Row], view: View[Row], by: str | None) -> list[Row]:
        """As for every table."""
        return sorted_rows(rows, view, by)


ViewOf = Callable[[Sequence[Row]], View[Row]]
"""The columns as this run wants them."""
Prepare = Callable[[Scene], Awaitable[Report[Row]]]
"""Makes the report when the cluster has been looked at."""
Opening = AbstractAsyncContextManager[Scene]


def show(run: Run, prepare: Prepare[Row], columns: Columns[Row], opening: Opening | None = None) -> None:
    """Do it all; raises `LinkerdctlError`. `opening` is the scene, where the objects of the selections are not enough."""
    view_of = checked(run, columns)
    opening = opening or open_scene(run.options, run.selections, window=run.window, since_start=run.since_start)
    finish(_shown(run, opening, prepare, view_of), run.options)


def checked(run: Run, columns: Columns[Row]) -> ViewOf[Row]:
    """The columns as the run wants them; raises `UsageError` when it is to be sorted by another."""
    view_of = partial(columns, all_namespaces=run.all_namespaces, wide=run.wide)
    check_sort(view_of([]), run.sort_by)
    return view_of


async def _shown(run: Run, opening: Opening, prepare: Prepare[Row], view_of: ViewOf[Row]) -> None:
    async with opening as scene:
        report = await prepare(scene)
        if run.every is None:
            await _once(run, scene, report, view_of)
        else:
            await _watched(run, scene, report, view_of, run.every)


def known(selections: Iterable[Selection], inventory: Inventory) -> tuple[Selection, ...]:
    """The selections with custom kinds found; raises `NotFoundError` before anyone has to wait for it."""
    found = tuple(map(inventory.resolve, selections))
    for each in found:
        if each.name and (each.kind not in POLICY_KINDS or inventory.knows(each.kind)):
            inventory.rows(each)
    return found


async def _once(run: Run, scene: Scene, report: Report[Row], view_of: ViewOf[Row]) -> None:
    terminal = run.options.terminal
    tell_wait(run.options, run.window, since_start=run.since_start)
    observation = await scene.source.observe(report.queries, await scene.targets())
    found = report.rows(observation, answered_of(scene.inventory, observation.coverage))
    view = view_of(found)
    if run.since_start and found:
        terminal.note("averages since each proxy started; for what happens now leave --since-start out")
    render(report.sorted(found, view, run.sort_by), view, run.format, terminal)
    tell_coverage(terminal, observation.coverage)
    for note in (*scene.inventory.notes, *report.notes(found, observation)):
        terminal.note(note)
    check_coverage(observation.coverage, strict=run.strict)


async def _watched(run: Run, scene: Scene, report: Report[Row], view_of: ViewOf[Row], every: float) -> None:
    from linkerdctl.render.live import live_on
    from linkerdctl.render.stream import STREAMED, Stream
    from linkerdctl.render.trends import with_trends

    terminal, trends = run.options.terminal, report.trends()
    stream = Stream(run.output, terminal)
    with live_on(terminal, streamed=run.output in STREAMED) as live:
        async for observation in scene.source.watch(report.queries, scene.targets, every):
            found = report.rows(observation, answered_of(scene.inventory, observation.coverage))
            view = view_of(found)
            ordered = report.sorted(found, view, run.sort_by)
            if run.output in STREAMED:
                stream.show(view, ordered, observation.ended)
            else:
                moving = with_trends(view, ordered, trends)
                footer = coverage_line(observation.coverage)
                live.show(moving, ordered, observation.ended, wide=run.wide, footer=footer)
            if not live.in_place:
                tell_coverage(terminal, observation.coverage)


def answered_of(inventory: Inventory, coverage: Coverage) -> Answered | None:
    """Which proxies an answer rests on; None where the source cannot tell."""
    if not coverage.asked:
        return None
    labels = {target.pod: target.labels for target in inventory.targets()}
    return Answered({pod: labels.get(pod, {}) for pod in coverage.asked}, coverage.answered)
