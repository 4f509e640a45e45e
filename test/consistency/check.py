"""
test/consistency/check.py
   Decides from the logs of a round whether anybody saw what he should not have.

Usage: check.py DIRECTORY      check the logs in it, print TAP
       check.py --self-test    planted violations, one of each kind, must be found, and a right history must pass

How it decides.  Every write carries its version, so the order of the writes to a key is known and nothing is searched
for.  A version became visible after its transaction sent COMMIT, and before it heard of it (or before a later version
did: a row's lock orders them).  So at every time a key has a lowest and a highest version that may be seen, and both
only grow.  Each check below goes once through the reads.

  K1  what is seen was committed, and was the last version of its transaction
  K2  it is not older than what was acknowledged before the call, nor newer than what was under way at its end
  K3  sums that transfers keep, and rows that are written together, agree within one reply
  K4  in a session, versions only grow; a snapshot sees one version; a transaction sees its own writes
  K5  who saw whom is free of cycles, together with the order in real time: as if one thing happened after another
  K6  lists show each row that belonged to them throughout the call, and none that never did; counts alike
  K7  rows carry the identity of who asked; privileges and definitions are those of now
  K8  cached and uncached answers under one snapshot are the same bytes
  K9  when all is over, every question is a hit the second time

For K5 the nodes are transactions that wrote and statements (or snapshots) that read.  All of them take effect at one
instant within their interval, so ww, wr and rw edges and the order in real time have no cycle; strongly connected
components find one if there is.  Edges that follow from real time are left out of ww, wr and rw, and real time itself
is a chain of nodes, so the graph stays linear in the log.
"""
import bisect
import glob
import heapq
import json
import os
import sys

INFINITY = float("inf")
CHECKS = {
    "K1": "no aborted, intermediate or invented versions", "K2": "fresh: nothing older than what was acknowledged",
    "K3": "one reply, one snapshot", "K4": "sessions see versions grow, and their own writes", "K5": "no cycles",
    "K6": "lists and counts are complete", "K7": "identities, privileges and definitions", "K8": "cached is uncached",
    "K9": "hits come back",
}
EXAMPLES = 4

# Rows whose place never changes; others have a version p of it.
MOVING = ("post", "scratch")


class Verdict:
    def __init__(self):
        self.done = dict.fromkeys(CHECKS, 0)
        self.wrong = {name: [] for name in CHECKS}
        self.count = dict.fromkeys(CHECKS, 0)
        self.broken = []
        self.notes = {}

    def ok(self, name, times=1):
        self.done[name] += times

    def fail(self, name, text):
        self.count[name] += 1
        if len(self.wrong[name]) < EXAMPLES:
            self.wrong[name].append(text)

    def failed(self):
        return [name for name in CHECKS if self.count[name]] + (["run"] if self.broken else [])

    def add(self, other):
        for name in CHECKS:
            self.done[name] += other.done[name]
            self.count[name] += other.count[name]
            self.wrong[name] += other.wrong[name]
        self.broken += other.broken
        for name, value in other.notes.items():
            self.notes[name] = self.notes.get(name, 0) + value
        return self

    def summary(self):
        yield ", ".join(f"{value} {name}" for name, value in self.notes.items())

    def print_tap(self):
        for number, (name, what) in enumerate(CHECKS.items(), 1):
            for text in self.wrong[name]:
                print(f"# {name}: {text}")
            good = self.count[name] == 0 and self.done[name] > 0
            print(f"{'ok' if good else 'not ok'} {number} - {name} {what} ({self.done[name]} looked at"
                  + (f", {self.count[name]} wrong)" if self.count[name] else ")"))
        for text in self.broken:
            print(f"# {text}")
        print(f"{'not ok' if self.broken else 'ok'} 10 - the run did what it should")
        print("1..10", flush=True)


def split(value):
    version, token = value.split("/", 1)
    return int(version), token


