"""
test/consistency/history.py
   What clients and nemeses have in common: the clock, the log, connections.

A log is a file of JSON lines, one file a process.  Times are of the machine's monotonic clock, which all processes
share, in nanoseconds.  The kinds of record ("e") are:

  init    the rows at the beginning
  w       a transaction that wrote: session s, sent COMMIT at ci, heard of it at ca, outcome o (ok, fail, unknown), and
          writes w: [key, version/token, the row's place or null, is it the last of this transaction].  x: writes that
          were rolled back to a savepoint.  seen: what it saw of rows that it deleted.
  r       a statement that read, between i and c; for REPEATABLE READ those are of the transaction's first statement.
          obs: [key, version/token]; sets: which rows a list showed, or how many; pairs, sums: what must agree within
          the reply; own: what the transaction wrote itself; who: [claimed, found] identities
  diff    a cached and an uncached answer under one snapshot
  reg     a register outside of tables (a privilege, a function's body) was set, or read
  nemesis what was done to the server
  final, stats, live    the end of a round: rows, counters, whether hits come back
"""
import json
import os
import random
import sys
import time

import psycopg2
import psycopg2.extensions


def now():
    return time.monotonic_ns()


class Log:
    def __init__(self, directory, name):
        self.file = open(os.path.join(directory, name + ".jsonl"), "a", buffering=1 << 16)

    def write(self, **record):
        self.file.write(json.dumps(record, separators=(",", ":")) + "\n")

    def close(self):
        self.file.close()


class Gone(Exception):
    """The connection is lost: what was under way may have happened or not."""


class Refused(Exception):
    """The server said no; the transaction is aborted."""

    def __init__(self, code, text):
        super().__init__(text)
        self.code = code


class Session:
    """A connection in the simple protocol: every call is one message, which may hold several statements."""

    def __init__(self, dsn, name):
        self.dsn = dsn
        self.name = name
        self.connection = None

    def connect(self, deadline):
        while True:
            try:
                self.connection = psycopg2.connect(self.dsn, application_name=self.name, connect_timeout=5)
                self.connection.autocommit = True
                self.cursor = self.connection.cursor()
                return True
            except psycopg2.Error:
                if time.monotonic() > deadline:
                    return False
                time.sleep(0.05)

    def run(self, sql, parameters=None):
        """Rows of the last statement, or None where it has none."""
        try:
            self.cursor.execute(sql, parameters)
            return self.cursor.fetchall() if self.cursor.description else None
        except psycopg2.Error as error:
            code = error.pgcode
            if self.connection.closed or code is None or code in ("57P01", "57P02", "57P03") or code.startswith("08"):
                self.drop()
                raise Gone(str(error)) from None
            raise Refused(code, str(error)) from None

    def rollback(self):
        if self.connection.info.transaction_status != psycopg2.extensions.TRANSACTION_STATUS_IDLE:
            self.run("ROLLBACK")

    def drop(self):
        try:
            self.connection.close()
        except psycopg2.Error:
            pass


def seeded(*parts):
    """A generator for one process, so that each does the same whatever the others do."""
    return random.Random("/".join(str(part) for part in parts))


def fatal(message):
    print(message, file=sys.stderr)
    sys.exit(1)
