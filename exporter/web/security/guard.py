"""In front of every handler: the rate limit, passwords, requests from other sites, and security headers."""

import asyncio
from collections.abc import Awaitable, Callable

from aiohttp import web

from exporter.aside import NoThreadError
from exporter.web.security.basicauth import Authenticator
from exporter.web.security.current import CurrentWebConfig
from exporter.web.security.ratelimit import TokenBucket

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

# What container checks ask. They have no password to give and must not be turned away by someone else's
# flood; the answer says no more than that the exporter runs, which a 401 would say as well.
HEALTHY, READY = "healthy", "ready"
_CHALLENGE = {"WWW-Authenticate": 'Basic realm="generex-exporter", charset="UTF-8"'}
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


class Guard:
    """Keeps out who has no business here, by a web configuration if there is one."""

    def __init__(self, web_config: CurrentWebConfig | None = None) -> None:
        self._web_config = web_config
        self._authenticator = Authenticator()
        # as in the toolkit, the limit stays until a restart
        rate = web_config.config.rate if web_config else None
        self._bucket = None if rate is None else TokenBucket(rate, asyncio.get_running_loop().time())

    def watch_over(self, app: web.Application) -> None:
        """Stand in front of everything that `app` answers; before any other middleware is added."""
        app.middlewares.append(self._middleware)
        app.on_response_prepare.append(self._add_headers)

    @web.middleware
    async def _middleware(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.match_info.route.name in (HEALTHY, READY):
            return await handler(request)
        try:
            refusal = await self._turn_away(request)
        except NoThreadError as error:
            refusal = web.Response(text=f"{error}\n", status=503)
        return await handler(request) if refusal is None else refusal

    async def _turn_away(self, request: web.Request) -> web.Response | None:
        if self._bucket is not None and not self._bucket.take(asyncio.get_running_loop().time()):
            text = "too many requests: rate_limit of the web configuration allows no more\n"
            return web.Response(text=text, status=429)
        users = (await self._web_config.refresh()).users if self._web_config else {}
        if users and not await self._authenticator.admits(request.headers.get("Authorization"), users):
            return web.Response(text="a user and its password are needed\n", status=401, headers=_CHALLENGE)
        if request.method not in ("GET", "HEAD") and _is_from_another_site(request):
            text = f"{request.method} {request.path} is refused to pages of other sites\n"
            return web.Response(text=text, status=403)
        return None

    async def _add_headers(self, request: web.Request, response: web.StreamResponse) -> None:
        add_headers(response, self._web_config)


def add_headers(response: web.StreamResponse, web_config: CurrentWebConfig | None) -> None:
    """Add what every answer carries: the security headers, those of the web configuration first."""
    for name, value in {**_HEADERS, **(web_config.config.headers if web_config else {})}.items():
        response.headers.setdefault(name, value)
    response.headers["Server"] = "generex-exporter"  # else it would name versions of what it is made of


def _is_from_another_site(request: web.Request) -> bool:
    """Whether a browser says that a page of another origin sends this; other clients say nothing."""
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site not in ("same-origin", "none")
    origin = request.headers.get("Origin")
    return origin is not None and origin.partition("://")[2] != request.headers.get("Host")
