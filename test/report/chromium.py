"""chromium.py
   A headless Chromium, spoken to in its DevTools protocol over a pipe: no port is opened.

Messages are JSON, each ended by a zero byte; the browser reads from descriptor 3 and writes to 4.  Events that come while
an answer is waited for are kept, in their order.
"""
import base64
import fcntl
import json
import os
import select
import shutil
import subprocess
import time

TIMEOUT = 120

# The first that is installed.
BROWSERS = ["chromium-headless-shell", "chromium"]

# --no-sandbox: in a container or a chroot an unprivileged user may not make one.  Every name is unknown, so that what
# would be fetched fails, besides being seen.
ARGUMENTS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars", "--no-first-run",
             "--disable-background-networking", "--host-resolver-rules=MAP * ~NOTFOUND", "--remote-debugging-pipe"]


class Failure(Exception):
    """The browser has said no, or nothing."""


def _high(descriptor):
    """The same, above those that the browser's are put to."""
    copy = fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, 10)
    os.close(descriptor)
    return copy


class Chromium:
    """One page of one browser."""

    def __init__(self, directory):
        command = next((path for path in map(shutil.which, BROWSERS) if path), None)
        if command is None:
            raise Failure("there is no Chromium")
        theirs_in, self._out = map(_high, os.pipe())
        self._in, theirs_out = map(_high, os.pipe())

        def hand_over():
            os.dup2(theirs_in, 3)
            os.dup2(theirs_out, 4)

        self._process = subprocess.Popen([command, "--user-data-dir=" + directory, *ARGUMENTS, "about:blank"],
                                         preexec_fn=hand_over, close_fds=False, stdin=subprocess.DEVNULL)
        os.close(theirs_in)
        os.close(theirs_out)
        self._buffer = b""
        self._number = 0
        self._session = None
        self.events = []
        self._attach()

    def _attach(self):
        targets = self.call("Target.getTargets")["targetInfos"]
        page = next(target for target in targets if target["type"] == "page")
        self._session = self.call("Target.attachToTarget", targetId=page["targetId"], flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network", "DOM"):
            self.call(domain + ".enable")

    def _read(self, deadline):
        """The next message."""
        while b"\0" not in self._buffer:
            if not select.select([self._in], [], [], max(deadline - time.monotonic(), 0))[0]:
                raise Failure("the browser has not answered in time")
            data = os.read(self._in, 1 << 20)
            if not data:
                raise Failure("the browser has gone")
            self._buffer += data
        message, self._buffer = self._buffer.split(b"\0", 1)
        return json.loads(message)

    def call(self, method, **parameters):
        """The result of a command."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        data = json.dumps(message).encode() + b"\0"
        while data:
            data = data[os.write(self._out, data):]
        deadline = time.monotonic() + TIMEOUT
        while True:
            answer = self._read(deadline)
            if answer.get("id") != self._number:
                self.events.append(answer)
            elif "error" in answer:
                raise Failure(f"{method}: {answer['error']}")
            else:
                return answer["result"]

    def wait_for(self, method):
        """Until such an event has come since the last command that made events."""
        deadline = time.monotonic() + TIMEOUT
        while not any(event.get("method") == method for event in self.events):
            self.events.append(self._read(deadline))

    def open(self, address):
        """Load a page, with all that belongs to it."""
        self.events = []
        self.call("Page.navigate", url=address)
        self.wait_for("Page.loadEventFired")

    def resize(self, width, height):
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)

    def prefer(self, scheme):
        self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])

    def evaluate(self, expression):
        """The value of an expression of JavaScript; the page's own policy does not bind it."""
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        if "exceptionDetails" in answer:
            raise Failure(str(answer["exceptionDetails"]))
        return answer["result"].get("value")

    def screenshot(self, box=None):
        """A PNG of what is seen, or of a box of the page."""
        clip = {"clip": dict(box, scale=1), "captureBeyondViewport": True} if box else {}
        return base64.b64decode(self.call("Page.captureScreenshot", format="png", **clip)["data"])

    def messages(self):
        """What was written to the console, and what was complained of, since the page was opened."""
        return [event["params"] for event in self.events
                if event.get("method") in ("Log.entryAdded", "Runtime.consoleAPICalled", "Runtime.exceptionThrown")]

    def requests(self):
        """What was asked for since the page was opened."""
        return [event["params"]["request"]["url"] for event in self.events
                if event.get("method") == "Network.requestWillBeSent"]

    def close(self):
        self._process.terminate()
        try:
            self._process.wait(TIMEOUT)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
