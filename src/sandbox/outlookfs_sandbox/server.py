"""aiohttp: connections in, connections out. Nothing else here knows it.

    server = Server(answer, ssl_context)          # async answer(Request) -> Answer, or None to drop the connection
    port = await server.listen("127.0.0.1", 0)
    await server.stop()
"""
import asyncio
import socket

from aiohttp import hdrs, web

from .exchange import Request

TARGET_MAX = 64 * 1024  # the faces refuse a long one earlier, in their own words
BODY_MAX = 160 * 1024 * 1024
STOP_SECONDS = 0.1  # what is held back on purpose does not hold up the end


class Response(web.Response):
    """aiohttp names a type where there is no body; the services do not."""

    async def _prepare_headers(self):
        typed = hdrs.CONTENT_TYPE in self.headers
        await super()._prepare_headers()
        if not typed:
            self.headers.popall(hdrs.CONTENT_TYPE, None)


class Server:
    def __init__(self, answer, ssl_context=None):
        self.answer = answer
        self.ssl_context = ssl_context
        self.web = web.Server(self._handle, request_factory=self._make_request, access_log=None, max_line_size=TARGET_MAX,
                              max_field_size=TARGET_MAX, keepalive_timeout=3600)
        self.sockets = []

    async def listen(self, host, port):
        """OSError where that cannot be. The port."""
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        listener = await asyncio.get_running_loop().create_server(self.web, host, port, family=family, ssl=self.ssl_context,
                                                                  backlog=1000, reuse_address=True)
        self.sockets.append(listener)
        return listener.sockets[0].getsockname()[1]

    async def stop(self):
        for listener in self.sockets:
            listener.close()
        await self.web.shutdown(STOP_SECONDS)

    def _make_request(self, message, payload, protocol, writer, task):
        return web.BaseRequest(message, payload, protocol, writer, task, asyncio.get_running_loop(), client_max_size=BODY_MAX)

    async def _handle(self, incoming):
        if incoming.headers.get(hdrs.EXPECT, "").lower() == "100-continue":
            await incoming.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        peer = (incoming.transport.get_extra_info("peername"), incoming.transport.get_extra_info("sockname"))
        request = Request(incoming.method, incoming.raw_path, incoming.headers, await incoming.read(), peer)
        answer = await self.answer(request)
        if answer is None:
            incoming.transport.abort()
            return Response()
        return await self._respond(incoming, answer)

    async def _respond(self, incoming, answer):
        headers = [(hdrs.CONTENT_TYPE, answer.type)] if answer.type else []
        if answer.length is None:
            return Response(status=answer.status, body=answer.body, headers=headers + answer.headers)
        cut = web.StreamResponse(status=answer.status, headers=headers + answer.headers)
        cut.content_length = answer.length
        await cut.prepare(incoming)
        await cut.write(answer.body)
        incoming.transport.close()
        return cut
