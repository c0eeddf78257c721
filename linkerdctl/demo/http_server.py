"""How the demo serves HTTP: uvicorn, quiet, in a loop that is already running."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from linkerdctl.errors import LinkerdctlError

if TYPE_CHECKING:
    import uvicorn

_GRACE_SECONDS = 1


def require_server_packages() -> None:
    """Raise `LinkerdctlError` where the packages of the `demo` extra are missing."""
    try:
        import starlette  # noqa: F401
        import uvicorn  # noqa: F401
        import websockets  # noqa: F401
    except ImportError as error:
        raise LinkerdctlError(
            f"the demo needs a package that is not installed: {error.name}",
            next_step="pip install 'linkerdctl[demo]'",
        ) from error


def server_for(app: Any, *, websockets: bool = False) -> uvicorn.Server:
    """A server for an ASGI application; what it would log, `CutShortError` among it, is not for users."""
    import uvicorn

    config = uvicorn.Config(
        app,
        http="h11",
        ws="websockets-sansio" if websockets else "none",
        lifespan="off",
        log_config=None,
        log_level="critical",
        access_log=False,
        interface="asgi3",
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=_GRACE_SECONDS,
        h11_max_incomplete_event_size=1 << 20,
    )
    config.load()
    return uvicorn.Server(config)