class Key:
    """The committed versions of a key, in order, and when each could be seen."""

    __slots__ = ("versions", "tokens", "transactions", "final", "places", "earliest", "latest")

    def __init__(self):
        self.versions = []

    def set(self, committed):
        """committed: {version: (token, transaction, final, place)}"""
        self.versions = sorted(committed)
        self.tokens = [committed[v][0] for v in self.versions]
        self.transactions = [committed[v][1] for v in self.versions]
        self.final = [committed[v][2] for v in self.versions]
        self.places = [committed[v][3] for v in self.versions]
        self.earliest = []
        time = -INFINITY
        for transaction in self.transactions:
            time = max(time, transaction.sent)
            self.earliest.append(time)
        self.latest = [INFINITY] * len(self.versions)
        time = INFINITY
        for i in range(len(self.versions) - 1, -1, -1):
            time = min(time, self.transactions[i].acknowledged)
            self.latest[i] = time

    def at(self, version):
        """Place of a version in the lists, or None."""
        i = bisect.bisect_left(self.versions, version)
        return i if i < len(self.versions) and self.versions[i] == version else None

    def lowest(self, time):
        """Place of the lowest version that may be seen by who begins then; -1: none need be there."""
        return bisect.bisect_right(self.latest, time) - 1


class Transaction:
    __slots__ = ("session", "outcome", "sent", "acknowledged", "writes", "seen", "node", "prepared", "truncated")

    def __init__(self, record):
        self.session = record.get("s")
        self.outcome = record["o"]
        self.sent = record["ci"] if record["ci"] is not None else INFINITY
        self.acknowledged = record["ca"] if record["ca"] is not None else INFINITY
        self.writes = [(key, *split(value), place, final) for key, value, place, final in record["w"]]
        self.seen = record.get("seen", [])
        self.prepared = record.get("prepared")
        self.truncated = record.get("truncated", False)
        self.node = None


BEGINNING = Transaction({"o": "ok", "ci": -INFINITY, "ca": -INFINITY, "w": []})


