"""Requests of the mesh, one by one: who calls whom, what policies make of it, the log that is the truth. No sockets."""
