"""
test/consistency/nemesis.py
   What goes wrong while the clients work.  Each can be switched; main.py starts one process that draws from them.

A nemesis that changes a register (a privilege, a function) logs it like a write, for readers are held to it.
"""
import os
import signal
import subprocess
import threading
import time

from history import Gone, Log, Refused, Session, now, seeded

# Name: how often it is drawn.
NEMESES = {
    "stop": 60, "terminate": 5, "worker": 2, "evict": 4, "grant": 8, "ddl": 4, "epoch": 4, "index": 2,
}

# What takes the whole server down comes in turns, and not too often: clients would do nothing but connect.
CRASHES = ("kill", "restart")
CRASH_PAUSE = 10.0


class Nemesis:
    def __init__(self, options):
        self.options = options
        self.random = seeded(options.seed, "nemesis")
        self.log = Log(options.directory, "nemesis")
        self.session = Session(options.dsn, "nemesis")
        self.names = options.nemeses
        self.next_crash = time.monotonic() + CRASH_PAUSE / 2
        self.epoch = 1
        self.granted = {"c_guest": True, "c_member": True}
        self.storms = 0
        self.counts = {}
        self.crashes = self.random.randrange(2)

    def note(self, what, **more):
        self.log.write(e="nemesis", i=now(), what=what, **more)

    def backends(self):
        return [row[0] for row in self.session.run(
            "SELECT pid FROM pg_stat_activity WHERE application_name LIKE 'client %' ORDER BY random()")]

    def stop(self):
        """Some backends stand still wherever they are, then go on."""
        pids = self.backends()
        for pid in pids[:self.random.choice((1, 1, 2, 3))]:
            pause = self.random.choice((0.003, 0.01, 0.03))
            try:
                os.kill(pid, signal.SIGSTOP)
            except ProcessLookupError:
                continue
            threading.Timer(pause, lambda pid=pid: self.go_on(pid)).start()
        time.sleep(self.random.random() * 0.03)

    @staticmethod
    def go_on(pid):
        try:
            os.kill(pid, signal.SIGCONT)
        except ProcessLookupError:
            pass

    def terminate(self):
        pids = self.backends()
        if pids:
            self.note("terminate", pid=pids[0])
            self.session.run("SELECT pg_terminate_backend(%s)", (pids[0],))

    def worker(self):
        rows = self.session.run("SELECT pid FROM pg_stat_activity WHERE backend_type LIKE 'fraiseql%%'")
        if rows:
            self.note("worker", pid=rows[0][0])
            self.send(rows[0][0], signal.SIGTERM)

    def send(self, pid, which):
        try:
            os.kill(pid, which)
        except ProcessLookupError:
            pass

    def kill(self):
        """The server starts again; commits under way have an unknown outcome.  Now and then it is the worker."""
        pids = self.backends()
        if self.random.random() < 0.2:
            pids = [row[0] for row in self.session.run(
                "SELECT pid FROM pg_stat_activity WHERE backend_type LIKE 'fraiseql%%'")]
        if pids:
            self.note("kill", pid=pids[0])
            self.send(pids[0], signal.SIGKILL)

    def restart(self):
        self.note("restart")
        ended = subprocess.run(["pg_ctl", "restart", "--silent", "--wait", "--mode=immediate", "-D", self.options.data,
                        "-l", self.options.server_log], stdin=subprocess.DEVNULL, check=False)
        if ended.returncode != 0:
            self.log.write(e="broken", text="pg_ctl does not restart the server")

    def evict(self):
        """More answers than the cache has room for: first those of posts, which writes make invalid meanwhile, then large
        ones that stay right, until something is evicted."""
        self.storms += 1
        self.note("evict")
        before = self.evictions()
        for i in range(100):
            self.ask_anew(i, "posts { id a b p status fkAuthor author { id name a b } }")
        for i in range(100, 600):
            if i % 20 == 0 and self.evictions() != before:
                break
            self.ask_anew(i, "ballasts { id data }")

    def evictions(self):
        return self.session.run("SELECT evictions FROM fraiseql.cache_stats")[0][0]

    def ask_anew(self, i, fields):
        """What nobody has asked before."""
        self.session.run("SELECT length(fraiseql.execute(%s)::text)", (f"{{ storm{self.storms}x{i}: {fields} }}",))

    def register(self, name, value, sql):
        """A change that readers are held to from when it is acknowledged."""
        since = now()
        try:
            self.session.run("SET lock_timeout = '300ms'; " + sql)
        except Refused:
            return False
        except Gone:
            self.log.write(e="reg", op="w", reg=name, v=value, i=since, c=None)
            raise
        self.log.write(e="reg", op="w", reg=name, v=value, i=since, c=now())
        self.counts[name] = self.counts.get(name, 0) + 1
        return True

    def grant(self):
        """Several times, with time between for answers to be kept."""
        for _ in range(self.random.randint(1, 4)):
            role = self.random.choice(("c_guest", "c_member"))
            value = not self.granted[role]
            what = "SELECT ON tb_door" if role == "c_guest" else "c_club"
            command = f"GRANT {what} TO {role}" if value else f"REVOKE {what} FROM {role}"
            if self.register(role, int(value), command):
                self.granted[role] = value
            time.sleep(self.random.random() * 0.1)

    def epoch_(self):
        self.epoch += 1
        self.register("epoch", self.epoch,
                      "CREATE OR REPLACE FUNCTION epoch() RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT %d'" % self.epoch)

    def ddl(self):
        sql = self.random.choice((
            "ALTER TABLE tb_post ADD COLUMN IF NOT EXISTS extra int",
            "ALTER TABLE tb_post DROP COLUMN IF EXISTS extra",
            "ALTER TABLE tb_stock ALTER COLUMN b SET STATISTICS 10",
            "CREATE INDEX IF NOT EXISTS stock_extra ON tb_stock (shelf, id)",
            "DROP INDEX IF EXISTS stock_extra",
            "ALTER TABLE tb_left DISABLE ROW LEVEL SECURITY",
            "ANALYZE"))
        self.note("ddl", sql=sql)
        self.session.run("SET lock_timeout = '300ms'; " + sql)

    def index(self):
        """An index on the column by which posts are found, as the traffic goes on."""
        self.note("index")
        self.session.run("SET lock_timeout = '2s'")
        self.session.run("DROP INDEX CONCURRENTLY IF EXISTS post_author")
        self.session.run("CREATE INDEX CONCURRENTLY post_author ON tb_post (fk_author, id)")
        if self.random.random() < 0.5:
            self.session.run("DROP INDEX CONCURRENTLY post_author")

    def draw(self):
        crashes = [name for name in CRASHES if name in self.names]
        if crashes and time.monotonic() > self.next_crash:
            self.next_crash = time.monotonic() + CRASH_PAUSE
            self.crashes += 1
            return crashes[self.crashes % len(crashes)]
        names = [name for name in NEMESES if name in self.names]
        return self.random.choices(names, [NEMESES[name] for name in names])[0] if names else None

    def act(self):
        while time.monotonic() < self.options.until:
            name = self.draw()
            try:
                if name:
                    getattr(self, "epoch_" if name == "epoch" else name)()
            except Refused:
                self.session.rollback()
            except Gone:
                if not self.session.connect(self.options.until + 10):
                    return
            time.sleep(self.random.random() * 0.04)

    def main(self):
        if self.session.connect(self.options.until):
            self.act()
        for name, count in self.counts.items():
            self.note(name, times=count)
        # whoever still stands still goes on
        time.sleep(0.1)
        self.session.drop()
        self.log.close()
