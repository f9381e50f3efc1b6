"""Says who asks and what it was sent, over HTTP and a socket, and streams events."""

import asyncio

from fastapi import FastAPI, Request, WebSocket
from fastapi.responses import StreamingResponse

api = FastAPI()
gate = asyncio.Event()


@api.get("/")
async def home(request: Request):
    return {"headers": request.headers.items(), "cookies": request.cookies, "url": str(request.url_for("home"))}


@api.get("/path/{rest:path}")
async def path(request: Request, rest: str):
    raw = request.scope["raw_path"].decode() + "?" + request.scope["query_string"].decode()
    return {"raw": raw, "script": request.scope["root_path"], "rest": rest}


@api.get("/slashed/")
async def slashed():
    return "slashed"


@api.post("/go")
async def go():
    gate.set()
    return "gone"


@api.get("/events")
async def events():
    async def stream():
        yield "data: first\n\n"
        await gate.wait()
        yield "data: second\n\n"

    return StreamingResponse(stream(), media_type="text/event-stream")


@api.websocket("/talk")
async def talk(socket: WebSocket):
    await socket.accept()
    await socket.send_json(socket.headers.items())
    while True:
        await socket.send_text("heard " + await socket.receive_text())
