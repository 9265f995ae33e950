"""Listens on one loopback port, and says clearly when it cannot."""

import errno

from aiohttp import web

from seconder.errors import ServiceError
from seconder.testing.slack.guard import loopback_host


class Listener:
    """Serves a web application until it is stopped."""

    def __init__(self, host: str, port: int) -> None:
        self._host = loopback_host("127.0.0.1" if host == "localhost" else host)
        self._port = port
        self._runner: web.AppRunner | None = None

    async def start(self, app: web.Application) -> str:
        """Listen, and return the origin, such as `http://127.0.0.1:40123`."""
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await runner.setup()
        try:
            await web.TCPSite(runner, self._host, self._port).start()
        except OSError as error:
            await runner.cleanup()
            if error.errno == errno.EADDRINUSE:
                raise ServiceError(
                    f"the local Slack cannot listen on {self._host}:{self._port}: the port is in use; "
                    "stop the program that uses it, or choose another port (0 takes a free one)"
                ) from error
            raise ServiceError(f"the local Slack cannot listen on {self._host}:{self._port}: {error}") from error
        self._runner = runner
        port = runner.addresses[0][1]
        return f"http://[{self._host}]:{port}" if ":" in self._host else f"http://{self._host}:{port}"

    async def stop(self) -> None:
        """Stop listening and end every request."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None
