"""Asks a server on the loopback over a real connection; for tests of the viewer's and the app's."""

import http.client

Answer = tuple[int, bytes]


def ask(port: int, method: str, path: str, body: bytes | None = None, **headers: str) -> Answer:
    """Status and body of an answer; underscores in the names of headers stand for hyphens."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, body, named)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()
