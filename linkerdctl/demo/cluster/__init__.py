"""Objects of the demo's cluster, as an API server stores and shows them. No HTTP."""
