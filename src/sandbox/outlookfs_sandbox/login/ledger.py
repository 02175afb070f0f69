"""What the login server remembers: clients, consents, device codes, authorization codes, grants, tokens. It outlives a restart
with the database.

A grant is one sign-in of one person to one client; its refresh and access tokens live and die with it.
"""
import json
import secrets

from ..exchange import dumps

SCHEMA = """
CREATE TABLE IF NOT EXISTS login (kind TEXT NOT NULL, key TEXT NOT NULL, document TEXT NOT NULL, PRIMARY KEY (kind, key)) WITHOUT ROWID
"""


class Ledger:
    def __init__(self, sql):
        self.sql = sql
        sql.execute(SCHEMA)

    def get(self, kind, key):
        row = self.sql.execute("SELECT document FROM login WHERE kind = ? AND key = ?", (kind, key or "")).fetchone()
        return json.loads(row[0]) if row else None

    def put(self, kind, key, document):
        self.sql.execute("REPLACE INTO login (kind, key, document) VALUES (?, ?, ?)", (kind, key, dumps(document)))

    def new(self, kind, document):
        """Under a key that nobody guesses; the key."""
        key = secrets.token_urlsafe(48)
        self.put(kind, key, document)
        return key

    def all(self, kind):
        rows = self.sql.execute("SELECT key, document FROM login WHERE kind = ? ORDER BY key", (kind,)).fetchall()
        return [(key, json.loads(text)) for key, text in rows]
