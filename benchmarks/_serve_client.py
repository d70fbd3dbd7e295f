"""A lean HTTP client for load: keep-alive connections, requests at fixed times, latency from the time planned.

A request that has to wait because the server is slow counts its waiting (no coordinated omission).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field


@dataclass
class Latencies:
    """What came back.

    Parameters
    ----------
    seconds
        From the planned time of each request to its last byte [s].
    errors
        Status, or what broke, of each that was not answered with 2xx or 3xx.
    """

    seconds: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def quantile_ms(self, level: float) -> float | None:
        """Return a quantile of the latencies [ms], None without any."""
        if not self.seconds:
            return None
        ordered = sorted(self.seconds)
        return round(1000 * ordered[min(int(level * len(ordered)), len(ordered) - 1)], 1)


@dataclass(frozen=True)
class Call:
    """One request.

    Parameters
    ----------
    method, path
        What to ask.
    headers
        Beside host and length.
    body
        Bytes sent.
    """

    method: str
    path: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""

    def encoded(self, host: str) -> bytes:
        """Return the request as it travels."""
        lines = [f"{self.method} {self.path} HTTP/1.1", f"Host: {host}", f"Content-Length: {len(self.body)}"]
        lines += [f"{name}: {value}" for name, value in self.headers]
        return "\r\n".join(lines).encode() + b"\r\n\r\n" + self.body


async def _answered(reader: asyncio.StreamReader) -> int:
    """Read one answer to its end; returns its status."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    status, lengths = int(head[0].split(" ")[1]), [line for line in head if line.lower().startswith("content-length")]
    if lengths:
        await reader.readexactly(int(lengths[0].split(":")[1]))
        return status
    while size := int((await reader.readline()).strip() or b"0", 16):  # chunked
        await reader.readexactly(size + 2)
    await reader.readline()
    return status


async def load(port: int, calls: Callable[[], Iterator[Call]], *, per_second: float, seconds: float) -> Latencies:
    """Send calls at a fixed rate over as many connections as the rate needs.

    Parameters
    ----------
    port
        The server's port on this machine.
    calls
        Gives the calls, one after the other.
    per_second, seconds
        Rate and duration; a rate of 0 sends one after the other as fast as answers come.
    """
    found, host = Latencies(), f"127.0.0.1:{port}"
    n_connections = 1 if per_second == 0 else max(int(per_second / 10), 2)
    begin, sequence, numbers = time.perf_counter() + 0.2, calls(), iter(range(10**9))

    async def worker() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        while True:
            planned = begin + next(numbers) / per_second if per_second else max(time.perf_counter(), begin)
            call = next(sequence, None)
            if call is None or planned > begin + seconds:
                break
            await asyncio.sleep(max(planned - time.perf_counter(), 0.0))
            try:
                writer.write(call.encoded(host))
                status = await _answered(reader)
            except (OSError, asyncio.IncompleteReadError, ValueError) as error:
                found.errors.append(f"{call.method} {call.path}: {type(error).__name__}")
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
                continue
            found.seconds.append(time.perf_counter() - planned)
            if not 200 <= status < 400:
                found.errors.append(f"{call.method} {call.path}: {status}")
        writer.close()

    await asyncio.gather(*(worker() for _ in range(n_connections)))
    return found
