"""A small HTTP/1.1 server for the sandbox: keep-alive, one thread per connection, no request log.

Werkzeug's own server closes every connection after one answer; clients of the real API keep theirs open.
"""

import contextlib
import io
import socket
from http.client import responses
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote, urlsplit

from werkzeug.wrappers import Request, Response

from .app import Api, DropConnection
from .control import Control
from .uploads import Media

MAX_BODY_BYTES = 600 * 1024 * 1024


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: "Server"

    def handle_one_request(self) -> None:
        try:
            self.raw_requestline = self.rfile.readline(65537)
            if not self.raw_requestline or not self.parse_request():
                self.close_connection = True
                return
            self._answer()
        except (ConnectionError, TimeoutError):
            self.close_connection = True

    def _answer(self) -> None:
        body = self._read_body()
        try:
            response = self.server.respond(self._request(body))
        except DropConnection:
            self.close_connection = True
            with contextlib.suppress(OSError):
                self.connection.shutdown(socket.SHUT_RDWR)
            return
        content = response.get_data()
        status = response.status_code
        head = [f"HTTP/1.1 {status} {responses.get(status, 'Unknown')}"]
        head += [f"{name}: {value}" for name, value in response.headers if name.lower() != "content-length"]
        if status != 204:
            head.append(f"Content-Length: {len(content)}")
        if self.close_connection:
            head.append("Connection: close")
        # One write: two would wait for each other's acknowledgement.
        text = "\r\n".join(head) + "\r\n\r\n"
        self.wfile.write(text.encode("latin-1", "replace") + (b"" if self.command == "HEAD" else content))

    def _read_body(self) -> bytes:
        """The whole body, so that the next request on this connection starts where it should."""
        if "chunked" in self.headers.get("Transfer-Encoding", "").lower():
            return self._read_chunks()
        length = int(self.headers.get("Content-Length") or 0)
        if length > MAX_BODY_BYTES:
            self.close_connection = True
            return b""
        return self.rfile.read(length)

    def _read_chunks(self) -> bytes:
        chunks = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            chunks.append(self.rfile.read(size))
            self.rfile.readline()
        while self.rfile.readline().strip():
            pass
        return b"".join(chunks)

    def _request(self, body: bytes) -> Request:
        target = urlsplit(self.path)
        environ = {
            "REQUEST_METHOD": self.command,
            "SCRIPT_NAME": "",
            "PATH_INFO": unquote(target.path, "latin-1"),
            "QUERY_STRING": target.query,
            "SERVER_NAME": self.server.server_address[0],
            "SERVER_PORT": str(self.server.server_address[1]),
            "SERVER_PROTOCOL": "HTTP/1.1",
            "REMOTE_ADDR": self.client_address[0],
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(len(body)),
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(body),
            "wsgi.errors": io.StringIO(),
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
        }
        for name, value in self.headers.items():
            if name.lower() == "transfer-encoding":  # the body has been put together already
                continue
            environ["HTTP_" + name.upper().replace("-", "_")] = value
        return Request(environ, populate_request=False)

    def log_message(self, format: str, *args: object) -> None:
        """Requests are not logged: they carry keys, and there are many."""


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128
    allow_reuse_address = True

    def __init__(self, port: int, api: Api, control: Control, media: Media) -> None:
        super().__init__(("127.0.0.1", port), Handler)
        self.api = api
        self.control = control
        self.media = media

    def respond(self, request: Request) -> Response:
        if request.path.startswith("/_sandbox"):
            return self.control.respond(request)
        if request.path.startswith("/media/"):
            return self.media.respond(request)
        return self.api.respond(request)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"
