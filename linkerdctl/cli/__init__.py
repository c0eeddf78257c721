"""Commands: one thin module each. Parse options, call a room, render; no arithmetic and no I/O of their own."""
