"""Modbus requests written byte by byte, so that nothing of pymodbus or of the exporter vouches for itself."""

import asyncio
import struct

FRAME_SECONDS = 5.0


def crc(data: bytes) -> bytes:
    value = 0xFFFF
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = value >> 1 ^ 0xA001 if value & 1 else value >> 1
    return struct.pack("<H", value)


class Client:
    """A Modbus TCP client; answers are PDUs, or None when the device closed the connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer
        self.transaction = 0

    @classmethod
    async def connect(cls, port: int) -> "Client":
        return cls(*await asyncio.open_connection("127.0.0.1", port))

    async def close(self) -> None:
        self.writer.close()
        await asyncio.gather(self.writer.wait_closed(), return_exceptions=True)

    def send(self, pdu: bytes, unit: int = 1) -> None:
        self.transaction += 1
        self.writer.write(struct.pack(">HHHB", self.transaction, 0, len(pdu) + 1, unit) + pdu)

    async def receive(self) -> tuple[int, int, bytes]:
        """Transaction, unit, PDU."""
        async with asyncio.timeout(FRAME_SECONDS):
            transaction, protocol, length, unit = struct.unpack(">HHHB", await self.reader.readexactly(7))
            assert protocol == 0
            return transaction, unit, await self.reader.readexactly(length - 1)

    async def ask(self, pdu: bytes, unit: int = 1) -> bytes:
        self.send(pdu, unit)
        transaction, answered, answer = await self.receive()
        assert (transaction, answered) == (self.transaction, unit)
        return answer

    async def read(self, address: int, count: int, function: int = 3) -> list[int]:
        answer = await self.ask(struct.pack(">BHH", function, address, count))
        assert answer[:2] == bytes([function, 2 * count]), f"answer {answer.hex()}"
        return list(struct.unpack(f">{count}H", answer[2:]))
