#!/usr/bin/python3
#
# test/load/chart.py
#    A load test's result as a picture.
#
# Usage: chart.py <result.json> <chart.svg>
#
# One file that needs nothing else: panels one above the other, over time, or for a search for the limit over the rate.
import json
import math
import sys
from xml.sax.saxutils import escape

WIDTH, PANEL, LEFT, RIGHT, TOP, GAP = 900, 210, 70, 150, 64, 52
COLORS = ['#2166ac', '#d6604d', '#1a9850', '#762a83', '#8c6d31', '#525252']


class Panel:
    """Lines over a common axis.  A line: its label, and points, where None is a hole."""

    def __init__(self, title, lines, log=False, low=None, high=None, marks=()):
        self.title, self.lines, self.log, self.marks = title, lines, log, marks
        values = [y for _, points in lines for _, y in points if y is not None] + [y for _, y in marks]
        values = [y for y in values if y > 0] if log else values
        self.low = low if low is not None else (10 ** math.floor(math.log10(min(values))) if log and values else 0)
        self.high = high if high is not None else (
            10 ** math.ceil(math.log10(max(values)) + 1e-9) if log and values else nice(max(values, default=1)))
        if self.high <= self.low:
            self.high = self.low * 10 if log else self.low + 1

    def height_of(self, y):
        if self.log:
            y = min(max(y, self.low), self.high)
            share = math.log(y / self.low) / math.log(self.high / self.low)
        else:
            share = (y - self.low) / (self.high - self.low)
        return PANEL * (1 - share)

    def ticks(self):
        if self.log:
            return [10.0 ** n for n in range(round(math.log10(self.low)), round(math.log10(self.high)) + 1)]
        return [self.low + (self.high - self.low) * n / 4 for n in range(5)]


# A round number that is not below.
def nice(value):
    if value <= 0:
        return 1
    unit = 10 ** math.floor(math.log10(value))
    return next(unit * n for n in (1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10) if unit * n >= value - 1e-9)


def label(value):
    return f'{value:,.0f}' if value >= 10 or value == int(value) else f'{value:g}'


def text(x, y, content, size=11, anchor='start', extra=''):
    return f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" text-anchor="{anchor}"{extra}>{escape(content)}</text>'


def line_path(panel, points, x_of, top):
    parts, pen = [], 'M'
    for x, y in points:
        if y is None:
            pen = 'M'
            continue
        parts.append(f'{pen}{x_of(x):.1f} {top + panel.height_of(y):.1f}')
        pen = 'L'
    return ' '.join(parts)


def draw_panel(panel, x_of, x_ticks, top):
    right = WIDTH - RIGHT
    out = [text(LEFT, top - 10, panel.title, 13)]
    for tick in panel.ticks():
        y = top + panel.height_of(tick)
        out.append(f'<line x1="{LEFT}" x2="{right}" y1="{y:.1f}" y2="{y:.1f}" stroke="#ddd"/>')
        out.append(text(LEFT - 6, y + 4, label(tick), anchor='end'))
    for tick in x_ticks:
        out.append(text(x_of(tick), top + PANEL + 16, label(tick), anchor='middle'))
    for name, y in panel.marks:
        height = top + panel.height_of(y)
        out.append(f'<line x1="{LEFT}" x2="{right}" y1="{height:.1f}" y2="{height:.1f}" stroke="#888" '
                   'stroke-dasharray="5 4"/>')
        out.append(text(right - 4, height - 4, name, anchor='end', extra=' fill="#666"'))
    for i, (name, points) in enumerate(panel.lines):
        color = COLORS[i % len(COLORS)]
        out.append(f'<path d="{line_path(panel, points, x_of, top)}" fill="none" stroke="{color}" stroke-width="1.8"/>')
        out.append(f'<line x1="{right + 10}" x2="{right + 30}" y1="{top + 8 + 18 * i}" y2="{top + 8 + 18 * i}" '
                   f'stroke="{color}" stroke-width="3"/>')
        out.append(text(right + 36, top + 12 + 18 * i, name))
    return out


def draw(title, subtitle, panels, x_title, log=False):
    xs = [x for panel in panels for _, points in panel.lines for x, _ in points] or [1]
    low, high = (min(xs), max(max(xs), 1.1 * min(xs))) if log else (0, nice(max(xs)))
    scale = math.log if log else float

    def x_of(x):
        return LEFT + (WIDTH - RIGHT - LEFT) * (scale(x) - scale(low)) / (scale(high) - scale(low))

    height = TOP + len(panels) * (PANEL + GAP) + 10
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}" '
           'font-family="sans-serif" fill="#222">', f'<rect width="{WIDTH}" height="{height}" fill="white" stroke="none"/>',
           text(LEFT, 20, title, 16), text(LEFT, 37, subtitle, 11, extra=' fill="#666"')]
    ticks = [n * 10 ** power for power in range(7) for n in (1, 2, 5) if low <= n * 10 ** power <= high] if log else \
        [high * n / 5 for n in range(6)]
    for i, panel in enumerate(panels):
        out += draw_panel(panel, x_of, ticks, TOP + 12 + i * (PANEL + GAP))
    out.append(text((LEFT + WIDTH - RIGHT) / 2, height - 6, x_title, anchor='middle'))
    return '\n'.join(out + ['</svg>']) + '\n'


def series(rows, x, y, factor=1):
    return [(row[x], None if row[y] is None else row[y] * factor) for row in rows]


def panels_of_run(result):
    samples, rate = result['samples'], result['settings']['rate']
    over = 'second'
    return [
        Panel('latency from when a call was to begin, ms', [(p, series(samples, over, p)) for p in ('p50', 'p95', 'p99')],
              log=True, marks=[('50 ms', 50)]),
        Panel('calls a second', [('answered', series(samples, over, 'answered')),
                                 ('waiting', series(samples, over, 'backlog'))], marks=[('asked', rate)]),
        Panel('hit rate, %', [('hits', series(samples, over, 'hit_rate', 100))], high=100)]


def panels_of_limit(result):
    mixes = sorted({step['writes'] for step in result['steps']})
    lines = {key: [] for key in ('p99', 'answered', 'hit_rate')}
    for mix in mixes:
        # of a rate that was tried twice, the second time
        last = {step['rate']: step for step in result['steps'] if step['writes'] == mix}
        steps = [last[rate] for rate in sorted(last)]
        name = f'{mix:.0f} % writes' if mix else 'hits only'
        for key, collected in lines.items():
            collected.append((name, series(steps, 'rate', key, 100 if key == 'hit_rate' else 1)))
    return [Panel('p99 from when a call was to begin, ms', lines['p99'], log=True, marks=[('50 ms', 50)]),
            Panel('answered a second', lines['answered']), Panel('hit rate, %', lines['hit_rate'], high=100)]


def main():
    with open(sys.argv[1], encoding='utf-8') as file:
        result = json.load(file)
    settings = result['settings']
    subtitle = f"{settings['machine']}, {settings['processors']} processors, PostgreSQL {settings['postgresql']}, " \
        f"{settings['users']:,} users, {settings['date']}; client and server share the machine"
    if 'steps' in result:
        picture = draw('Up to which rate', subtitle, panels_of_limit(result), 'calls a second, asked', log=True)
    else:
        title = f"{settings['rate']:,} calls a second, {settings['writes']} % of them writes"
        picture = draw(title, subtitle, panels_of_run(result), 'seconds')
    with open(sys.argv[2], 'w', encoding='utf-8') as out:
        out.write(picture)


main()
