# SPDX-License-Identifier: MIT
"""A small Varlink server that says what a test wants it to say."""
import json
import socket
import threading


class Server:
    """`answer` gets each request and gives what is sent: bytes, objects (each ended by NUL), or None: nothing, and close."""

    def __init__(self, path, answer):
        path.parent.mkdir(exist_ok=True)
        self.answer, self.requests = answer, []
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.bind(str(path))
        self.socket.listen(16)
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            with connection:
                try:
                    self.serve(connection)
                except OSError:
                    pass

    def serve(self, connection):
        data = b""
        while b"\0" not in data:
            got = connection.recv(65536)
            if not got:
                return
            data += got
        request = json.loads(data[:data.index(b"\0")])
        self.requests.append(request)
        for part in self.answer(request) or ():
            if part is WAIT:
                connection.recv(1)     # until the other side has had enough
            else:
                connection.sendall(part if isinstance(part, bytes) else json.dumps(part).encode() + b"\0")

    def close(self):
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()
        self.thread.join(10)


WAIT = object()


def reply(**parameters):
    return {"parameters": parameters}


def error(name, **parameters):
    return {"error": name, "parameters": parameters}


def ban(prefix, **more):
    row = {"prefix": prefix, "action": "block", "jail": "test", "type": "SMTP abuse", "service": "smtp", "description": "VPOP3 SMTP", "ports": "all",
           "since": "2026-11-22T03:00:00Z", "until": "2026-11-22T03:30:00Z", "seconds_left": 1752, "country": None, "score": 1050,
           "threshold": 1000, "blocks_30d": 1, "dropped_packets": 12, "reason": None, "by": "ipsd", "kind": "ban", "because": None, "id": 1}
    return dict(row, **more)
