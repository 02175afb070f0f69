"""Starts sandboxes by forking one that has everything loaded: scripts that start hundreds save the time Python takes to begin.

    python3 -I zygote.py PROGRAM          # the outlookfs-sandbox of a build directory

Standard input is a Unix socket. A message is {"arguments": [...], "token": T or null} with three descriptors: the sandbox's standard
input and output, and where its exit status (negative for a signal) is written as a line. The answer is its process id. Ends when the
socket does; the sandboxes end with their own standard input.
"""
import gc
import json
import os
import re
import signal
import socket
import sys

TOKEN = "OUTLOOKFS_SANDBOX_TOKEN"
watched = {}  # process id: descriptor for the exit status


def reap(*unused):
    while watched:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if not pid:
            return
        descriptor = watched.pop(pid)
        os.write(descriptor, b"%d\n" % os.waitstatus_to_exitcode(status))
        os.close(descriptor)


def load(program):
    """main() of the package the program starts, and what the program hands to it."""
    with open(program, encoding="utf-8") as file:
        text = file.read()
    sys.path.insert(0, re.search(r"""^' "(/.*?)" "\$@"$""", text, re.M)[1])
    from outlookfs_sandbox.command_line import main
    return main, re.search(r'^main\("(.*)"\)', text, re.M)[1]


def become(main, version, order, descriptors):
    """The child: as if the program had been started."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    for target in (0, 1):
        os.dup2(descriptors[target], target)
    os.closerange(3, 256)
    os.environ.pop(TOKEN, None)
    if order["token"] is not None:
        os.environ[TOKEN] = order["token"]
    sys.argv = ["outlookfs-sandbox"] + order["arguments"]
    main(version)
    sys.stdout.flush()


def serve(main, version, orders):
    signal.signal(signal.SIGCHLD, reap)
    while True:
        message, descriptors, _, _ = socket.recv_fds(orders, 1 << 20, 3)
        if not message:
            return
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGCHLD])
        pid = os.fork()
        if not pid:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGCHLD])
            orders.detach()
            become(main, version, json.loads(message), descriptors)
            return
        watched[pid] = descriptors[2]
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGCHLD])
        os.close(descriptors[0])
        os.close(descriptors[1])
        orders.send(b"%d" % pid)


if __name__ == "__main__":
    arguments = load(sys.argv[1])
    gc.freeze()
    serve(*arguments, socket.socket(fileno=os.dup(0)))
