"""
test/consistency/client.py
   One seeded random client: reads through fraiseql and past it, writes, and logs what it saw.

What it decides to do follows from the seed and its number.  It keeps in mind ids that it has seen, so what it does to
which row follows from the replies too.
"""
import json
import time

from history import Gone, Log, Refused, Session, now, seeded

AUTHORS = range(1, 7)
STATUSES = ("draft", "live", "old")
BRANCHES = (1, 2)
COUPLES = (1, 2, 3)
SHELVES = (1, 2, 3, 4)
TENANTS = ("t1", "t2", "t3")
HOLDERS = ("c_red", "c_green", "c_blue")


class Reply:
    """What a reply says, in the words of the log."""

    def __init__(self):
        self.obs = []
        self.sets = []
        self.pairs = []
        self.sums = []
        self.who = []
        self.registers = []

    def row(self, table, row, *columns):
        for column in columns:
            if column in row:
                self.obs.append((f"{table}:{row['id']}.{column}", row[column]))

    def rows(self, table, rows, where, *columns):
        for row in rows:
            self.row(table, row, *columns)
        self.sets.append({"t": table, "w": where, "ids": [row["id"] for row in rows]})

    def one(self, table, key, row, *columns):
        """A look-up by key that may find nothing."""
        self.rows(table, [] if row is None else [row], {"id": [key]}, *columns)


# Questions: each takes the client's generator and what it has seen, and gives a name, a document, its variables, and a
# function from the reply's data to a Reply.

def ask_author(client):
    key = client.random.choice(AUTHORS)
    columns = client.random.choice(("a", "b", "a b"))

    def parse(data, reply):
        reply.one("author", key, data["author"], "a", "b")
    return "author", "query ($i: Int!) { author(id: $i) { id %s } }" % columns, {"i": key}, parse


def ask_author_posts(client):
    key = client.random.choice(AUTHORS)
    columns = client.random.choice(("a", "b", "p", "a p"))
    status = client.random.choice(STATUSES + (None,) * 3)
    where = {"fk_author": [key]}
    arguments = ""
    if status:
        where["status"] = [status]
        arguments = '(where: {status: {eq: "%s"}})' % status

    def parse(data, reply):
        author = data["author"]
        reply.one("author", key, author, "a")
        reply.rows("post", author["posts"], where, "a", "b", "p")
        client.saw_posts(author["posts"])
    text = "query ($i: Int!) { author(id: $i) { id a posts%s { id %s } } }" % (arguments, columns)
    return "author posts", text, {"i": key}, parse


def ask_authors(client):
    keys = sorted(client.random.sample(AUTHORS, 2))

    def parse(data, reply):
        reply.rows("author", data["authors"], {"id": keys}, "a")
        for author in data["authors"]:
            reply.rows("post", author["posts"], {"fk_author": [author["id"]]}, "b")
    text = "query ($l: [Int!]) { authors(where: {id: {in: $l}}) { id a posts { id b } } }"
    return "authors", text, {"l": keys}, parse


def ask_post(client):
    key = client.a_post()
    columns = client.random.choice(("a", "b", "p", "a b p"))

    def parse(data, reply):
        reply.one("post", key, data["post"], "a", "b", "p")
    return "post", "query ($i: Int!) { post(id: $i) { id %s } }" % columns, {"i": key}, parse


def ask_post_author(client):
    key = client.a_post()

    def parse(data, reply):
        post = data["post"]
        reply.one("post", key, post, "p")
        if post is not None:
            reply.sets.append({"t": "post", "w": {"fk_author": [post["author"]["id"]], "id": [key]}, "ids": [key]})
            reply.row("author", post["author"], "a")
    return "post author", "query ($i: Int!) { post(id: $i) { id p author { id a } } }", {"i": key}, parse


