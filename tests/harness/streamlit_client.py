"""A viewer of a Streamlit app without a browser: opens its socket through the gateway and runs the script once."""

from __future__ import annotations

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.sync.client import connect

from tests.harness.gateway import Gateway


def page_text(gateway: Gateway, path: str, key: str | None = None) -> str:
    """Everything the script writes in one run, as text; `path` is the app's public path with its slash."""
    message = BackMsg()
    message.rerun_script.query_string = ""
    headers = {"Authorization": f"Key {key or gateway.admin_key}"}
    url = f"ws://localhost:{gateway.port}{path}_stcore/stream"
    texts: list[str] = []
    with connect(url, additional_headers=headers, subprotocols=["streamlit"], open_timeout=60) as socket:  # type: ignore[list-item]
        socket.send(message.SerializeToString())
        while True:
            raw = socket.recv(timeout=60)
            assert isinstance(raw, bytes)
            reply = ForwardMsg()
            reply.ParseFromString(raw)
            kind = reply.WhichOneof("type")
            if kind == "script_finished":
                return "\n".join(texts)
            if kind == "delta":
                texts.append(str(reply.delta))
