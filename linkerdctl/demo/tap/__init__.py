"""Live requests of the mesh: the proxies' tap API and the viz extension's."""
