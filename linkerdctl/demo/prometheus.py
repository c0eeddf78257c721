"""A real Prometheus beside the demo mesh, scraping its proxies: `python -m linkerdctl.demo.prometheus [COMMAND...]`.

It finds the demo through KUBECONFIG, so it runs inside one: `linkerdctl demo -- python -m linkerdctl.demo.prometheus`.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from linkerdctl.demo.api.http_sd import PATH
from linkerdctl.errors import LinkerdctlError

HOST = "127.0.0.1"
_META = "__meta_kubernetes"
_POD_LABEL = f"{_META}_pod_label_linkerd_io"
_PATIENCE = 30.0

Rule = dict[str, Any]


def _keep_proxies() -> list[Rule]:
    sources = [f"{_META}_pod_container_name", f"{_META}_pod_container_port_name"]
    return [{"source_labels": sources, "regex": "linkerd-proxy;linkerd-admin", "action": "keep"}]


def _from(label: str, target: str) -> Rule:
    return {"source_labels": [f"{_META}_{label}"], "target_label": target}


VIZ: tuple[Rule, ...] = (
    *_keep_proxies(),
    _from("namespace", "namespace"),
    _from("pod_name", "pod"),
    {"source_labels": [f"{_POD_LABEL}_proxy_job"], "target_label": "k8s_job"},
    {"action": "labeldrop", "regex": f"{_POD_LABEL}_proxy_job"},
    {"action": "labelmap", "regex": f"{_POD_LABEL}_proxy_(.+)"},
    {"action": "labeldrop", "regex": f"{_POD_LABEL}_proxy_(.+)"},
    {"action": "labelmap", "regex": f"{_POD_LABEL}_(.+)"},
    {"action": "labeldrop", "regex": f"{_POD_LABEL}_(.+)"},
    {"action": "labelmap", "regex": f"{_META}_pod_label_(.+)"},
)
"""Labels as the viz extension's own Prometheus gives them: short names of workloads, and all other pod labels."""

POD_MONITOR: tuple[Rule, ...] = (
    *_keep_proxies(),
    _from("namespace", "namespace"),
    _from("pod_container_name", "container"),
    _from("pod_name", "pod"),
    {"target_label": "endpoint", "replacement": "linkerd-admin"},
)
"""What a PodMonitor gives that says nothing about relabelling."""

COLLECTOR: tuple[Rule, ...] = (
    *_keep_proxies(),
    _from("namespace", "k8s_namespace_name"),
    _from("pod_name", "k8s_pod_name"),
    _from("pod_label_linkerd_io_proxy_deployment", "k8s_deployment_name"),
    _from("pod_label_linkerd_io_proxy_job", "k8s_job_name"),
)
"""The resource attributes of an OpenTelemetry collector, as labels."""


def scrape_job(name: str, rules: Sequence[Rule], api: str, interval: str) -> dict[str, Any]:
    """A `scrape_config` for the proxies of the demo whose API face is at `api`."""
    return {
        "job_name": name,
        "scrape_interval": interval,
        "scrape_timeout": interval,
        "http_sd_configs": [{"url": f"{api}{PATH}", "refresh_interval": "1s"}],
        "relabel_configs": list(rules),
    }


def scraping(api: str, *, interval: str = "1s", jobs: Mapping[str, Sequence[Rule]] | None = None) -> Rule:
    """A configuration that scrapes the demo at `api` by these rules for each job; by viz's when none are given."""
    named = jobs or {"linkerd-proxy": VIZ}
    return {"scrape_configs": [scrape_job(name, rules, api, interval) for name, rules in named.items()]}


