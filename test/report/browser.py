#!/usr/bin/python3
"""browser.py
   fraiseql.report() as a browser shows it, after some seconds of load: TAP.

Usage: browser.py directory   Writes the page and its screenshots there.  The server is that of PGHOST and PGUSER.

What the browser asks for and complains of it says itself (chromium.py); what is laid out is measured in the page, and
what is drawn is looked for in a screenshot (png.py).  Texts of the load are hostile: a page that took one as mark-up would
show a dialogue, or complain that its policy forbids one.
"""
import json
import os
import sys
import time

import psycopg2

from chromium import Chromium
from png import pixels

DATABASE = "report_test"
SCREENS = [(1280, 900), (700, 900), (400, 800)]
DEADLINE = 120

# Seconds with hits that the charts show at least.
BUSY_SAMPLES = 4

CHARTS = ["hitrate", "throughput", "memory", "entries", "removed", "cascades", "coalescing", "inflight"]

SCHEMA = r"""
CREATE EXTENSION fraiseql;
CREATE TABLE part (id int PRIMARY KEY, name text);
INSERT INTO part SELECT i, 'part ' || i FROM generate_series(1, 200) AS i;
SELECT fraiseql.expose('part', options => '{"mutations": true}');
DROP ROLE IF EXISTS "</td><img src=x onerror=alert(1)>";
CREATE ROLE "</td><img src=x onerror=alert(1)>";
GRANT SELECT ON part TO PUBLIC;
SELECT fraiseql.stats_reset();
"""

HOSTILE = """
SET ROLE "</td><img src=x onerror=alert(1)>";
SELECT fraiseql.execute($$query Hostile($n: String = "</script><script>alert(2)</script><img src=//x.example/y onerror=alert(3)>")
	{ parts(where: {name: {eq: $n}}) { id } }$$) FROM generate_series(1, 3);
RESET ROLE;
"""

LOAD = [
    "SELECT fraiseql.execute('query Part($id: Int!) { part(id: $id) { name } }', jsonb_build_object('id', i)) "
    "FROM generate_series(1, 150) AS i",
    "SELECT fraiseql.execute('{ parts(limit: 50) { id name } }') FROM generate_series(1, 50)",
    "SELECT fraiseql.execute('mutation { updateParts(where: {id: {eq: 7}}, set: {name: \"seven\"}) { affectedCount } }')",
    "SET fraiseql.cache_enabled = off; SELECT fraiseql.execute('{ part(id: 1) { id } }'); RESET fraiseql.cache_enabled",
]

# Each chart with its size, and how wide each line and area in it is.
CHART_SIZES = """
Object.fromEntries([...document.querySelectorAll('figure')].map(figure => {
    const chart = figure.querySelector('svg.chart');
    const box = chart === null ? {} : chart.getBoundingClientRect();
    const shapes = chart === null ? [] : [...chart.querySelectorAll('.line, .area')];
    return [figure.id, {width: box.width, height: box.height, shapes: shapes.map(shape => shape.getBBox().width)}];
}))"""

# Pairs of labels of an axis that stand in each other's way.
OVERLAPS = """
[...document.querySelectorAll('svg.chart')].flatMap(chart => {
    const labels = [...chart.querySelectorAll('.tick:not(.over)')].map(text => ({text: text.textContent, box: text.getBBox()}));
    return labels.flatMap((a, i) => labels.slice(i + 1).filter(b =>
        a.box.x < b.box.x + b.box.width && b.box.x < a.box.x + a.box.width &&
        a.box.y + 2 < b.box.y + b.box.height && b.box.y + 2 < a.box.y + a.box.height).map(b => a.text + ' / ' + b.text));
})"""

# Texts that are hard to read: the contrast to what is behind them is less than 4.5 (WCAG 2, AA).
PALE = """
(() => {
    const channels = colour => colour.match(/[0-9.]+/g).map(Number);
    const luminance = colour => {
        const [r, g, b] = channels(colour).slice(0, 3).map(c => c / 255).map(c =>
            c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const behind = element => {
        for (; element !== null; element = element.parentElement) {
            const colour = getComputedStyle(element).backgroundColor;
            if (channels(colour).length === 3) return colour;
        }
        return 'rgb(255, 255, 255)';
    };
    const hasText = element => [...element.childNodes].some(node => node.nodeType === 3 && node.textContent.trim() !== '');
    return [...document.body.querySelectorAll('*')].filter(hasText).map(element => {
        const style = getComputedStyle(element);
        const colours = [style[element.namespaceURI.endsWith('svg') ? 'fill' : 'color'], behind(element)];
        const [low, high] = colours.map(luminance).sort((a, b) => a - b);
        return {text: element.textContent.slice(0, 40), colours: colours, contrast: (high + 0.05) / (low + 0.05)};
    }).filter(found => !(found.contrast >= 4.5));
})()"""

BACKGROUND = "getComputedStyle(document.body).backgroundColor"
EXCESS = "document.documentElement.scrollWidth - innerWidth"
ELEMENTS = "[...document.querySelectorAll('script, img, link, iframe, object, embed, [src], [href]')].length"
CELLS = "[...document.querySelectorAll('td')].filter(cell => cell.textContent.includes('onerror=alert')).length"
BOX = "(({x, y, width, height}) => ({x, y, width, height}))(document.getElementById('%s').getBoundingClientRect())"