class History:
    def __init__(self, records, verdict):
        self.verdict = verdict
        self.reads = []
        self.transactions = []
        self.undone = {}
        self.diffs = []
        self.registers = []
        self.initial = {}
        self.final = None
        self.live = None
        self.clients = 0
        resolved = {}
        for record in records:
            kind = record["e"]
            if kind == "r":
                self.reads.append(record)
            elif kind == "w":
                self.transactions.append(Transaction(record))
                for key, value in record.get("x", []):
                    self.undone[key, value] = "rolled back to a savepoint"
            elif kind == "diff":
                self.diffs.append(record)
            elif kind == "reg":
                self.registers.append(record)
            elif kind == "init":
                self.take_initial(record["rows"])
                self.clients = record.get("clients", 0)
            elif kind == "final":
                self.final = record["rows"]
            elif kind == "live":
                self.live = record
            elif kind == "resolved":
                resolved[record["name"]] = record
            elif kind == "stats":
                for name in ("hits", "misses", "bypasses", "evictions", "invalidations", "coalesced", "executions_saved",
                             "handed_over"):
                    verdict.notes[name] = record.get(name, 0)
            elif kind in ("error", "broken"):
                verdict.broken.append(json.dumps(record)[:600])
            elif kind == "nemesis":
                name = "nemesis " + record["what"]
                verdict.notes[name] = verdict.notes.get(name, 0) + record.get("times", 1)
        for transaction in self.transactions:
            record = resolved.get(transaction.prepared)
            if transaction.outcome == "unknown" and record is not None:
                transaction.outcome = record["o"]
                transaction.acknowledged = record["ca"]
        self.decide()

    def take_initial(self, rows):
        for table, row, versions, place in rows:
            for column, value in versions.items():
                version, token = split(value)
                self.initial[f"{table}:{row}.{column}"] = {
                    version: (token, BEGINNING, True, {"id": row, **place} if column == "p" else None)}
            if table not in MOVING:
                self.initial[f"{table}:{row}.p"] = {1: ("init", BEGINNING, True, {"id": row, **place})}

    def observed_values(self):
        found = set()
        for read in self.reads:
            if read["iso"] != "own":
                found.update(map(tuple, read.get("obs", ())))
        for transaction in self.transactions:
            found.update(map(tuple, transaction.seen))
        for table, row, versions, _ in self.final or ():
            found.update((f"{table}:{row}.{column}", value) for column, value in versions.items())
        return found

    def decide(self):
        """Which transactions of unknown outcome committed: those that somebody saw, or that a later version needs."""
        observed = self.observed_values()
        committed = {key: dict(versions) for key, versions in self.initial.items()}
        unknown = []
        highest = {}
        for transaction in self.transactions:
            for key, version, _, _, _ in transaction.writes:
                highest[key] = max(highest.get(key, 0), version)
            if transaction.outcome == "ok":
                self.commit(transaction, committed)
            elif transaction.outcome == "unknown":
                unknown.append(transaction)
        changed = True
        while changed:
            changed = False
            candidates = {}
            for transaction in unknown:
                for key, version, _, _, _ in transaction.writes:
                    candidates[key, version] = candidates.get((key, version), 0) + 1
            for transaction in list(unknown):
                if self.must_have_committed(transaction, observed, committed, highest, candidates):
                    self.commit(transaction, committed)
                    unknown.remove(transaction)
                    changed = True
        # rows that a transaction of unknown outcome removed are gone in the end
        alive = {f"{table}:{row}.p" for table, row, _, _ in self.final or ()}
        for transaction in unknown:
            if any(place and place.get("gone") and key not in alive and version not in committed.get(key, {})
                   for key, version, _, place, _ in transaction.writes):
                self.commit(transaction, committed)
        self.verdict.notes["transactions"] = len(self.transactions)
        self.verdict.notes["of them prepared"] = sum(t.prepared is not None for t in self.transactions)
        self.verdict.notes["of unknown outcome"] = sum(t.outcome == "unknown" for t in self.transactions)
        self.aborted = {(key, f"{version}/{token}") for t in self.transactions if t.outcome == "fail"
                        for key, version, token, _, _ in t.writes}
        self.keys = {}
        for key, versions in committed.items():
            self.keys[key] = Key()
            self.keys[key].set(versions)

    @staticmethod
    def must_have_committed(transaction, observed, committed, highest, candidates):
        for key, version, token, _, _ in transaction.writes:
            if (key, f"{version}/{token}") in observed:
                return True
            if (version not in committed.get(key, {}) and highest[key] > version
                    and candidates[key, version] == 1):
                return True
        return False

    def commit(self, transaction, committed):
        transaction.outcome = "ok" if transaction.outcome != "unknown" else "was unknown"
        for key, version, token, place, final in transaction.writes:
            versions = committed.setdefault(key, {})
            if version in versions:
                self.verdict.fail("K1", f"two commits of {key} version {version}: {versions[version][0]}, {token}")
            versions[version] = (token, transaction, final, place)


def describe(read):
    return f"{read['q']} ({read['iso']}, session {read['s']}, {read['i']} to {read['c']})"


def check_versions(history, verdict):
    """K1, K2 and what K4 says of versions."""
    seen = {}
    snapshots = {}
    for read in sorted(history.reads, key=lambda read: read["i"]):
        own = read.get("own", {})
        for name, value in read.get("obs", ()):
            if name in own:
                verdict.ok("K4")
                if value != own[name]:
                    verdict.fail("K4", f"own write {name} {own[name]} reads as {value}: {describe(read)}")
                continue
            version, token = split(value)
            key = history.keys.get(name)
            i = None if key is None else key.at(version)
            verdict.ok("K1")
            if i is None or key.tokens[i] != token:
                why = ("aborted" if (name, value) in history.aborted else
                       history.undone.get((name, value), "never committed"))
                verdict.fail("K1", f"{name} {value} was {why}: {describe(read)}")
                continue
            if not key.final[i] and not read["iso"] == "own":
                verdict.fail("K1", f"{name} {value} is not its transaction's last: {describe(read)}")
            verdict.ok("K2")
            lowest = key.lowest(read["i"])
            if i < lowest:
                late = (read["i"] - key.latest[lowest]) / 1e6
                verdict.fail("K2", f"{name} {value} is older than {key.versions[lowest]}/{key.tokens[lowest]}, acknowledged "
                                   f"{late:.3f} ms before: {describe(read)}")
            elif key.earliest[i] > read["c"]:
                verdict.fail("K2", f"{name} {value} was seen before it was written: {describe(read)}")
            if read["iso"] == "own":
                continue
            verdict.ok("K4")
            last = seen.get((read["s"], name), 0)
            if version < last:
                verdict.fail("K4", f"{name} went back from {last} to {version}: {describe(read)}")
            seen[read["s"], name] = max(last, version)
            if "tx" in read:
                first = snapshots.setdefault((read["s"], read["tx"], name), version)
                if first != version:
                    verdict.fail("K4", f"{name} changed from {first} to {version} under one snapshot: {describe(read)}")


