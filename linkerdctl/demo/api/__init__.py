"""The API server face: HTTP over the objects of `demo.cluster`."""
