"""Generated from protos/ by `make protos`: the messages of tap. Do not edit."""
