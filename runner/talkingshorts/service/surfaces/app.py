"""The service as an ASGI application."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

from fastapi import FastAPI

from ... import __version__
from ..bodies import JobBody
from ..keys import KeyFile
from ..service import Service
from .access import Envelope
from .answers import add_error_answers
from .jobs import jobs_router
from .openai_videos import videos_router
from .operations import operations_router
from .page import page_files, page_router


class Loop:
    """Knows the event loop, once there is one, for threads that have to tell it something."""

    def __init__(self) -> None:
        self.running: asyncio.AbstractEventLoop | None = None

    def __call__(self) -> asyncio.AbstractEventLoop | None:
        """Return the loop that runs."""
        return self.running


def build_app(service: Service, keys: KeyFile | None, loop: Loop) -> FastAPI:
    """Return the application. It starts the service, and stops it at the end."""

    @contextlib.asynccontextmanager
    async def living(app: FastAPI) -> AsyncIterator[None]:
        loop.running = asyncio.get_running_loop()
        service.start()
        yield
        loop.running = None
        service.stop()

    app = FastAPI(title="TalkingShorts", version=__version__, lifespan=living, docs_url=None, redoc_url=None)
    add_error_answers(app)
    app.state.service, app.state.keys = service, keys
    app.include_router(jobs_router)
    app.include_router(videos_router)
    app.include_router(operations_router)
    app.include_router(page_router)
    app.mount("/page", page_files)

    def describe_api() -> dict[str, object]:
        if app.openapi_schema is None:
            schema = FastAPI.openapi(app)
            schemas = schema.setdefault("components", {}).setdefault("schemas", {})
            own = JobBody.model_json_schema(ref_template="#/components/schemas/{model}")
            schemas |= {"JobBody": own} | own.pop("$defs", {})
        return app.openapi_schema or {}

    app.openapi = describe_api
    app.add_middleware(Envelope)
    return app
