#!/usr/bin/env python3
"""A mailbox of any size that nobody has stored: pages of records are made from a few, for listings of hundreds of thousands.

usage: pages.py FOLDER.json

The file has {"records": the JSON texts of some records, "count": how many there are to be, "words": of how many bytes their bodies are to be,
"answers": what any other path is answered}; a path is told by how it ends. Prints its port; ends with standard input.
"""
import asyncio
import json
import os
import random
import re
import sys

QUERY = re.compile(r"[$&?](?:\$|%24)?(top|skip)=(\d+)")
WORDS = ("report", "contract", "confirm", "deliver", "insist", "exchange", "subject", "produce", "transfer", "receive", "invert", "compose",
         "precede", "depress", "translate", "permit", "describe", "inspect", "order", "account", "meeting", "quarter", "customer", "minutes")


class Folder:
    def __init__(self, records, count, words, answers):
        self.count, self.answers = count, answers
        self.parts = [self.split(text, words, i) for i, text in enumerate(records)]

    @staticmethod
    def split(text, words, i):
        """The pieces of a record between which its number belongs: its id has it in place of ten of its own characters."""
        record = json.loads(text)
        if words:
            chance = random.Random(i)
            record["Body"] = " ".join("%s%s" % (chance.choice(WORDS), chance.randrange(1000)) for _ in range(words // 8))[:words]
        id = record["Id"]
        text = json.dumps(record, ensure_ascii=False, separators=(",", ":"))
        return text.replace(id, "%s\0%s" % (id[:-14], id[-4:])).split("\0")

    def page(self, skip, top):
        many = len(self.parts)
        return "[%s]" % ",".join(("%010d" % i).join(self.parts[i % many]) for i in range(skip, min(skip + top, self.count)))

    def answer(self, target):
        path, _, query = target.partition("?")
        if path.endswith(("/items", "/Mail")):
            numbers = {name: int(value) for name, value in QUERY.findall("?" + query)}
            page = self.page(numbers.get("skip", 0), numbers.get("top", 0))
            return 200, page if path.endswith("/Mail") else '{"value":%s,"@odata.nextLink":null,"@odata.deltaLink":null}' % page
        for end, answer in self.answers.items():
            if path.endswith(end):
                return 200, answer
        return 404, '{"error":{"code":"NotFound","message":"not here"}}'

    async def serve(self, reader, writer):
        try:
            while True:
                request = await reader.readuntil(b"\r\n\r\n")
                status, body = self.answer(request.split(b" ", 2)[1].decode())
                body = body.encode()
                writer.write(b"HTTP/1.1 %d X\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % (status, len(body)) + body)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()


async def run(folder):
    server = await asyncio.start_server(folder.serve, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    os._exit(0)


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        asyncio.run(run(Folder(**json.load(file))))


if __name__ == "__main__":
    main()
