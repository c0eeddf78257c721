"""Ways to events: the viz extension's API, the proxies themselves, a recorded stream. Begin with `protocol`."""
