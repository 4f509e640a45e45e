"""
test/consistency/main.py
   Rounds of load and nemeses against a running server, each checked from its logs.

Usage: main.py --seconds N [--seed N] [--clients N] [--round-seconds N] [--nemeses "stop kill ..."] --directory DIR
               --host SOCKET --data DATA_DIRECTORY --server-log FILE [--pool-host SOCKET]

A round has a database, a seed and logs of its own.  The first round that fails ends the run; its logs stay.  Prints
TAP, one test for each of K1 to K9.  Exit status 1: a check failed; 2: the run itself went wrong.
"""
import argparse
import json
import multiprocessing
import os
import shutil
import subprocess
import sys
import time

import check
from client import Client
from history import Gone, Log, Refused, Session, now
from nemesis import CRASHES, NEMESES, Nemesis

HERE = os.path.dirname(os.path.abspath(__file__))

# Seconds after the load in which every client must have come to an end.
PATIENCE = 60

TABLES = {
    "author": (("a", "b"), ()), "post": (("a", "b", "p"), ("fk_author", "status")), "account": (("a",), ("branch",)),
    "left": (("a",), ()), "right": (("a",), ()), "stock": (("a", "b"), ("shelf",)), "scratch": (("p",), ("batch",)),
    "note": (("a",), ("tenant",)), "memo": (("a",), ("holder",)), "door": (("a",), ()),
}

# Asked when all is quiet: each must be a hit the second time.
QUIET = (
    ["{ author(id: %d) { id a posts { id a b p } } }" % i for i in range(1, 7)] +
    ["{ tally(id: %d) { id posts b } }" % i for i in range(1, 7)] +
    ["{ couple(id: %d) { id left right } }" % i for i in range(1, 4)] +
    ["{ slow(id: %d) { id a late } }" % i for i in range(1, 4)] +
    ["{ accounts(where: {branch: {eq: %d}}) { id balance a } }" % i for i in (1, 2)] +
    ["{ stocks(where: {shelf: {eq: %d}}) { id a b } }" % i for i in range(1, 5)] +
    ["{ scratches(where: {batch: {eq: %d}}) { id p } }" % i for i in range(4)] +
    ["{ posts { id p fkAuthor status author { id a } } }", "{ notes { id a } }", "{ memos { id a } }", "{ epoches { id epoch } }",
     "{ cards { id a author { id a } } }", "{ stocks { id a b } }", "{ lefts { id a } rights { id a } }"])


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=45)
    parser.add_argument("--round-seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--nemeses", default="all")
    parser.add_argument("--directory", required=True)
    parser.add_argument("--host", required=True)
    parser.add_argument("--data", required=True)
    parser.add_argument("--server-log", required=True)
    parser.add_argument("--pool-host", default="")
    parser.add_argument("--replay", default="SEED={seed} SECONDS={seconds} CLIENTS={clients} NEMESES='{nemeses}' make test-consistency")
    options = parser.parse_args()
    if options.nemeses == "all":
        options.nemeses = " ".join([*NEMESES, *CRASHES, "timeout", "prepare"])
    options.nemeses = options.nemeses.split()
    options.timeouts = "timeout" in options.nemeses
    options.prepared = "prepare" in options.nemeses
    return options