def ask_posts(client):
    where = {}
    filters = {}
    kind = client.random.randrange(5)
    if kind == 0:
        where["id"] = sorted({client.a_post() for _ in range(3)})
        filters["id"] = {"in": where["id"]}
    if kind in (1, 3):
        where["fk_author"] = [client.random.choice(AUTHORS)]
        filters["author"] = {"id": {"eq": where["fk_author"][0]}}
    if kind in (2, 3):
        where["status"] = [client.random.choice(STATUSES)]
        filters["status"] = {"eq": where["status"][0]}
    if kind == 4:
        where["fk_author"] = sorted(client.random.sample(AUTHORS, 2))
        filters["fkAuthor"] = {"in": where["fk_author"]}
    columns = client.random.choice(("a", "b", "p"))

    def parse(data, reply):
        reply.rows("post", data["posts"], where, "a", "b", "p")
        client.saw_posts(data["posts"])
    text = "query ($w: PostWhere) { posts(where: $w) { id %s } }" % columns
    return "posts", text, {"w": filters}, parse


def ask_all_posts(client):
    def parse(data, reply):
        reply.rows("post", data["posts"], {}, "p")
        for post in data["posts"]:
            reply.sets.append({"t": "post", "ids": [post["id"]],
                               "w": {"id": [post["id"]], "fk_author": [post["fkAuthor"]], "status": [post["status"]]}})
        client.saw_posts(data["posts"])
    return "all posts", "{ posts { id p fkAuthor status } }", {}, parse


def ask_cards(client):
    key = client.random.choice(AUTHORS)

    def parse(data, reply):
        reply.rows("post", data["cards"], {"fk_author": [key]}, "a")
        for card in data["cards"]:
            reply.row("author", card["author"], "a")
    text = "query ($i: Int!) { cards(where: {author: {id: {eq: $i}}}) { id a author { id a } } }"
    return "cards", text, {"i": key}, parse


def ask_tally(client):
    key = client.random.choice(AUTHORS)

    def parse(data, reply):
        tally = data["tally"]
        reply.sets.append({"t": "post", "w": {"fk_author": [key]}, "n": tally["posts"]})
        reply.row("author", tally, "b")
    columns = client.random.choice(("posts", "posts b"))
    return "tally", "query ($i: Int!) { tally(id: $i) { id %s } }" % columns, {"i": key}, parse


def ask_branch(client):
    branch = client.random.choice(BRANCHES)

    def parse(data, reply):
        reply.rows("account", data["accounts"], {"branch": [branch]}, "a")
        reply.sums.append((500, sum(account["balance"] for account in data["accounts"])))
    columns = client.random.choice(("balance", "balance a"))
    text = "query ($i: Int!) { accounts(where: {branch: {eq: $i}}) { id %s } }" % columns
    return "branch", text, {"i": branch}, parse


def ask_bank(client):
    """Two root fields, or ten: one statement, one snapshot."""
    if client.random.random() < 0.5:
        text = "{ " + " ".join("x%d: account(id: %d) { id balance a }" % (i, i) for i in range(1, 11)) + " }"
    else:
        text = "{ " + " ".join("x%d: accounts(where: {branch: {eq: %d}}) { id balance a }" % (i, i)
                               for i in BRANCHES) + " }"

    def parse(data, reply):
        accounts = []
        for part in data.values():
            accounts += part if isinstance(part, list) else [part]
        reply.rows("account", accounts, {}, "a")
        reply.sums.append((1000, sum(account["balance"] for account in accounts)))
    return "bank", text, {}, parse


def ask_couple(client):
    key = client.random.choice(COUPLES)
    kind = client.random.randrange(3)
    text = ("query ($i: Int!) { left(id: $i) { id a } right(id: $i) { id a } }",
            "query ($i: Int!) { couple(id: $i) { id left right } }",
            "query ($i: Int!) { slow(id: $i) { id a late } right(id: $i) { id a } }")[kind]

    def parse(data, reply):
        if kind == 1:
            left, right = data["couple"]["left"], data["couple"]["right"]
        else:
            left, right = data["left" if kind == 0 else "slow"]["a"], data["right"]["a"]
        if kind == 2:
            reply.pairs.append((left, data["slow"]["late"]))
        reply.obs += [(f"left:{key}.a", left), (f"right:{key}.a", right)]
        reply.pairs.append((left, right))
    return "couple", text, {"i": key}, parse


