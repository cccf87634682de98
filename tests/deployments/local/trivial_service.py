"""A service process that can do nothing but say that it is well."""

import os
from http.server import BaseHTTPRequestHandler, HTTPServer


class Health(BaseHTTPRequestHandler):
    """Answers every GET with 200."""

    def do_GET(self) -> None:
        """Say that all is well."""
        self.send_response(200)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing else."""


if __name__ == "__main__":
    HTTPServer(("127.0.0.1", int(os.environ["MISSIONS_SERVICE_PORT"])), Health).serve_forever()