class Round:
    def __init__(self, options, number, seconds):
        self.options = argparse.Namespace(**vars(options))
        self.options.seed = options.seed + number
        self.options.epoch = number
        self.options.directory = os.path.join(options.directory, f"round-{self.options.seed}")
        self.options.database = f"consistency_{number}"
        self.options.dsn = f"host={options.host} user=postgres dbname={self.options.database}"
        self.options.pool = ""
        if options.pool_host:
            self.options.pool = f"host={options.pool_host} port=6432 user=postgres dbname={self.options.database}"
        self.seconds = seconds
        shutil.rmtree(self.options.directory, ignore_errors=True)
        os.makedirs(self.options.directory)
        self.log = Log(self.options.directory, "main")

    def session(self, database=None):
        session = Session(self.options.dsn if database is None else
                          f"host={self.options.host} user=postgres dbname={database}", "main")
        if not session.connect(time.monotonic() + 60):
            raise SystemExit("the server does not come back")
        return session

    def create(self):
        session = self.session("postgres")
        if os.path.realpath(session.run("SHOW data_directory")[0][0]) != os.path.realpath(self.options.data):
            raise SystemExit("this is another server")
        session.run(f"DROP DATABASE IF EXISTS {self.options.database} WITH (FORCE)")
        session.run(f"CREATE DATABASE {self.options.database}")
        session.drop()
        subprocess.run(["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-h", self.options.host, "-U", "postgres",
                        "-d", self.options.database, "-o", os.devnull, "-f", os.path.join(HERE, "schema.sql")], check=True)
        session = self.session()
        self.log.write(e="init", rows=self.rows(session), seed=self.options.seed, clients=self.options.clients)
        session.drop()

    @staticmethod
    def rows(session):
        """[table, id, {column: version/token}, {column of its place: value}] of every row."""
        found = []
        for table, (versions, places) in TABLES.items():
            columns = ("id", *versions, *places)
            for row in session.run(f"SELECT {', '.join(columns)} FROM tb_{table}"):
                values = dict(zip(columns, row))
                found.append([table, values["id"], {column: values[column] for column in versions},
                              {column: values[column] for column in places}])
        return found

    def load(self):
        self.options.until = time.monotonic() + self.seconds
        workers = [Nemesis(self.options)] + [Client(i, self.options) for i in range(1, self.options.clients + 1)]
        # a worker takes its open log along, which only fork does
        fork = multiprocessing.get_context("fork")
        processes = [fork.Process(target=worker.main) for worker in workers]
        for process in processes:
            process.start()
        self.watch(processes)
        for process in processes:
            if process.is_alive():
                self.log.write(e="broken", text="a client does not come to an end")
                process.kill()
            elif process.exitcode != 0:
                self.log.write(e="broken", text=f"a client ended with {process.exitcode}")

    def watch(self, processes):
        """Until all have ended: add up the counters, which start from zero when the server does, and end what was left
        prepared, also after the load, for a client may be waiting for its locks."""
        session = self.session()
        total = {"hits": 0, "misses": 0, "bypasses": 0, "fills": 0, "evictions": 0, "invalidations": 0,
                 "coalesced": 0, "executions_saved": 0, "handed_over": 0}
        before = dict.fromkeys(total, 0)
        while any(process.is_alive() for process in processes) and time.monotonic() < self.options.until + PATIENCE:
            time.sleep(0.2)
            try:
                counters = dict(zip(total, session.run(
                    f"SELECT {', '.join(total)} FROM fraiseql.cache_stats, fraiseql.coalescing_stats")[0]))
                for name, value in counters.items():
                    total[name] += value - before[name] if value >= before[name] else value
                before = counters
                self.resolve(session)
            except Refused:
                session.rollback()
            except Gone:
                session = self.session()
        session.drop()
        self.log.write(e="stats", **total)

    def resolve(self, session):
        """What a client left prepared when its connection went would keep its locks: end it, one way or the other."""
        for (name,) in session.run("SELECT gid FROM pg_prepared_xacts WHERE database = current_database() "
                                   "AND prepared < now() - interval '2 seconds'"):
            outcome = "ok" if len(name) % 2 else "fail"
            session.run(("COMMIT" if outcome == "ok" else "ROLLBACK") + f" PREPARED '{name}'")
            self.log.write(e="resolved", name=name, o=outcome, ca=now())

    def settle(self):
        """After the load: nothing is left prepared, the rows, and whether hits come back."""
        session = self.session()
        for (name,) in session.run("SELECT gid FROM pg_prepared_xacts WHERE database = current_database()"):
            session.run(f"ROLLBACK PREPARED '{name}'")
        self.log.write(e="final", rows=self.rows(session))
        attempts = []
        for attempt in range(3):
            for query in QUIET:
                session.run("SELECT fraiseql.execute(%s)::text", (query,))
            before = session.run("SELECT hits FROM fraiseql.cache_stats")[0][0]
            for query in QUIET:
                session.run("SELECT fraiseql.execute(%s)::text", (query,))
            attempts.append(session.run("SELECT hits FROM fraiseql.cache_stats")[0][0] - before)
            if attempts[-1] == len(QUIET):
                break
            time.sleep(1)
        missed = []
        if attempts[-1] < len(QUIET):
            missed = [query for query in QUIET if not session.run(
                "SELECT (fraiseql.explain(%s)->>'cached')::boolean", (query,))[0][0]]
        incoherent = []
        if session.run("SELECT to_regprocedure('fraiseql.validate_coherency()') IS NOT NULL")[0][0]:
            incoherent = [list(row) for row in session.run("SELECT * FROM fraiseql.validate_coherency()")]
        self.log.write(e="live", asked=len(QUIET), hits=attempts, missed=missed, incoherent=incoherent)
        session.drop()

    def run(self):
        self.create()
        self.load()
        self.settle()
        self.log.close()
        session = self.session("postgres")
        session.run(f"DROP DATABASE IF EXISTS {self.options.database} WITH (FORCE)")
        session.drop()
        return check.check_directory(self.options.directory)


def main():
    options = arguments()
    if options.seed is None:
        options.seed = int.from_bytes(os.urandom(3), "big")
    until = time.monotonic() + options.seconds
    number = 0
    totals = None
    while number == 0 or time.monotonic() + 5 < until:
        seconds = min(options.round_seconds, until - time.monotonic()) if number else min(options.round_seconds,
                                                                                      options.seconds)
        current = Round(options, number, seconds)
        print(f"# seed {current.options.seed}, {seconds:.0f} s, {options.clients} clients"
              + (", every other one through PgBouncer" if options.pool_host else ""), flush=True)
        begun = time.monotonic()
        verdict = current.run()
        verdict.notes["seconds with set-up and verdict"] = round(time.monotonic() - begun)
        for line in verdict.summary():
            print("# " + line, flush=True)
        totals = verdict if totals is None else totals.add(verdict)
        if verdict.failed():
            print("# replay: " + options.replay.format(seed=current.options.seed, seconds=round(seconds),
                                                              clients=options.clients, nemeses=" ".join(options.nemeses)))
            print("# logs: " + current.options.directory)
            break
        shutil.rmtree(current.options.directory)
        number += 1
    totals.print_tap()
    sys.exit(1 if totals.failed() else 0)


if __name__ == "__main__":
    main()