def ask_late(client):
    """One key for all, slowly: they meet here, and wait for each other."""
    def parse(data, reply):
        reply.obs.append(("left:1.a", data["slow"]["a"]))
        reply.pairs.append((data["slow"]["a"], data["slow"]["late"]))
    return "late", "{ slow(id: 1) { id a late } }", {}, parse


def ask_stock(client):
    shelf = client.random.choice(SHELVES)
    columns = client.random.choice(("a", "b"))
    if client.random.random() < 0.5:
        key = client.random.randint(1, 40)

        def parse_one(data, reply):
            reply.one("stock", key, data["stock"], "a", "b")
        return "stock", "query ($i: Int!) { stock(id: $i) { id %s } }" % columns, {"i": key}, parse_one

    def parse(data, reply):
        reply.rows("stock", data["stocks"], {"shelf": [shelf]}, "a", "b")
    text = "query ($i: Int!) { stocks(where: {shelf: {eq: $i}}) { id %s } }" % columns
    return "stock", text, {"i": shelf}, parse


def ask_scratch(client):
    batch = client.random.randrange(4)

    def parse(data, reply):
        reply.rows("scratch", data["scratches"], {"batch": [batch]}, "p")
    return "scratch", "query ($i: Int!) { scratches(where: {batch: {eq: $i}}) { id p } }", {"i": batch}, parse


# The questions that depend on who asks.

def ask_notes(client):
    tenant = client.random.choice(TENANTS)
    one = client.random.random() < 0.3
    key = client.random.randint(1, 9)

    def parse(data, reply):
        notes = data["notes"] if not one else [data["note"]] if data["note"] else []
        reply.who += [(tenant, note["tenant"]) for note in notes]
        where = {"tenant": [tenant]}
        if one:
            where["id"] = [key]
        reply.rows("note", notes, where, "a")
    text = "{ note(id: %d) { id tenant a } }" % key if one else "{ notes { id tenant a } }"
    return "notes", text, {}, parse, ("c_api", tenant)


def ask_memos(client):
    holder = client.random.choice(HOLDERS)

    def parse(data, reply):
        reply.who += [(holder, memo["holder"]) for memo in data["memos"]]
        reply.rows("memo", data["memos"], {"holder": [holder]}, "a")
    return "memos", "{ memos { id holder a } }", {}, parse, (holder, "t1")


def ask_door(client):
    role = client.random.choice(("c_guest", "c_member"))

    def parse(data, reply):
        reply.registers.append((role, 1 if data else 0))
        if data:
            reply.rows("door", data["doors"], {}, "a")
    return "door", "{ doors { id a } }", {}, parse, (role, "t1")


def ask_epoch(client):
    def parse(data, reply):
        reply.registers.append(("epoch", data["epoch"]["epoch"]))
    return "epoch", "{ epoch(id: 1) { id epoch } }", {}, parse


QUESTIONS = [(ask_author, 6), (ask_author_posts, 10), (ask_authors, 4), (ask_post, 8), (ask_post_author, 5), (ask_posts, 10),
             (ask_all_posts, 2), (ask_cards, 5), (ask_tally, 5), (ask_branch, 6), (ask_bank, 5), (ask_couple, 12),
             (ask_late, 12), (ask_stock, 8), (ask_scratch, 4), (ask_notes, 6), (ask_memos, 6), (ask_door, 5), (ask_epoch, 3)]


# The same rows in plain SQL: what has been seen so may not be unseen in a cached answer.

def sql_post(client):
    key = client.a_post()

    def parse(rows, reply):
        reply.rows("post", [dict(zip(("id", "a", "b", "p"), row)) for row in rows], {"id": [key]}, "a", "b", "p")
    return "sql post", "SELECT id, a, b, p FROM tb_post WHERE id = %s", (key,), parse


