"""How numbers look in tables. Everything unknown is `-`."""

from __future__ import annotations

from linkerdctl.metrics.histogram import Quantile

NOTHING = "-"


def percent(share: float | None) -> str:
    """A share from 0 to 1 as `98.33%`. Only all are `100.00%`, and only none `0.00%`: one failure in a million shows."""
    if share is None:
        return NOTHING
    return f"{min(max(share * 100, 0.01), 99.99) if 0 < share < 1 else share * 100:.2f}%"


def per_second(rate: float | None, unit: str) -> str:
    """`1.5rps`, `310.4B/s`; never scaled, so that columns compare. What is seldom is `<0.1rps`, and only none `0.0rps`."""
    if rate is None:
        return NOTHING
    shown = f"{rate:.1f}"
    return f"<0.1{unit}" if rate > 0 and shown == "0.0" else f"{shown}{unit}"


def count(number: float | None) -> str:
    """A whole number."""
    return NOTHING if number is None else f"{number:.0f}"


def milliseconds(quantile: Quantile | None, *, fine: bool = False) -> str:
    """`2.2ms`, `24ms`, from ten seconds `12.3s`, `>50s` where the histogram cannot tell.

    `fine` keeps the tenth up to 100 ms (`24.0ms`). A limit applies to what is shown: 9.96 is `10ms`, never `10.0ms`.
    """
    if quantile is None:
        return NOTHING
    if quantile.beyond:
        return f">{_bound(quantile.lower)}"
    value = quantile.value
    if value < (99.95 if fine else 9.95):
        return f"{value:.1f}ms"
    return f"{value:.0f}ms" if value < 9999.5 else f"{value / 1000:.1f}s"


def _bound(bound: float) -> str:
    return f"{bound / 1000:g}s" if bound >= 1000 else f"{bound:g}ms"


def seconds(duration: float | None) -> str:
    """A window: `30.0s`; days and hours for a proxy's lifetime: `3d4h`, `2h5m`, `7m30s`."""
    if duration is None:
        return NOTHING
    if duration < 120:
        return f"{duration:.1f}s"
    minutes, second = divmod(round(duration), 60)
    hours, minute = divmod(minutes, 60)
    days, hour = divmod(hours, 24)
    if days:
        return f"{days}d{hour}h"
    return f"{hours}h{minute}m" if hours else f"{minute}m{second}s"