class Tap:
    """Tests, counted."""

    def __init__(self):
        self.count = 0
        self.failed = 0

    def ok(self, condition, name, detail=None):
        self.count += 1
        self.failed += not condition
        print(f"{'ok' if condition else 'not ok'} {self.count} - {name}", flush=True)
        if not condition and detail is not None:
            print("#   " + str(detail)[:2000], flush=True)

    def done(self):
        print(f"1..{self.count}")
        return 1 if self.failed else 0


def connect(database):
    connection = psycopg2.connect(dbname=database)
    connection.autocommit = True
    return connection


def busy_samples(cursor, since):
    cursor.execute("SELECT count(*) FROM fraiseql.recent_samples WHERE hits > 0 AND at > %s", [since])
    return cursor.fetchone()[0]


def report_after_load():
    """The page, when the load has been in some samples."""
    with connect("postgres").cursor() as cursor:
        cursor.execute(f"DROP DATABASE IF EXISTS {DATABASE}")
        cursor.execute(f"CREATE DATABASE {DATABASE}")
    with connect(DATABASE).cursor() as cursor:
        for statement in SCHEMA.strip().split(";\n"):
            cursor.execute(statement)
        cursor.execute("SELECT clock_timestamp()")
        since = cursor.fetchone()[0]
        deadline = time.monotonic() + DEADLINE
        while busy_samples(cursor, since) < BUSY_SAMPLES and time.monotonic() < deadline:
            for statement in LOAD:
                cursor.execute(statement)
        cursor.execute(HOSTILE)
        cursor.execute("SELECT fraiseql.report()")
        return cursor.fetchone()[0]


def check_resources(tap, browser, address):
    tap.ok(browser.requests() == [address], "nothing is asked for but the page", browser.requests())
    tap.ok(not browser.messages(), "nothing is complained of", browser.messages())
    tap.ok(not any(event.get("method") == "Page.javascriptDialogOpening" for event in browser.events), "no script runs")
    tap.ok(browser.evaluate(ELEMENTS) == 0, "no element would fetch or run anything")
    tap.ok(browser.evaluate(CELLS) >= 2, "names that others chose are texts", browser.evaluate(CELLS))
    tap.ok(not browser.evaluate("document.documentElement.outerHTML.includes('alert(2)')"), "and literals are not there")


def check_layout(tap, browser, width):
    charts = browser.evaluate(CHART_SIZES)
    tap.ok(sorted(charts) == sorted(CHARTS), f"{width} pixels: the charts are there", list(charts))
    small = {name: chart for name, chart in charts.items() if not (chart["width"] >= 300 and chart["height"] >= 100)}
    tap.ok(not small, f"{width} pixels: they have a size", small)
    empty = [name for name, chart in charts.items() if max(chart["shapes"], default=0) < 200]
    tap.ok(not empty, f"{width} pixels: each has a line or an area", empty)
    tap.ok(not browser.evaluate(OVERLAPS), f"{width} pixels: labels do not overlap", browser.evaluate(OVERLAPS))
    tap.ok(browser.evaluate(EXCESS) <= 0, f"{width} pixels: the page is no wider", browser.evaluate(EXCESS))


def check_picture(tap, browser, scheme, directory, light):
    """A screen is of its size and full of things, and a chart has its series' colour."""
    width, height = SCREENS[0]
    data = browser.screenshot()
    with open(os.path.join(directory, f"report-{scheme}.png"), "wb") as file:
        file.write(data)
    found_width, found_height, colours = pixels(data)
    tap.ok((found_width, found_height) == (width, height), f"{scheme}: the screenshot has its size")
    tap.ok(len(colours) > 50, f"{scheme}: and is not blank", len(colours))
    brightest = max(colours, key=colours.get)
    tap.ok((sum(brightest) > 3 * 200) == light, f"{scheme}: most of it is {'light' if light else 'dark'}", brightest)
    area = (97, 168, 207) if light else (63, 124, 159)
    _, _, colours = pixels(browser.screenshot(browser.evaluate(BOX % "entries")))
    drawn = sum(count for colour, count in colours.items() if max(abs(a - b) for a, b in zip(colour, area)) < 10)
    tap.ok(drawn > 1500, f"{scheme}: the area of answers kept is drawn", drawn)


def check_scheme(tap, browser, scheme, directory):
    browser.prefer(scheme)
    browser.resize(*SCREENS[0])
    tap.ok(not browser.evaluate(PALE), f"{scheme}: each text can be read", json.dumps(browser.evaluate(PALE)))
    check_picture(tap, browser, scheme, directory, scheme == "light")


def main():
    directory = os.path.abspath(sys.argv[1])
    path = os.path.join(directory, "report.html")
    tap = Tap()
    page = report_after_load()
    with open(path, "w", encoding="ascii") as file:
        file.write(page)
    tap.ok(len(page) < 500000, f"the page has {len(page)} bytes")
    browser = Chromium(os.path.join(directory, "profile"))
    try:
        browser.resize(*SCREENS[0])
        browser.open("file://" + path)
        for width, height in SCREENS:
            browser.resize(width, height)
            check_layout(tap, browser, width)
        for scheme in ("light", "dark"):
            check_scheme(tap, browser, scheme, directory)
        check_resources(tap, browser, "file://" + path)
    finally:
        browser.close()
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
