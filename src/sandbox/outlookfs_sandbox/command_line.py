"""outlookfs-sandbox: the command line, and a life that ends on SIGTERM, SIGINT or, where asked for, with standard input."""
import argparse
import asyncio
import gc
import os
import re
import signal
import socket
import sqlite3
import ssl
import sys
import threading

from .app import Sandbox
from .connector import BASE_PATH
from .server import Server

ADDRESS = re.compile(r"(127(?:\.\d{1,3}){3}|localhost|\[::1\]):(\d{1,5})")


def address(text):
    match = ADDRESS.fullmatch(text)
    if not match or int(match[2]) > 65535:
        raise argparse.ArgumentTypeError("%s: a loopback ADDRESS:PORT is required" % text)
    host = {"localhost": "127.0.0.1"}.get(match[1], match[1])
    try:
        socket.inet_pton(socket.AF_INET6 if host == "[::1]" else socket.AF_INET, host.strip("[]"))
    except OSError:
        raise argparse.ArgumentTypeError("%s: no address" % text) from None
    return host, int(match[2])


def number(least, most):
    def read(text):
        if not re.fullmatch(r"\d{1,9}", text) or not least <= int(text) <= most:
            raise argparse.ArgumentTypeError("%s: a number from %d to %d is required" % (text, least, most))
        return int(text)
    return read


def seed(text):
    counts = dict.fromkeys(("contacts", "events", "messages"), 0)
    for part in text.split(","):
        name, _, value = part.partition("=")
        if name not in counts:
            raise argparse.ArgumentTypeError("%s: contacts, events and messages can be seeded" % part)
        counts[name] = number(0, 1000000)(value)
    return counts


class Parser(argparse.ArgumentParser):
    """One line for an error: whoever starts the program shows it."""

    def error(self, message):
        self.exit(2, "outlookfs-sandbox: %s\n" % message)


def parse_arguments(version):
    parser = Parser(prog="outlookfs-sandbox", allow_abbrev=False,
                                     description="the Office 365 Outlook connector and Microsoft Graph as a local server")
    parser.add_argument("--listen", type=address, required=True, metavar="127.0.0.1:PORT", help="where; port 0 takes any free one")
    parser.add_argument("--db", metavar="FILE", help="keeps the mailboxes in a file")
    parser.add_argument("--token", metavar="T", default=os.environ.get("OUTLOOKFS_SANDBOX_TOKEN"),
                        help="the connector and the control endpoints want it (or OUTLOOKFS_SANDBOX_TOKEN)")
    parser.add_argument("--seed", type=seed, metavar="contacts=N,events=N,messages=N", default="contacts=25,events=12,messages=40",
                        help="what an empty mailbox is filled with")
    parser.add_argument("--latency", type=number(0, 600000), metavar="MS", default=0, help="waits before each answer")
    parser.add_argument("--rate", type=number(0, 1000000), metavar="N", default=0, help="calls of the connector in 60 seconds")
    parser.add_argument("--log", metavar="FILE", help="appends the request log to a file")
    parser.add_argument("--no-picker", action="store_true", help="there is no folder picker")
    parser.add_argument("--bare-listings", action="store_true", help="GetEmails leaves attachments out unless asked for them")
    parser.add_argument("--language", choices=("de",), help="the connector's mail folders have their names in that language")
    parser.add_argument("--retry-after", type=number(0, 86400), metavar="S", default=15, help="what triggers answer as Retry-After")
    parser.add_argument("--notify-tries", type=number(1, 86400), metavar="N", default=3, help="how often a subscriber is told")
    parser.add_argument("--tls", metavar="FILE", help="a certificate and its key in PEM: https instead of http")
    parser.add_argument("--exit-with-stdin", action="store_true", help="ends when standard input does")
    parser.add_argument("--version", action="version", version="outlookfs-sandbox " + version)
    return parser.parse_args()


def watch_stdin(loop, stop):
    """Reads and forgets; a thread, for not every standard input can be polled."""
    def read():
        while os.read(0, 4096):
            pass
        loop.call_soon_threadsafe(stop.set)
    threading.Thread(target=read, daemon=True).start()


async def run(options):
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, stop.set)
    context = None
    if options.tls:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(options.tls)
    sandbox = Sandbox(options)
    server = Server(sandbox.answer, context)
    host, port = options.listen
    scheme = "https" if context else "http"
    sandbox.origin = "%s://%s:%d" % (scheme, host, await server.listen(host.strip("[]"), port))
    sandbox.upload_origin = "%s://%s:%d" % (scheme, host, await server.listen(host.strip("[]"), 0))
    sandbox.start()
    # In one piece: who reads the first line only may close the pipe behind it.
    print("%s\ngraph %s/v1.0\nlogin %s" % (sandbox.origin + BASE_PATH, sandbox.origin, sandbox.origin), flush=True)
    if options.exit_with_stdin:
        watch_stdin(loop, stop)
    gc.freeze()  # what was made until now stays
    await stop.wait()
    await sandbox.stop()
    await server.stop()
    sandbox.store.close()


def main(version):
    options = parse_arguments(version)
    try:
        asyncio.run(run(options))
    except sqlite3.Error as error:
        sys.exit("outlookfs-sandbox: %s: %s" % (options.db or "database", error))
    except OSError as error:
        sys.exit("outlookfs-sandbox: %s%s" % (error.filename + ": " if error.filename else "", error.strerror or error))