def check_replies(history, verdict):
    """K3, and the identities of K7."""
    for read in history.reads:
        for one, other in read.get("pairs", ()):
            verdict.ok("K3")
            if one != other:
                verdict.fail("K3", f"{one} beside {other}: {describe(read)}")
        for wanted, found in read.get("sums", ()):
            verdict.ok("K3")
            if wanted != found:
                verdict.fail("K3", f"a sum of {found}, not {wanted}: {describe(read)}")
        for claimed, found in read.get("who", ()):
            verdict.ok("K7")
            if claimed != found:
                verdict.fail("K7", f"{claimed} was shown a row of {found}: {describe(read)}")


def matches(place, where):
    return place is not None and not place.get("gone") and all(place[column] in wanted for column, wanted in where.items())


class Stints:
    """When rows belonged to a set: surely within [start, end), possibly within [first, last)."""

    def __init__(self, keys, where):
        self.sure = []
        self.possible = {}
        for row, key in keys:
            i = 0
            while i < len(key.versions):
                if not matches(key.places[i], where):
                    i += 1
                    continue
                j = i
                while j + 1 < len(key.versions) and matches(key.places[j + 1], where):
                    j += 1
                after = j + 1 < len(key.versions)
                self.sure.append((key.latest[i], key.earliest[j + 1] if after else INFINITY, row))
                self.possible.setdefault(row, []).append((key.earliest[i], key.latest[j + 1] if after else INFINITY))
                i = j + 1
        self.sure.sort()

    def is_possible(self, row, since, until):
        return any(first <= until and last >= since for first, last in self.possible.get(row, ()))


def check_sets(history, verdict):
    """K6.  For each set, its reads in the order of time beside the stints of its rows."""
    by_set = {}
    for read in history.reads:
        if read["iso"] == "own":
            continue
        for shown in read.get("sets", ()):
            where = json.dumps([shown["t"], shown["w"]], sort_keys=True)
            # to a snapshot from before a TRUNCATE the rows are gone all the same, as PostgreSQL's manual says
            until = read["at"] if shown["t"] == "scratch" and "at" in read else read["c"]
            by_set.setdefault(where, []).append((read["i"], until, shown, read))
    rows = {}
    for name, key in history.keys.items():
        table, row = name[:-2].split(":")
        if name.endswith(".p"):
            rows.setdefault(table, {})[int(row)] = key
    for where, reads in by_set.items():
        table, condition = json.loads(where)
        of_table = rows.get(table, {})
        if "id" in condition:
            keys = [(row, of_table[row]) for row in condition["id"] if row in of_table]
        else:
            keys = list(of_table.items())
        check_set(Stints(keys, condition), sorted(reads, key=lambda read: read[0]), where, verdict)


def check_set(stints, reads, where, verdict):
    active = []
    following = 0
    for since, until, shown, read in reads:
        while following < len(stints.sure) and stints.sure[following][0] <= since:
            _, end, row = stints.sure[following]
            heapq.heappush(active, (end, row))
            following += 1
        while active and active[0][0] <= since:
            heapq.heappop(active)
        must = [row for end, row in active if end > until]
        verdict.ok("K6")
        if "n" in shown:
            possible = sum(stints.is_possible(row, since, until) for row in stints.possible)
            if not len(must) <= shown["n"] <= possible:
                verdict.fail("K6", f"{where}: a count of {shown['n']}, not {len(must)} to {possible}: {describe(read)}")
            continue
        found = set(shown["ids"])
        if len(found) != len(shown["ids"]):
            verdict.fail("K6", f"{where}: a row twice: {describe(read)}")
        missing = [row for row in must if row not in found]
        if missing:
            verdict.fail("K6", f"{where}: {missing} not shown: {describe(read)}")
        strange = [row for row in found if not stints.is_possible(row, since, until)]
        if strange:
            verdict.fail("K6", f"{where}: {strange} shown, did not belong to it: {describe(read)}")