def sql_posts(client):
    key = client.random.choice(AUTHORS)

    def parse(rows, reply):
        reply.rows("post", [dict(zip(("id", "a", "b", "p"), row)) for row in rows], {"fk_author": [key]}, "a", "b", "p")
    return "sql posts", "SELECT id, a, b, p FROM tb_post WHERE fk_author = %s", (key,), parse


def sql_couple(client):
    key = client.random.choice(COUPLES)

    def parse(rows, reply):
        reply.obs += [(f"left:{key}.a", rows[0][0]), (f"right:{key}.a", rows[0][1])]
        reply.pairs.append(tuple(rows[0]))
    return "sql couple", "SELECT l.a, r.a FROM tb_left l JOIN tb_right r USING (id) WHERE id = %s", (key,), parse


def sql_rows(table, column, values):
    def ask(client):
        value = client.random.choice(values)

        def parse(rows, reply):
            reply.rows(table, [dict(zip(("id", "a"), row)) for row in rows], {column: [value]}, "a")
        return "sql " + table, f"SELECT id, a FROM tb_{table} WHERE {column} = %s", (value,), parse
    return ask


SQL_QUESTIONS = [sql_post, sql_posts, sql_couple, sql_couple, sql_rows("account", "branch", BRANCHES),
                 sql_rows("author", "id", AUTHORS), sql_rows("stock", "shelf", SHELVES),
                 sql_rows("note", "tenant", TENANTS), sql_rows("memo", "holder", HOLDERS)]

PLACES = {"post": ("fk_author", "status"), "scratch": ("batch",)}


