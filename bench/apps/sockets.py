"""A broadcast by hand, as tutorials have it: $BENCH_FRAMEWORK says who runs it."""

import os
from collections import defaultdict

if os.environ["BENCH_FRAMEWORK"] == "fastapi":
    from fastapi import FastAPI as Framework, WebSocket, WebSocketDisconnect
else:
    from vivace import Vivace as Framework, WebSocket, WebSocketDisconnect

app = Framework()
rooms: dict[str, set[WebSocket]] = defaultdict(set)


@app.websocket("/rooms/{room}")
async def connect(websocket: WebSocket, room: str):
    await websocket.accept()
    members = rooms[room]
    members.add(websocket)
    try:
        await websocket.send_json({"type": "welcome"})
        while True:
            message = await websocket.receive_json()
            if message["type"] != "say":
                continue
            for member in tuple(members):
                await member.send_json({"type": "said", "text": message["text"]})
    except WebSocketDisconnect:
        pass
    finally:
        members.discard(websocket)
