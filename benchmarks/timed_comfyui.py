"""A stand-in for ComfyUI whose jobs all take the same time: `python -m benchmarks.timed_comfyui SECONDS`.

It answers what the runner asks of a server, on a free port that it prints first, until its stdin is closed.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
from typing import Any

from aiohttp import WSMsgType, web

PICTURE = b"\x89PNG\r\n\x1a\n" + bytes(500)
NODES: dict[str, Any] = {
    "EmptyImage": {
        "input": {"required": {name: ["INT", {}] for name in ("width", "height", "batch_size", "color")}},
        "output": ["IMAGE"],
    },
    "SaveImage": {
        "input": {"required": {"images": ["IMAGE"], "filename_prefix": ["STRING", {}]}},
        "output": [],
        "output_node": True,
    },
}


class TimedComfyUI:
    """Runs one job at a time, each for `seconds`."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._jobs: dict[str, str] = {}
        self._clients: dict[str, web.WebSocketResponse] = {}
        self._queue: asyncio.Queue[tuple[str, str]] = asyncio.Queue()

    def app(self) -> web.Application:
        """Return the routes that the runner asks."""
        app = web.Application()
        app.router.add_get("/system_stats", self._system_stats)
        app.router.add_get("/object_info/{name}", self._object_info)
        app.router.add_post("/prompt", self._prompt)
        app.router.add_get("/api/jobs", self._list_jobs)
        app.router.add_get("/api/jobs/{job}", self._job)
        app.router.add_get("/view", self._view)
        app.router.add_get("/ws", self._socket)
        return app

    async def work(self) -> None:
        """Run the jobs for ever."""
        while True:
            job, client = await self._queue.get()
            self._jobs[job] = "in_progress"
            await self._tell(client, "executing", {"node": "2", "prompt_id": job})
            await asyncio.sleep(self._seconds)
            self._jobs[job] = "completed"
            await self._tell(client, "execution_success", {"prompt_id": job})
            await self._tell(client, "executing", {"node": None, "prompt_id": job})

    async def _tell(self, client: str, kind: str, data: dict[str, Any]) -> None:
        if client in self._clients:
            with contextlib.suppress(ConnectionError):
                await self._clients[client].send_json({"type": kind, "data": data})

    async def _system_stats(self, _: web.Request) -> web.Response:
        return web.json_response({"system": {"comfyui_version": "0.30.0"}, "devices": []})

    async def _object_info(self, request: web.Request) -> web.Response:
        name = request.match_info["name"]
        return web.json_response({name: NODES[name] | {"python_module": "nodes"}})

    async def _prompt(self, request: web.Request) -> web.Response:
        body = await request.json()
        self._jobs[body["prompt_id"]] = "pending"
        self._queue.put_nowait((body["prompt_id"], body["client_id"]))
        return web.json_response({"prompt_id": body["prompt_id"], "node_errors": {}})

    async def _list_jobs(self, _: web.Request) -> web.Response:
        waiting = [(job, state) for job, state in self._jobs.items() if state in ("pending", "in_progress")]
        jobs = [{"id": job, "status": state, "priority": at} for at, (job, state) in enumerate(waiting)]
        return web.json_response({"jobs": jobs})

    async def _job(self, request: web.Request) -> web.Response:
        job = request.match_info["job"]
        if job not in self._jobs:
            return web.json_response({}, status=404)
        picture = {"filename": f"{job}.png", "subfolder": "", "type": "output"}
        return web.json_response({"id": job, "status": self._jobs[job], "outputs": {"2": {"images": [picture]}}})

    async def _view(self, _: web.Request) -> web.Response:
        return web.Response(body=PICTURE, content_type="image/png")

    async def _socket(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        client = request.query["clientId"]
        self._clients[client] = socket
        async for message in socket:
            if message.type == WSMsgType.ERROR:
                break
        del self._clients[client]
        return socket


async def serve(seconds: float) -> None:
    """Serve until stdin is closed."""
    comfyui = TimedComfyUI(seconds)
    runner = web.AppRunner(comfyui.app(), access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    print(f"http://127.0.0.1:{runner.addresses[0][1]}", flush=True)
    worker = asyncio.create_task(comfyui.work())
    await asyncio.to_thread(sys.stdin.read)
    worker.cancel()
    await runner.cleanup()


if __name__ == "__main__":
    asyncio.run(serve(float(sys.argv[1])))
