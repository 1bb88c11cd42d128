"""A server that Unkai's planes reach as they reach the internet: in the namespace where API, edge and DNS answer."""
import contextlib
import ctypes
import http.server
import json
import os
import pathlib
import socket
import threading

CLONE_NEWNET = 0x40000000


def listening_socket(unkai):
    """A socket of that namespace, listening at the edge's address; this process stays where it is."""
    status = json.loads(unkai.run("status", "--json").stdout)["data"]
    made, failed = [], []

    def enter_and_listen():
        namespace = os.open(pathlib.Path(status["runDir"]) / "netns" / "internet", os.O_RDONLY)
        if ctypes.CDLL(None, use_errno=True).setns(namespace, CLONE_NEWNET) != 0:
            failed.append(os.strerror(ctypes.get_errno()))
        else:
            made.append(socket.create_server((status["edgeAddress"], 0)))
        os.close(namespace)
    thread = threading.Thread(target=enter_and_listen)  # It alone is there, and goes.
    thread.start()
    thread.join()
    assert made, f"setns: {failed}"
    return made[0]


@contextlib.contextmanager
def serving(unkai, handler, context=None):
    """An HTTP server there, with TLS by `context`; gives its address. Idle connections do not hold up its end."""
    listening = listening_socket(unkai)
    address = listening.getsockname()
    server = http.server.ThreadingHTTPServer(address, handler, bind_and_activate=False)
    server.socket.close()
    server.socket = context.wrap_socket(listening, server_side=True) if context else listening
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http{'s' if context else ''}://{address[0]}:{address[1]}"
    finally:
        server.shutdown()
        server.server_close()
