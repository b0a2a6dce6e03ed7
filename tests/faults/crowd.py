"""A thousand Modbus/TCP devices in one process: most answer at once, some are dead, slow, or lie. A script.

Device n is at 127.0.(2 + n / 250).(1 + n % 250), and its battery has n volts: nobody is taken for another.
"""

import asyncio
import struct
import sys
from typing import Literal

Kind = Literal["good", "refusing", "silent", "slow", "too slow", "lying"]

SLOW, TOO_SLOW = 0.15, 2.0  # seconds


def host(number: int) -> str:
    return f"127.0.{2 + number // 250}.{1 + number % 250}"


def kind(number: int) -> Kind:
    """Of each thousand 100 are dead, 100 slow and 50 lying."""
    odd: dict[int, Kind] = {0: "refusing", 10: "silent", 1: "slow", 11: "too slow", 2: "lying"}
    return odd.get(number % 20, "good")


class Device(asyncio.Protocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        _, _, block, last = map(int, transport.get_extra_info("sockname")[0].split("."))
        self.number = 250 * (block - 2) + last - 1

    def data_received(self, data: bytes) -> None:
        transaction, unit, function, address, count = struct.unpack(">H4xBBHH", data)
        words = [{109: 1, 110: self.number}.get(a, 0) for a in range(address, address + count)]
        pdu = struct.pack(f">BBB{count}H", unit, function, 2 * count, *words)
        what = kind(self.number)
        if what == "silent":
            return
        if what == "lying":
            transaction += 1
        answer = struct.pack(">HHH", transaction & 0xFFFF, 0, len(pdu)) + pdu
        delay = {"slow": SLOW, "too slow": TOO_SLOW}.get(what, 0.0)
        if delay:
            asyncio.get_running_loop().call_later(delay, self.transport.write, answer)
        else:
            self.transport.write(answer)


async def main(port: int, devices: int) -> None:
    there = [host(number) for number in range(devices) if kind(number) != "refusing"]
    server = await asyncio.get_running_loop().create_server(Device, there, port, backlog=1000)
    print("ready", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), int(sys.argv[2])))