class PrometheusServer:
    """A context manager: inside it a Prometheus runs at `url`. Its data go with it, unless they were there before."""

    def __init__(self, config: Rule, *, data: Path | None = None) -> None:
        self.url = ""
        self._config = config
        self._data = data
        self._directory = Path()
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        program = shutil.which("prometheus")
        if program is None:
            raise LinkerdctlError(
                "there is no prometheus on PATH", next_step="install it: apt-get install prometheus (Debian, Ubuntu)"
            )
        self._directory = Path(tempfile.mkdtemp(prefix="linkerdctl-prometheus-"))
        try:
            self._start(program)
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()

    def wait_for(self, query: str, *, seconds: float = _PATIENCE) -> None:
        """Until an instant query has an answer that is not empty; raises `LinkerdctlError` when it never has."""
        deadline = time.monotonic() + seconds
        while not self._answers(query):
            if time.monotonic() > deadline:
                raise LinkerdctlError(f"Prometheus never answered {query}")
            time.sleep(0.1)

    def wait_for_scrapes(self, count: int, proxies: int) -> None:
        """Until so many proxies have been scraped so many times."""
        self.wait_for(f"count(count_over_time(process_start_time_seconds[10m]) >= {count}) >= {proxies}")

    def _start(self, program: str) -> None:
        config = self._directory / "prometheus.yml"
        config.write_text(json.dumps(self._config))
        address = f"{HOST}:{_free_port()}"
        self.url = f"http://{address}"
        log = (self._directory / "log").open("wb")
        self._process = subprocess.Popen(  # noqa: S603 - the program is the one on PATH
            [
                program,
                f"--config.file={config}",
                f"--storage.tsdb.path={self._data or self._directory / 'data'}",
                f"--web.listen-address={address}",
                "--log.level=warn",
            ],
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        self._until_ready()

    def _until_ready(self) -> None:
        deadline = time.monotonic() + _PATIENCE
        while not self._ready():
            assert self._process is not None  # noqa: S101 - it has been started
            if self._process.poll() is not None or time.monotonic() > deadline:
                last = (self._directory / "log").read_text(errors="replace").strip().splitlines()[-1:]
                raise LinkerdctlError(f"prometheus does not start: {' '.join(last) or 'it says nothing'}")
            time.sleep(0.05)

    def _ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/-/ready", timeout=5) as answer:  # noqa: S310 - our own
                return bool(answer.status == 200)
        except OSError:
            return False

    def _answers(self, query: str) -> bool:
        body = urllib.parse.urlencode({"query": query}).encode()
        try:
            with urllib.request.urlopen(f"{self.url}/api/v1/query", body, timeout=5) as answer:  # noqa: S310 - our own
                return bool(json.load(answer)["data"]["result"])
        except OSError:
            return False

    def _stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait()
        shutil.rmtree(self._directory, ignore_errors=True)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def demo_url(environment: Mapping[str, str]) -> str:
    """The API face of the demo that this process runs in; raises `LinkerdctlError` outside of one."""
    from linkerdctl.kube.kubeconfig import load_config

    server = load_config(environment.get("KUBECONFIG")).server
    if not server.startswith(f"http://{HOST}:"):
        raise LinkerdctlError(
            f"{server} is no demo",
            next_step="linkerdctl demo -- python -m linkerdctl.demo.prometheus linkerdctl stat deploy",
        )
    return server


def main(words: Sequence[str]) -> int:
    """Run a command beside it with `LINKERDCTL_PROMETHEUS` set, or stay until Ctrl-C."""
    from linkerdctl.demo.child import child_of, run_child

    # Else it would end without its Prometheus
    signal.signal(signal.SIGTERM, lambda number, _frame: sys.exit(128 + number))
    with PrometheusServer(scraping(demo_url(os.environ))) as prometheus:
        prometheus.wait_for_scrapes(12, 1)
        environment = {**os.environ, "LINKERDCTL_PROMETHEUS": prometheus.url}
        if words:
            return run_child(child_of(words, own=()), environment)
        print(f"export KUBECONFIG={os.environ['KUBECONFIG']} LINKERDCTL_PROMETHEUS={prometheus.url}")  # noqa: T201
        print("in another terminal: linkerdctl stat deploy -n emojivoto; here Ctrl-C ends it", file=sys.stderr)  # noqa: T201
        try:
            while True:
                time.sleep(3600)
        except KeyboardInterrupt:
            return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
