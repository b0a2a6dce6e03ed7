"""A client of the query API that Prometheus, VictoriaMetrics, Thanos and Mimir share."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import aiohttp

from exporter.errors import UsageError, UserError
from exporter.hosts import check_host, web_host
from exporter.report.httpconfig import Access

_TIMEOUT = 150.0  # seconds; Prometheus itself ends a query after two minutes unless told otherwise
_POINTS = 10_000  # of a series in one answer: Prometheus refuses more than 11,000
_SHOWN = 300  # characters of an answer in an error


@dataclass(frozen=True, slots=True)
class Series:
    """The labels of a series, and its values with their times in seconds of the epoch."""

    labels: Mapping[str, str]
    points: tuple[tuple[float, float], ...]


def check_url(text: str) -> str:
    """The address of a Prometheus without the slash at its end. Raises UsageError."""
    host = web_host(text)
    if host is None or "?" in text or "#" in text:
        raise UsageError(f'bad --prometheus "{_without_secret(text)}": write http://HOST:9090')
    try:
        check_host(host)
    except ValueError as error:
        raise UsageError(f"bad --prometheus: {error}") from None
    return text.rstrip("/")


class Prometheus:
    """Asks one Prometheus; a context that holds its connections.

    `warnings` are what it said beside its answers, such as a part of a Thanos that did not answer.
    """

    def __init__(self, url: str, access: Access) -> None:
        self.shown = _without_secret(url)
        self.warnings: dict[str, None] = {}
        self._url = url
        self._access = access
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(
            headers=self._access.headers,
            timeout=aiohttp.ClientTimeout(total=_TIMEOUT),
            trust_env=self._access.environment_proxy,
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._session is not None:
            await self._session.close()

    async def instant(self, expression: str, at: float) -> list[Series]:
        """The series of an expression at one time; of a range, with each sample in it. Raises UserError."""
        return await self._ask("query", query=expression, time=f"{at:.3f}")

    async def range(self, expression: str, start: float, end: float, step: float) -> list[Series]:
        """The series of an expression from `start` to `end`, both included. Raises UserError.

        A long range is asked for in pieces; a series may then come once for each.
        """
        found: list[Series] = []
        while start <= end:
            last = min(end, start + (_POINTS - 1) * step)
            found += await self._ask(
                "query_range", query=expression, start=f"{start:.3f}", end=f"{last:.3f}", step=f"{step:g}"
            )
            start = last + step
        return found

    async def _ask(self, path: str, **parameters: str) -> list[Series]:
        session = self._session
        if session is None:
            raise RuntimeError("used outside its context")
        try:
            async with session.post(
                f"{self._url}/api/v1/{path}",
                data=parameters,
                ssl=self._access.tls if self._access.tls is not None else True,
                server_hostname=self._access.server_name or None,
                proxy=self._access.proxy or None,
                allow_redirects=self._access.follow_redirects,
            ) as answer:
                body = await answer.read()
                status = answer.status
        except TimeoutError:
            raise UserError(
                f"{self.shown} did not answer within {_TIMEOUT:g} s: ask for a shorter period or one --device"
            ) from None
        except (aiohttp.ClientError, OSError, ValueError, asyncio.IncompleteReadError) as error:
            raise UserError(f"no answer from {self.shown}: {error}") from None
        return self._data(status, body)

    def _data(self, status: int, body: bytes) -> list[Series]:
        if status in (401, 403):
            raise UserError(
                f"{self.shown} refuses access (status {status}): give credentials with --http.config.file"
            )
        try:
            answer = json.loads(body)
            if answer["status"] == "success":
                self.warnings |= dict.fromkeys(map(str, answer.get("warnings") or ()))
                if answer.get("isPartial"):  # VictoriaMetrics
                    self.warnings["a part of its storage did not answer, so data may be missing"] = None
                if answer["data"]["resultType"] in ("vector", "matrix"):
                    return [_series(item) for item in answer["data"]["result"]]
            reason = str(answer["error"])
        except (ValueError, LookupError, TypeError, AttributeError):
            text = body[:_SHOWN].decode(errors="replace").strip().splitlines()
            said = f", but: {text[0]}" if text else ""
            raise UserError(
                f"{self.shown} has no query API of Prometheus (status {status}{said}): "
                "give the address below which /api/v1/query is"
            ) from None
        advice = ""
        if "too many samples" in reason:
            advice = ": raise --query.max-samples there, or ask for a shorter period"
        raise UserError(f"{self.shown} refuses a query (status {status}): {reason[:_SHOWN]}{advice}")


def _series(item: Mapping[str, Any]) -> Series:
    values = item["values"] if "values" in item else [item["value"]]
    return Series(item["metric"], tuple((float(at), float(value)) for at, value in values))


def _without_secret(url: str) -> str:
    scheme, slashes, rest = url.rpartition("//")
    host, slash, path = rest.partition("/")
    return f"{scheme}{slashes}{host.rpartition('@')[2]}{slash}{path}".rstrip("/")
