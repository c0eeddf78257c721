"""Options that `tap` and `top` share, spelled once: whose requests, which of them, until when, and with which identity."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from linkerdctl.cli import shared_options

Resource = Annotated[list[str] | None, typer.Argument(help="Whose requests.", show_default=False)]
Namespace = Annotated[str | None, typer.Option("--namespace", "-n", help="Namespace of the resource.")]
Selector = Annotated[str, typer.Option("--selector", "-l", help="Label selector for the resources.")]
To = Annotated[str | None, typer.Option("--to", metavar="TYPE[/NAME]", help="Only requests sent to TYPE[/NAME].")]
ToNamespace = shared_options.ToNamespace
Method = Annotated[str, typer.Option(help="Only requests with this HTTP method.")]
PathPrefix = Annotated[str, typer.Option(metavar="PREFIX", help="Only paths that begin with this.")]
Authority = Annotated[str, typer.Option(metavar="HOST[:PORT]", help="Only requests to exactly this authority.")]
Scheme = Annotated[str, typer.Option(help="Only requests with this scheme.")]
MaxRps = Annotated[
    float,
    typer.Option("--max-rps", metavar="N", help="At most so many requests per second, of all proxies together."),
]
Duration = Annotated[str | None, typer.Option(help="Stop after this long.")]
Input = Annotated[
    str | None, typer.Option("--input", metavar="FILE", help="Read a saved or captured stream, - for stdin.")
]
TlsCa = Annotated[
    Path | None, typer.Option("--tls-ca", metavar="FILE", help="With --via direct: the mesh's trust anchors, PEM.")
]
TlsCert = Annotated[
    Path | None, typer.Option("--tls-cert", metavar="FILE", help="The certificate of the tap identity, PEM.")
]
TlsKey = Annotated[Path | None, typer.Option("--tls-key", metavar="FILE", help="The key of the tap identity, PEM.")]
