"""A small mesh on loopback for people without a cluster."""
