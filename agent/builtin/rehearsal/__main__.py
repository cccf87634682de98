"""Serves the rehearsal model on loopback: `python -m agent.builtin.rehearsal --port 4210`."""

import argparse

import uvicorn

from agent.builtin.rehearsal.app import create_app

if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m agent.builtin.rehearsal", description=__doc__)
    parser.add_argument("--port", type=int, required=True, help="the port to listen on, on 127.0.0.1")
    uvicorn.run(create_app(), host="127.0.0.1", port=parser.parse_args().port, log_level="warning")