def check_registers(history, verdict):
    """The rest of K7: a privilege or a function's body is the last that was set, or one that was being set."""
    names = {record["reg"] for record in history.registers}
    for name in names:
        initial = {"op": "w", "v": 1, "i": -INFINITY, "c": -INFINITY}
        writes = [initial] + sorted((record for record in history.registers if record["reg"] == name
                                     and record["op"] == "w"), key=lambda record: record["i"])
        begun = [write["i"] for write in writes]
        for read in history.registers:
            if read["reg"] != name or read["op"] != "r":
                continue
            allowed = set()
            for i in range(bisect.bisect_right(begun, read["c"]) - 1, -1, -1):
                allowed.add(writes[i]["v"])
                if writes[i]["c"] is not None and writes[i]["c"] <= read["i"]:
                    break
            verdict.ok("K7")
            if read["v"] not in allowed:
                verdict.fail("K7", f"{name} is {read['v']}, not {sorted(allowed)}: session {read['s']}, "
                                   f"{read['i']} to {read['c']}")


def check_differences(history, verdict):
    truncations = [transaction for transaction in history.transactions if transaction.truncated]
    for diff in history.diffs:
        if diff["q"] == "scratch" and any(t.sent < diff["c"] and t.acknowledged > diff["i"] for t in truncations):
            # a TRUNCATE shows in older snapshots, as PostgreSQL's manual says
            continue
        verdict.ok("K8")
        if not diff["same"]:
            verdict.fail("K8", f"{diff['q']}, session {diff['s']}: cached {diff['cached'][:300]} uncached "
                               f"{diff['uncached'][:300]}")


def check_liveness(history, verdict):
    live = history.live
    if live is None:
        verdict.fail("K9", "the round did not come to its end")
        return
    verdict.ok("K9", live["asked"])
    if live["hits"][-1] != live["asked"]:
        verdict.fail("K9", f"of {live['asked']} questions asked twice {live['hits']} were hits; not cached: {live['missed'][:5]}")
    for row in live.get("incoherent", ()):
        verdict.fail("K9", f"validate_coherency: {row}")


class Graph:
    def __init__(self):
        self.edges = []
        self.labels = []

    def node(self, label):
        self.edges.append([])
        self.labels.append(label)
        return len(self.edges) - 1

    def cycles(self):
        """Strongly connected components of more than one node: Tarjan, without recursion."""
        count = len(self.edges)
        index = [0] * count
        low = [0] * count
        on_stack = bytearray(count)
        stack = []
        following = 1
        for root in range(count):
            if index[root]:
                continue
            work = [(root, 0)]
            while work:
                node, place = work.pop()
                if place == 0:
                    index[node] = low[node] = following
                    following += 1
                    stack.append(node)
                    on_stack[node] = 1
                edges = self.edges[node]
                while place < len(edges):
                    target = edges[place]
                    place += 1
                    if not index[target]:
                        work.append((node, place))
                        work.append((target, 0))
                        break
                    if on_stack[target]:
                        low[node] = min(low[node], index[target])
                else:
                    if work:
                        parent = work[-1][0]
                        low[parent] = min(low[parent], low[node])
                    if low[node] == index[node]:
                        component = []
                        while True:
                            member = stack.pop()
                            on_stack[member] = 0
                            component.append(member)
                            if member == node:
                                break
                        if len(component) > 1:
                            yield component

    def shortest(self, component):
        """A shortest cycle through one of the component's nodes."""
        members = set(component)
        best = None
        for start in component[:20]:
            before = {start: None}
            queue = [start]
            for node in queue:
                for target in self.edges[node]:
                    if target == start:
                        path = [node]
                        while before[path[-1]] is not None:
                            path.append(before[path[-1]])
                        if best is None or len(path) < len(best):
                            best = path[::-1]
                        queue = []
                        break
                    if target in members and target not in before:
                        before[target] = node
                        queue.append(target)
                else:
                    continue
                break
        return [self.labels[node] for node in best or component[:10] if self.labels[node]]


