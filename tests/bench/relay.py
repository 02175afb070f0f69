#!/usr/bin/env python3
"""A wire: bytes arrive half a round trip after they were sent, in both directions, and questions are counted.

usage: relay.py --round-trip MS (--http HOST:PORT | --sftp)

Listens on a free port of 127.0.0.1 and prints it. Each line on standard input is answered by the number of questions so far: requests of
HTTP/1.1, or packets of SFTP, for which each connection gets an sftp-server of its own. It ends with standard input.

The bench puts one in front of every service, so that all of them are behind the same distance. netem would do the delaying in the kernel, but
not the counting, and containers rarely have it.
"""
import argparse
import asyncio
import os
import re
import struct
import sys

SFTP_SERVER = "/usr/lib/openssh/sftp-server"
CHUNK = 1 << 20
UNDER_WAY = 256     # chunks of a direction


class HttpCounter:
    # Not at the beginning of a line: the body before it need not end with one.
    REQUEST = re.compile(rb"(?:GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS|PROPFIND|PROPPATCH|MKCOL|MOVE|COPY|LOCK|UNLOCK) [^\r\n]* HTTP/1\.1\r$", re.M)

    def __init__(self):
        self.rest = b""

    def count(self, data):
        """Questions that end in these bytes."""
        text = self.rest + data
        self.rest = text[text.rfind(b"\n") + 1:][-8192:]
        return len(self.REQUEST.findall(text[:len(text) - len(self.rest)]))


class SftpCounter:
    def __init__(self):
        self.data = b""

    def count(self, data):
        self.data += data
        found = 0
        while len(self.data) >= 4:
            size = 4 + struct.unpack(">I", self.data[:4])[0]
            if len(self.data) < size:
                break
            self.data, found = self.data[size:], found + 1
        return found


class Relay:
    def __init__(self, half, connect, counter):
        self.half, self.connect, self.counter = half, connect, counter
        self.questions = 0

    async def flow(self, reader, writer, counter=None):
        """One direction, until its sender ends it."""
        loop, waiting = asyncio.get_running_loop(), asyncio.Queue(UNDER_WAY)

        async def receive():
            data = True
            while data:
                try:
                    data = await reader.read(CHUNK)
                except ConnectionError:
                    data = b""
                if counter:
                    self.questions += counter.count(data)
                await waiting.put((loop.time() + self.half, data))

        receiver = asyncio.ensure_future(receive())
        try:
            while True:
                when, data = await waiting.get()
                await asyncio.sleep(when - loop.time())
                if not data:
                    break
                writer.write(data)
                await writer.drain()
        except ConnectionError:
            pass
        finally:
            receiver.cancel()
            writer.close()

    async def serve(self, reader, writer):
        there = await self.connect()
        await asyncio.gather(self.flow(reader, there[1], self.counter()), self.flow(there[0], writer))


async def sftp_server():
    process = await asyncio.create_subprocess_exec(SFTP_SERVER, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, limit=CHUNK)
    return process.stdout, process.stdin


async def run(options):
    if options.sftp:
        relay = Relay(options.round_trip / 2000, sftp_server, SftpCounter)
    else:
        host, _, port = options.http.rpartition(":")
        relay = Relay(options.round_trip / 2000, lambda: asyncio.open_connection(host, int(port), limit=CHUNK), HttpCounter)
    server = await asyncio.start_server(relay.serve, "127.0.0.1", 0, limit=CHUNK)
    print(server.sockets[0].getsockname()[1], flush=True)
    lines = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    while await lines.readline():
        print(relay.questions, flush=True)
    os._exit(0)  # connections that are open are of no interest


def main():
    parser = argparse.ArgumentParser(description="delays and counts")
    parser.add_argument("--round-trip", type=float, default=20, metavar="MS")
    parser.add_argument("--http", metavar="HOST:PORT")
    parser.add_argument("--sftp", action="store_true")
    asyncio.run(run(parser.parse_args()))


if __name__ == "__main__":
    main()