class Client:
    def __init__(self, number, options):
        self.number = number
        self.options = options
        self.random = seeded(options.seed, "client", number)
        self.name = f"c{number}"
        self.dsn = options.dsn
        if options.pool and number % 2 == 1:
            self.dsn = options.pool
        self.log = Log(options.directory, f"client-{number}")
        self.session = Session(self.dsn, f"client {number}")
        self.tokens = 0
        self.ids = 0
        self.posts = list(range(1, 37))
        self.transactions = 0

    # ids
    def a_post(self):
        return self.random.choice(self.posts[-24:] if self.random.random() < 0.5 else self.posts[-200:])

    def saw_posts(self, rows):
        if self.random.random() < 0.3:
            known = set(self.posts)
            self.posts += [row["id"] for row in rows if row["id"] not in known]

    def new_id(self):
        self.ids += 1
        return self.number * 1000000 + self.options.epoch * 20000 + self.ids

    def token(self):
        self.tokens += 1
        return f"{self.name}.{self.tokens}"

    # reading
    def prepare(self, question):
        name, text, variables, parse, *identity = question(self)
        role, tenant = identity[0] if identity else (None, None)
        prefix = ""
        if role:
            prefix = f"SET LOCAL ROLE {role}; SET LOCAL app.tenant = '{tenant}'; "
        elif self.random.random() < 0.3:
            prefix = "SET LOCAL ROLE c_api; "
        return name, prefix, (text, json.dumps(variables)), parse

    def note_reply(self, name, text, parse, since, until, **more):
        reply = Reply()
        if text is not None and not isinstance(text, str):
            parse(text, reply)
        else:
            answer = json.loads(text)
            if answer.get("errors"):
                codes = [error["extensions"]["code"] for error in answer["errors"]]
                if name != "door" or codes[0] not in ("FORBIDDEN", "GRAPHQL_VALIDATION_FAILED"):
                    self.log.write(e="error", s=self.number, q=name, i=since, c=until, text=text[:400])
                    return
                answer["data"] = None
            parse(answer["data"], reply)
        for name_, value in reply.registers:
            self.log.write(e="reg", s=self.number, op="r", reg=name_, v=value, i=since, c=until)
        if reply.obs or reply.sets:
            record = {"obs": reply.obs, "sets": reply.sets, "pairs": reply.pairs, "sums": reply.sums, "who": reply.who}
            self.log.write(e="r", s=self.number, q=name, i=since, c=until,
                           **{key: value for key, value in record.items() if value}, **more)

    def read_cached(self):
        """A single statement, READ COMMITTED, in a transaction of its own."""
        name, prefix, arguments, parse = self.prepare(self.pick(QUESTIONS))
        since = now()
        if prefix:
            rows = self.session.run("BEGIN; " + prefix + "SELECT fraiseql.execute(%s, %s)::text", arguments)
        else:
            rows = self.session.run("SELECT fraiseql.execute(%s, %s)::text", arguments)
        until = now()
        self.note_reply(name, rows[0][0], parse, since, until, iso="rc")
        if prefix:
            self.session.run("COMMIT")

    def read_sql(self, **more):
        name, text, arguments, parse = self.random.choice(SQL_QUESTIONS)(self)
        since = now()
        rows = self.session.run(text, arguments)
        self.note_reply(name, rows, parse, since, now(), iso="rc", **more)

    def read_both(self):
        """Past the cache, then through it, of the same rows: what has been seen must not be unseen."""
        key = self.random.choice(COUPLES)
        since = now()
        rows = self.session.run("SELECT l.a, r.a FROM tb_left l JOIN tb_right r USING (id) WHERE id = %s", (key,))
        until = now()
        self.log.write(e="r", s=self.number, q="sql couple", i=since, c=until, iso="rc",
                       obs=[(f"left:{key}.a", rows[0][0]), (f"right:{key}.a", rows[0][1])], pairs=[rows[0]])
        since = now()
        rows = self.session.run("SELECT fraiseql.execute(%s, %s)::text",
                                ("query ($i: Int!) { couple(id: $i) { id left right } }", json.dumps({"i": key})))
        until = now()
        couple = json.loads(rows[0][0])["data"]["couple"]
        self.log.write(e="r", s=self.number, q="couple", i=since, c=until, iso="rc", pairs=[(couple["left"], couple["right"])],
                       obs=[(f"left:{key}.a", couple["left"]), (f"right:{key}.a", couple["right"])])

    def read_snapshot(self):
        """Several reads under one snapshot, with pauses for others to write in."""
        self.transactions += 1
        isolation = "SERIALIZABLE" if self.random.random() < 0.1 else "REPEATABLE READ"
        more = {"iso": "ser" if isolation == "SERIALIZABLE" else "rr", "tx": self.transactions}
        first = self.random.choice(SQL_QUESTIONS)(self)
        since = now()
        rows = self.session.run(f"BEGIN ISOLATION LEVEL {isolation}; " + first[1], first[2])
        until = now()
        self.note_reply(first[0], rows, first[3], since, until, **more)
        for _ in range(self.random.randint(1, 3)):
            if self.random.random() < 0.6:
                time.sleep(self.random.random() * 0.012)
            name, prefix, arguments, parse = self.prepare(self.pick(QUESTIONS))
            text = self.session.run(prefix + "SELECT fraiseql.execute(%s, %s)::text", arguments)[0][0]
            # privileges and functions are not under the snapshot
            if name not in ("door", "epoch"):
                self.note_reply(name, text, parse, since, until, at=now(), **more)
                uncached = self.session.run("SET LOCAL fraiseql.cache_enabled = off; "
                                            "SELECT fraiseql.execute(%s, %s)::text", arguments)[0][0]
                same = uncached == text
                self.log.write(e="diff", s=self.number, q=name, i=since, c=now(), same=same,
                               **({} if same else {"cached": text, "uncached": uncached}))
                self.session.run("SET LOCAL fraiseql.cache_enabled = on")
            self.session.run("RESET ROLE")
        self.session.run("COMMIT")

    # writing
    def bump(self, transaction, table, column, condition, *parameters):
        token = self.token()
        rows = transaction.run(f"UPDATE tb_{table} SET {column} = bump({column}, %s) WHERE {condition} RETURNING id, {column}",
                               (token, *parameters))
        for key, value in rows:
            transaction.wrote(f"{table}:{key}.{column}", value)
        return rows

    def place(self, transaction, table, sql, parameters):
        """INSERT, or UPDATE of where a row belongs."""
        columns = PLACES[table]
        rows = transaction.run(sql + " RETURNING id, p, " + ", ".join(columns), parameters)
        for key, value, *place in rows:
            transaction.wrote(f"{table}:{key}.p", value, {"id": key, **dict(zip(columns, place))})
        return rows

    def write_posts(self, transaction):
        for _ in range(self.random.choice((1, 1, 2))):
            self.bump(transaction, "post", self.random.choice("ab"), "id = %s", self.a_post())

    def write_author(self, transaction):
        self.bump(transaction, "author", self.random.choice("ab"), "id = %s", self.random.choice(AUTHORS))

    def move_post(self, transaction):
        self.place(transaction, "post", "UPDATE tb_post SET fk_author = %s, p = bump(p, %s) WHERE id = %s",
                   (self.random.choice(AUTHORS), self.token(), self.a_post()))

    def change_status(self, transaction):
        self.place(transaction, "post", "UPDATE tb_post SET status = %s, p = bump(p, %s) WHERE id = %s",
                   (self.random.choice(STATUSES), self.token(), self.a_post()))

    def insert_post(self, transaction):
        key = self.new_id()
        value = "1/" + self.token()
        self.place(transaction, "post", "INSERT INTO tb_post (id, fk_author, status, a, b, p) VALUES (%s, %s, %s, %s, %s, %s)",
                   (key, self.random.choice(AUTHORS), self.random.choice(STATUSES), value, value, value))
        transaction.wrote(f"post:{key}.a", value)
        transaction.wrote(f"post:{key}.b", value)
        self.posts.append(key)

    def delete_post(self, transaction):
        key = self.a_post()
        for a, b, p in transaction.run("DELETE FROM tb_post WHERE id = %s RETURNING a, b, p", (key,)):
            transaction.seen += [(f"post:{key}.a", a), (f"post:{key}.b", b)]
            transaction.removed(f"post:{key}.p", p, self.token())
        if len(self.posts) > 30:
            self.posts.remove(key)

    def transfer(self, transaction):
        branch = self.random.choice(BRANCHES)
        accounts = [i for i in range(1, 11) if 1 + i % 2 == branch]
        amount = self.random.randint(1, 20)
        for account, change in zip(self.random.sample(accounts, 2), (-amount, amount)):
            rows = transaction.run("UPDATE tb_account SET balance = balance + %s, a = bump(a, %s) WHERE id = %s RETURNING a",
                                   (change, self.token(), account))
            transaction.wrote(f"account:{account}.a", rows[0][0])

    def write_couple(self, transaction):
        key = self.random.choice(COUPLES)
        token = self.token()
        for table in ("left", "right"):
            rows = transaction.run(f"UPDATE tb_{table} SET a = bump(a, %s) WHERE id = %s RETURNING a", (token, key))
            transaction.wrote(f"{table}:{key}.a", rows[0][0])

    def write_couple_slowly(self, transaction):
        """A commit that has thousands of locks to release is visible for a while before it is over."""
        self.write_couple(transaction)
        transaction.run("SELECT count(pg_advisory_xact_lock(%s, i)) FROM generate_series(1, 4000) AS i", (self.number,))

    def write_stock(self, transaction):
        self.bump(transaction, "stock", self.random.choice("ab"), "id = %s", self.random.randint(1, 40))

    def write_all_stock(self, transaction):
        self.bump(transaction, "stock", self.random.choice("ab"), "true")

    def write_scratch(self, transaction):
        count = self.random.choice((2, 3, 25))
        batch = self.random.randrange(4)
        value = "1/" + self.token()
        keys = [self.new_id() for _ in range(count)]
        self.place(transaction, "scratch", "INSERT INTO tb_scratch (id, batch, p) SELECT id, %s, %s FROM unnest(%s) AS id",
                   (batch, value, keys))

    def empty_scratch(self, transaction):
        if self.random.random() < 0.5:
            transaction.run("LOCK TABLE tb_scratch IN ACCESS EXCLUSIVE MODE")
            rows = transaction.run("SELECT id, p FROM tb_scratch")
            transaction.run("TRUNCATE tb_scratch")
            transaction.truncated = True
        else:
            rows = transaction.run("DELETE FROM tb_scratch WHERE batch = %s RETURNING id, p", (self.random.randrange(4),))
        token = self.token()
        for key, value in rows:
            transaction.removed(f"scratch:{key}.p", value, token)

    def write_private(self, transaction):
        self.bump(transaction, self.random.choice(("note", "memo")), "a", "id = %s", self.random.randint(1, 9))

    def write_many(self, transaction):
        """Several keys; some twice, some taken back."""
        for _ in range(self.random.randint(2, 4)):
            self.pick(WRITES[:6])(self, transaction)
        if self.random.random() < 0.3:
            transaction.savepoint()
            self.write_couple(transaction)
            self.write_posts(transaction)
            transaction.rollback_to_savepoint()
        if self.random.random() < 0.5:
            self.write_couple(transaction)

    def pick(self, choices):
        """One of pairs of thing and weight."""
        place = self.random.random() * sum(weight for _, weight in choices)
        for thing, weight in choices:
            place -= weight
            if place < 0:
                return thing
        return choices[-1][0]

    def write(self):
        transaction = Transaction(self)
        action = self.pick(WRITES)
        roll_back = self.random.random() < 0.12
        own = self.random.random() < 0.2
        timeout = self.options.timeouts and self.random.random() < 0.03
        prepare = self.options.prepared and self.random.random() < 0.05
        try:
            if timeout:
                transaction.run("SET LOCAL statement_timeout = '%dms'" % self.random.randint(1, 6))
            action(self, transaction)
            if own:
                self.read_own(transaction)
                self.read_beside(transaction)
        except Refused:
            self.session.rollback()
            transaction.finish("fail", None, None)
            return
        except Gone:
            transaction.finish("fail", None, None)
            raise
        if not transaction.begun:
            return
        if prepare:
            self.commit_prepared(transaction, roll_back)
            return
        since = now()
        try:
            self.session.run("ROLLBACK" if roll_back else "COMMIT")
        except Refused:
            self.session.rollback()
            transaction.finish("fail", None, None)
        except Gone:
            transaction.finish("fail" if roll_back else "unknown", since, None)
            raise
        else:
            transaction.finish("fail" if roll_back else "ok", since, now())

    def commit_prepared(self, transaction, roll_back):
        """In two phases, with a pause; whatever goes wrong leaves the outcome to the end of the round."""
        name = f"{self.name}.{self.tokens}"
        try:
            self.session.run(f"PREPARE TRANSACTION '{name}'")
        except Refused as refusal:
            if refusal.code == "0A000":
                self.options.prepared = False
            self.session.rollback()
            transaction.finish("fail", None, None)
            return
        except Gone:
            transaction.finish("unknown", now(), None, name)
            raise
        time.sleep(self.random.random() * 0.05)
        since = now()
        try:
            self.session.run(("ROLLBACK" if roll_back else "COMMIT") + f" PREPARED '{name}'")
        except (Refused, Gone) as error:
            transaction.finish("unknown", since, None, name)
            if isinstance(error, Gone):
                raise
        else:
            transaction.finish("fail" if roll_back else "ok", since, now(), name)

    def read_own(self, transaction):
        """A read in the transaction that has written: it sees its own writes, and nobody else may."""
        own = transaction.own()
        keys = [key for key in own if key.startswith("left:")]
        since = now()
        if keys:
            key = int(keys[0][5:-2])
            text = transaction.run("SELECT fraiseql.execute(%s, %s)::text",
                                   ("query ($i: Int!) { couple(id: $i) { id left right } }", json.dumps({"i": key})))[0][0]
            couple = json.loads(text)["data"]["couple"]
            obs = [(f"left:{key}.a", couple["left"]), (f"right:{key}.a", couple["right"])]
        else:
            text = transaction.run("SELECT fraiseql.execute('{ posts { id a b } }')::text")[0][0]
            obs = []
            for post in json.loads(text)["data"]["posts"]:
                obs += [(f"post:{post['id']}.a", post["a"]), (f"post:{post['id']}.b", post["b"])]
        self.log.write(e="r", s=self.number, q="own", i=since, c=now(), iso="own", obs=obs,
                       own={key: value for key, value in own.items() if not key.endswith(".p")})

    def read_beside(self, transaction):
        """Any question in the transaction that has written: a kept answer will do where it shows none of the writes."""
        name, prefix, arguments, parse = self.prepare(self.pick(QUESTIONS))
        since = now()
        text = transaction.run(prefix + "SELECT fraiseql.execute(%s, %s)::text", arguments)[0][0]
        self.note_reply(name, text, parse, since, now(), iso="own", own=transaction.own())
        transaction.run("RESET ROLE")

    def act(self):
        """One thing after the other until the time is over."""
        actions = [(self.read_cached, 60), (self.read_both, 8), (self.read_sql, 5), (self.read_snapshot, 6), (self.write, 21)]
        while time.monotonic() < self.options.until:
            action = self.pick(actions)
            try:
                action()
                self.session.rollback()
            except Refused:
                try:
                    self.session.rollback()
                except (Gone, Refused):
                    self.session.drop()
                    if not self.session.connect(self.options.until):
                        return
            except Gone:
                if not self.session.connect(self.options.until):
                    return

    def main(self):
        if self.session.connect(self.options.until):
            self.act()
        self.session.drop()
        self.log.close()


