"""The examples of docs/prometheus.md work beside a real Prometheus, which has only scraped for seconds."""

from __future__ import annotations

from dataclasses import replace

from linkerdctl.demo.prometheus import PrometheusServer, scraping
from linkerdctl.demo.servers import DemoMesh
from tests.docs.examples import Page, Reader, assert_as_shown

PAGE = Page("docs/prometheus.md")
ADDRESS = "http://127.0.0.1:9090"


def test_every_example_works_and_says_what_the_page_shows(mesh: DemoMesh, reader: Reader) -> None:
    assert len(PAGE.examples) == 2
    with PrometheusServer(scraping(mesh.url)) as server:
        server.wait_for_scrapes(8, 6)
        reader.environment["LINKERDCTL_PROMETHEUS"] = server.url
        for example in PAGE.examples:
            command = example.command.replace(ADDRESS, server.url).replace("-t 1m", "-t 4s")
            assert_as_shown(reader.run(replace(example, command=command)))
