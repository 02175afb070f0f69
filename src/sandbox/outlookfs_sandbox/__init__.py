"""A mailbox service on this machine: the Office 365 Outlook connector, Microsoft Graph and their login server.

    command_line   options, signals, and the first lines of output
    app        the life of a request: log, token, limits, faults, the work, the answer
    exchange   a request and an answer as every face sees them
    server     aiohttp: the only place that knows it
    mailbox    folders, records, attachments and the feed of changes, in SQLite
    faults     what goes wrong on purpose
    log        what was asked, and what the contracts do not allow
    control    /_sandbox: the other client, faults, logs, clock
    page       the web page a person reads the mailboxes on
    seed       the words and numbers the invented mailboxes are made of
    connector  the connector, version 1
    graph      Microsoft Graph v1.0
    login      the OAuth 2.0 server that gives out Graph's tokens

A face knows its contract, and the mailbox below it; the mailbox knows no contract. Nothing here is shared with the client:
it is a second reading of the same documents.
"""