WRITES = [(Client.write_posts, 26), (Client.write_author, 8), (Client.move_post, 10), (Client.change_status, 8),
          (Client.transfer, 10), (Client.write_private, 8), (Client.write_stock, 9), (Client.write_couple, 12),
          (Client.write_couple_slowly, 3),
          (Client.insert_post, 6), (Client.delete_post, 8), (Client.write_all_stock, 1.5), (Client.write_scratch, 3),
          (Client.empty_scratch, 1), (Client.write_many, 6)]


class Transaction:
    """A transaction that writes, with what it wrote.  Statements are sent one by one; COMMIT is the caller's."""

    def __init__(self, client):
        self.client = client
        self.begun = False
        self.writes = []
        self.undone = []
        self.seen = []
        self.truncated = False
        self.saved = 0

    def run(self, sql, parameters=None):
        if not self.begun:
            sql = "BEGIN; " + sql
            self.begun = True
        return self.client.session.run(sql, parameters)

    def wrote(self, key, value, place=None):
        self.writes.append([key, value, place, True])

    def removed(self, key, value, token):
        """The version after the last is that the row is gone."""
        version = int(value.split("/")[0]) + 1
        self.wrote(key, f"{version}/{token}", {"gone": True})

    def own(self):
        return {key: value for key, value, _, _ in self.writes}

    def savepoint(self):
        self.run("SAVEPOINT s")
        self.saved = len(self.writes)

    def rollback_to_savepoint(self):
        self.run("ROLLBACK TO s")
        self.undone += self.writes[self.saved:]
        del self.writes[self.saved:]

    def finish(self, outcome, since, until, prepared=None):
        if not self.writes and not self.undone:
            return
        last = {}
        for write in self.writes:
            if write[0] in last:
                last[write[0]][3] = False
            last[write[0]] = write
        more = {"prepared": prepared} if prepared else {}
        if self.truncated:
            more["truncated"] = True
        self.client.log.write(e="w", s=self.client.number, o=outcome, ci=since, ca=until, w=self.writes,
                              x=[write[:2] for write in self.undone], seen=self.seen, **more)
