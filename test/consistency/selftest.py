"""
test/consistency/selftest.py
   Histories with one thing wrong each: the check that is for it must say so, and a right history must pass.
"""
import check


def read(session, since, until, **more):
    return {"e": "r", "s": session, "q": "test", "i": since, "c": until, "iso": "rc", **more}


def write(session, sent, acknowledged, *writes, outcome="ok"):
    return {"e": "w", "s": session, "o": outcome, "ci": sent, "ca": acknowledged,
            "w": [[key, value, place, True] for key, value, place in writes], "x": [["post:1.a", "2/undone"]]}


# post 1 is moved from author 1 to 2 between 30 and 40, its a was written between 10 and 20, and both of a couple
# between 50 and 60
RIGHT = [
    {"e": "init", "rows": [["post", 1, {"a": "1/init", "p": "1/init"}, {"fk_author": 1, "status": "live"}],
                           ["left", 1, {"a": "1/init"}, {}], ["right", 1, {"a": "1/init"}, {}]]},
    write(1, 10, 20, ("post:1.a", "2/x", None)),
    write(1, 30, 40, ("post:1.p", "2/y", {"id": 1, "fk_author": 2, "status": "live"})),
    write(1, 50, 60, ("left:1.a", "2/z", None), ("right:1.a", "2/z", None)),
    write(2, 70, 80, ("post:1.a", "3/lost", None), outcome="fail"),
    write(3, 70, None, ("left:1.a", "3/perhaps", None), outcome="unknown"),
    read(2, 25, 28, obs=[["post:1.a", "2/x"]], sets=[{"t": "post", "w": {"fk_author": [1]}, "ids": [1]}]),
    read(2, 35, 36, sets=[{"t": "post", "w": {"fk_author": [1]}, "n": 0}, {"t": "post", "w": {"fk_author": [2]}, "n": 0}]),
    read(2, 55, 56, obs=[["left:1.a", "2/z"], ["right:1.a", "2/z"]], pairs=[["2/z", "2/z"]], who=[["t1", "t1"]]),
    {"e": "reg", "op": "w", "reg": "epoch", "v": 2, "i": 10, "c": 20},
    {"e": "reg", "op": "r", "s": 2, "reg": "epoch", "v": 2, "i": 30, "c": 40},
    {"e": "diff", "s": 2, "q": "test", "i": 1, "c": 2, "same": True},
    {"e": "live", "asked": 2, "hits": [2], "missed": []},
]

WRONG = [
    ("K1", "an aborted write", read(4, 90, 91, obs=[["post:1.a", "3/lost"]])),
    ("K1", "a write that was rolled back to a savepoint", read(4, 5, 15, obs=[["post:1.a", "2/undone"]])),
    ("K1", "a write that never was", read(4, 90, 91, obs=[["post:1.a", "9/none"]])),
    ("K2", "older than acknowledged", read(4, 21, 22, obs=[["post:1.a", "1/init"]])),
    ("K2", "before it was written", read(4, 5, 6, obs=[["post:1.a", "2/x"]])),
    ("K3", "half of a couple", read(4, 55, 56, obs=[["left:1.a", "2/z"], ["right:1.a", "1/init"]], pairs=[["2/z", "1/init"]])),
    ("K3", "a sum", read(4, 55, 56, sums=[[500, 499]])),
    ("K4", "back in a session", read(2, 57, 58, obs=[["left:1.a", "1/init"]])),
    ("K4", "not its own write", read(2, 57, 58, obs=[["left:1.a", "1/init"]], own={"left:1.a": "2/z"})),
    ("K5", "back, in another session", read(4, 57, 58, obs=[["left:1.a", "1/init"]])),
    ("K5", "half of a couple", read(4, 51, 59, obs=[["left:1.a", "2/z"], ["right:1.a", "1/init"]])),
    ("K6", "a row in its old list", read(4, 41, 42, sets=[{"t": "post", "w": {"fk_author": [1]}, "ids": [1]}])),
    ("K6", "a row not in its new list", read(4, 41, 42, sets=[{"t": "post", "w": {"fk_author": [2]}, "ids": []}])),
    ("K6", "a count", read(4, 41, 42, sets=[{"t": "post", "w": {"fk_author": [2]}, "n": 0}])),
    ("K7", "a stranger's row", read(4, 55, 56, who=[["t1", "t2"]])),
    ("K7", "an old definition", {"e": "reg", "op": "r", "s": 4, "reg": "epoch", "v": 1, "i": 30, "c": 40}),
    ("K8", "a difference", {"e": "diff", "s": 4, "q": "test", "same": False, "cached": "1", "uncached": "2"}),
    ("K9", "a fence that stays", {"e": "live", "asked": 2, "hits": [1, 1, 1], "missed": ["{ posts }"]}),
]


def main():
    failed = 0
    verdict = check.check_records(RIGHT)
    if verdict.failed():
        failed += 1
        print(f"not ok: a right history: {verdict.failed()} {verdict.wrong}")
    # who saw what a transaction of unknown outcome wrote has decided it
    decided = check.check_records(RIGHT + [read(4, 90, 91, obs=[["left:1.a", "3/perhaps"]])])
    if decided.failed():
        failed += 1
        print(f"not ok: an unknown outcome: {decided.failed()} {decided.wrong}")
    for name, what, record in WRONG:
        found = check.check_records(RIGHT + [record]).failed()
        if name not in found:
            failed += 1
            print(f"not ok: {name}, {what}: found {found}")
    print(f"# {len(WRONG) + 2 - failed} of {len(WRONG) + 2} planted histories were judged right")
    return 1 if failed else 0