def check_cycles(history, verdict):
    graph = Graph()
    intervals = []
    for transaction in history.transactions:
        if transaction.outcome not in ("ok", "was unknown"):
            continue
        transaction.node = graph.node("write " + ", ".join(
            f"{key} {version}/{token}" for key, version, token, _, _ in transaction.writes[:4]))
        intervals.append((transaction.sent, transaction.acknowledged, transaction.node))
    readers = {}
    for read in history.reads:
        name = (read["s"], read["tx"]) if "tx" in read else id(read)
        if name not in readers:
            readers[name] = graph.node("read " + describe(read))
            intervals.append((read["i"], read["c"], readers[name]))
        add_reader(history, graph, read, readers[name])
    for key in history.keys.values():
        for one, other in zip(key.transactions, key.transactions[1:]):
            if one.node is not None and other.node is not None and one is not other:
                graph.edges[one.node].append(other.node)
    add_real_time(graph, intervals)
    verdict.ok("K5", len(graph.edges))
    for component in graph.cycles():
        verdict.fail("K5", " -> ".join(graph.shortest(component)))


def add_reader(history, graph, read, node):
    """wr and rw, unless the order in real time says the same."""
    own = read.get("own", {})
    for name, value in read.get("obs", ()):
        version, token = split(value)
        key = history.keys.get(name)
        i = None if key is None or name in own else key.at(version)
        if i is None or key.tokens[i] != token:
            continue
        writer = key.transactions[i]
        if writer.node is not None and writer.acknowledged > read["i"]:
            graph.edges[writer.node].append(node)
        while i + 1 < len(key.versions) and key.transactions[i + 1] is writer:
            i += 1
        if i + 1 < len(key.versions) and key.transactions[i + 1].sent < read["c"]:
            graph.edges[node].append(key.transactions[i + 1].node)


def add_real_time(graph, intervals):
    """A chain of all ends; who begins after an end comes after it."""
    ends = sorted((end, node) for _, end, node in intervals if end != INFINITY)
    times = [end for end, _ in ends]
    chain = []
    for _, node in ends:
        link = graph.node(None)
        if chain:
            graph.edges[chain[-1]].append(link)
        graph.edges[node].append(link)
        chain.append(link)
    for begin, _, node in intervals:
        last = bisect.bisect_left(times, begin) - 1
        if last >= 0:
            graph.edges[chain[last]].append(node)


def check_records(records):
    verdict = Verdict()
    history = History(records, verdict)
    check_versions(history, verdict)
    check_replies(history, verdict)
    check_cycles(history, verdict)
    check_sets(history, verdict)
    check_registers(history, verdict)
    check_differences(history, verdict)
    check_liveness(history, verdict)
    verdict.notes["statements that read"] = len(history.reads)
    sessions = {read["s"] for read in history.reads}
    if len(sessions) < history.clients:
        verdict.broken.append(f"of {history.clients} clients only {sorted(sessions)} have read anything")
    return verdict


def records_in(directory):
    for path in sorted(glob.glob(os.path.join(directory, "*.jsonl"))):
        with open(path, encoding="utf-8") as lines:
            for line in lines:
                yield json.loads(line)


def check_directory(directory):
    verdict = check_records(records_in(directory))
    asked = verdict.notes.get("hits", 0) + verdict.notes.get("misses", 0)
    if verdict.notes.get("hits", 0) * 20 < asked or asked == 0:
        verdict.broken.append(f"{verdict.notes.get('hits')} hits of {asked} calls: the cache was hardly used")
    if verdict.notes.get("nemesis evict", 0) >= 5 and verdict.notes.get("evictions") == 0:
        verdict.broken.append("nothing was evicted")
    return verdict


def main():
    if sys.argv[1:] == ["--self-test"]:
        import selftest
        sys.exit(selftest.main())
    verdict = check_directory(sys.argv[1])
    for line in verdict.summary():
        print("# " + line)
    verdict.print_tap()
    sys.exit(1 if verdict.failed() else 0)


if __name__ == "__main__":
    main()
