"""Runs the host tools over stdio: `python -m agent.builtin.host`."""

import os

from agent.builtin.host.server import make_server

if __name__ == "__main__":
    make_server(os.environ).run()
