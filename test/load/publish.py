#!/usr/bin/python3
#
# test/load/publish.py
#    Keep results: copies of them in test/load/results, and their tables in test/load/RESULTS.md, below its marker.
#
# Usage: publish.py <name>...     names of results in build/load, as 3k-qps
#
# A result that is published again takes the place of the old one; the tables are those of all that are kept.
import json
import pathlib
import shutil
import sys

LOAD = pathlib.Path(__file__).resolve().parent
BUILD = LOAD.parent.parent / 'build' / 'load'
MARKER = '<!-- what follows is written by publish.py -->\n'


def shown(value, digits=1):
    return '-' if value is None else f'{value:,.{digits}f}'


def machine(settings):
    return f"{settings['machine']}, {settings['processors']} processors, {settings['memory_mb'] / 1024:,.0f} GB, " \
        f"{settings['kernel']}, PostgreSQL {settings['postgresql']}; {settings['date']}"


def command(result):
    settings = result['settings']
    return f"make load-test-{result['name'].split('.')[0]}  # " + ' '.join(f'{name}={settings[name]}' for name in (
        'rate', 'writes', 'seconds', 'users', 'sessions', 'zipf', 'history', 'seed'))


def latencies(run):
    yield '| latency, ms | calls | p50 | p95 | p99 | p99.9 | max |'
    yield '|---|---|---|---|---|---|---|'
    for key, label in (('all', 'all'), ('hit', 'hits'), ('miss', 'misses'), ('shared', "another's execution"),
                       ('mutation', 'mutations'), ('plain', 'writes in SQL')):
        times = run['latency'][key]
        yield f"| {label} | {times['count']:,} | " + ' | '.join(
            shown(times.get(p), 2) for p in ('p50', 'p95', 'p99', 'p99_9', 'max')) + ' |'


def run_lines(result):
    run, shared = result['run'], result['server']['coalescing_stats']
    yield from latencies(run)
    yield ''
    yield f"Hit rate {100 * run['hit_rate']:.1f} %; a simulated cache that loses only what has changed has " \
        f"{100 * result['history']['hit_rate']:.1f} %. Processors in use: server {run['server_cpu'] / run['took']:.2f}, " \
        f"client {run['client_cpu'] / run['took']:.2f}; stolen by other machines {run['stolen']:.1f} %. " \
        f"{shared['coalesced']:,} calls waited for another's execution, which saved {shared['executions_saved']:,}."
    if 'compare' not in result:
        return
    compare = result['compare']
    yield ''
    yield f"| at {compare['rate']:,.0f} calls a second | server, µs a call | executions a read | p50, ms | p99, ms |"
    yield '|---|---|---|---|---|'
    for key, label in (('cache', 'with the cache'), ('no_cache', 'without'), ('nothing', 'calls that do nothing')):
        row = compare[key]
        yield f"| {label} | {shown(row['server_us'], 0)} | {shown(row['executions_per_read'], 3)} | " \
            f"{shown(row['p50'], 2)} | {shown(row['p99'], 2)} |"


def limit_lines(result):
    yield '| writes | calls a second, p99 below 50 ms | hit rate there |'
    yield '|---|---|---|'
    for limit in result['limits']:
        # the rate of a limit is rounded as that of its steps is
        steps = [s for s in result['steps'] if s['writes'] == limit['writes'] and s['rate'] == limit['rate']]
        rate = steps[-1]['hit_rate'] if steps else None
        yield f"| {limit['writes']:.0f} % | {limit['rate']:,.0f} | {shown(None if rate is None else 100 * rate)} % |"


def lines_of(result, name):
    yield f'\n## {name}\n'
    yield f'{machine(result["settings"])}\n'
    yield f'```\n{command(result)}\n```\n'
    yield from limit_lines(result) if 'steps' in result else run_lines(result)
    yield '\n| target | | figure |\n|---|---|---|'
    for verdict in result['verdicts']:
        yield f"| {verdict['target']} | {'met' if verdict['met'] else 'missed'} | {verdict['figure']} |"
    yield f'\n![{name}](results/{name}.svg)'


def main():
    results = LOAD / 'results'
    results.mkdir(exist_ok=True)
    for name in sys.argv[1:]:
        for suffix in ('json', 'svg'):
            shutil.copyfile(BUILD / f'{name}.{suffix}', results / f'{name}.{suffix}')
    document = LOAD / 'RESULTS.md'
    head, marker, _ = document.read_text(encoding='utf-8').partition(MARKER)
    if not marker:
        sys.exit(f'publish.py: there is no marker in {document}')
    text = head + marker
    for path in sorted(results.glob('*.json')):
        text += '\n'.join(lines_of(json.loads(path.read_text(encoding='utf-8')), path.stem)) + '\n'
    document.write_text(text, encoding='utf-8')


main()
