"""The admin ports of the proxies: what they answer, and the sockets they answer on."""
