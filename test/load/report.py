#!/usr/bin/python3
#
# test/load/report.py
#    What a load test has measured, as JSON, and for people to read: tables, and a verdict on each target.
#
# Usage: report.py <name> <file of figures> <file of settings> <result.json>
#
# client.c writes the figures; the settings, lines of a name and a value, are about the machine and the test.  A target
# that is missed is said, and no error: times are those of the machine.  The exit status is 1 only where the figures are
# not all there.
import json
import sys

# What the tests are for.  A target: its name, what it says, and whether a result meets it.
SUSTAINED_P99 = 50


def read_figures(path):
    """Nested by the dots of their names; samples, rounds, steps and limits as lists."""
    figures = {}
    lists = {'sample': [], 'round': [], 'step': [], 'limit': []}
    with open(path, encoding='utf-8') as lines:
        for line in lines:
            kind, *values = line.rstrip('\n').split('\t')
            if kind == 'figure':
                put(figures, values[0], number(values[1]))
            elif kind == 'json':
                put(figures, values[0], json.loads(values[1]))
            else:
                lists[kind].append([number(value) for value in values])
    return figures, lists


def put(tree, name, value):
    *path, last = name.split('.')
    for part in path:
        tree = tree.setdefault(part, {})
    tree[last] = value


# JSON has no NaN: what was not measured is null.
def number(text):
    try:
        value = float(text)
    except ValueError:
        return text
    if value != value:
        return None
    return int(value) if value == int(value) else value


def named(names, rows):
    return [dict(zip(names, row)) for row in rows]


def median(values):
    values = sorted(values)
    if not values:
        return None
    middle = len(values) // 2
    return values[middle] if len(values) % 2 else (values[middle - 1] + values[middle]) / 2


SAMPLE = ['second', 'answered', 'p50', 'p95', 'p99', 'hit_rate', 'backlog', 'errors']
ROUND = ['setting', 'calls', 'reads', 'executions', 'server_cpu', 'client_cpu', 'seconds', 'p50', 'p99', 'left']
STEP = ['writes', 'rate', 'answered', 'p50', 'p95', 'p99', 'hit_rate', 'backlog', 'errors', 'server_cpu', 'client_cpu',
        'sustained']


def compare(rounds):
    """What an operation costs with the cache, without, and when it only goes to the server and back: medians of the
    rounds, in microseconds of the server's processors."""
    def cost(setting, what, per):
        return median([1e6 * r[what] / r[per] for r in rounds if r['setting'] == setting and r[per]])

    def executions(setting):
        return median([r['executions'] / r['reads'] for r in rounds if r['setting'] == setting and r['reads']])

    result = {'rounds': rounds}
    for setting in ('cache', 'no cache', 'nothing'):
        key = setting.replace(' ', '_')
        result[key] = {'server_us': cost(setting, 'server_cpu', 'calls'),
                       'client_us': cost(setting, 'client_cpu', 'calls'),
                       'executions_per_read': executions(setting),
                       'p50': median([r['p50'] for r in rounds if r['setting'] == setting]),
                       'p99': median([r['p99'] for r in rounds if r['setting'] == setting])}
    cached, uncached, nothing = (result[key]['server_us'] for key in ('cache', 'no_cache', 'nothing'))
    result['executions_saved'] = saved(result['cache']['executions_per_read'], result['no_cache']['executions_per_read'])
    result['server_saved'] = saved(cached, uncached)
    result['server_saved_beyond_round_trip'] = saved(cached - nothing, uncached - nothing)
    return result


def saved(some, of):
    return 100 * (1 - some / of) if of else None


# ---- Verdicts ----

def targets_of_run(name, result):
    name = name.split('.')[0]
    run, audit = result['run'], result['audit']
    hit = run['latency']['hit']
    rate = result['settings']['rate']
    yield 'no error, and no answer wrong', f"{run['errors']} errors, {result['wrong']} wrong", \
        result['errors'] == 0 and result['wrong'] == 0
    yield 'each write has its record', f"{audit['recorded']} of {audit['writes']}, {audit['lost']} lost", \
        audit['lost'] == 0 and audit['failed'] == 0 and audit['recorded'] == audit['writes']
    wanted = 0.9 if name == '3k-qps' else 0.85
    yield f'hit rate of {100 * wanted:.0f} %', f"{100 * run['hit_rate']:.1f} %", run['hit_rate'] >= wanted
    if 'p50' in hit:
        yield 'a hit below 2 ms', f"median {hit['p50']:.2f} ms", hit['p50'] < 2
        yield 'p99 of hits below 5 ms', f"{hit['p99']:.2f} ms", hit['p99'] < 5
    if name == '10k-qps':
        yield 'as much answered at the end as at the beginning', *steadiness(result['samples'])
    else:
        yield f'{rate:.0f} calls a second', f"{run['answered']:.0f}, {run['left']} never begun", \
            run['left'] == 0 and run['answered'] >= 0.97 * run['offered']
        yield f'p99 below {SUSTAINED_P99} ms', f"{run['latency']['all']['p99']:.1f} ms", \
            run['latency']['all']['p99'] < SUSTAINED_P99
    if name == 'high-write':
        mutations = run['writes'] / run['took']
        yield '2,000 writes a second', f'{mutations:.0f}', mutations >= 0.97 * 2000
    if 'compare' in result:
        yield from targets_of_comparison(result['compare'])


def targets_of_comparison(comparison):
    yield 'half the executions of reads', f"{comparison['executions_saved']:.1f} % fewer", \
        comparison['executions_saved'] >= 50
    yield "half the server's processor time, writes and round trips included", \
        f"{comparison['server_saved']:.1f} % less", comparison['server_saved'] >= 50


# Degraded but stable: the last third against the first.
def steadiness(samples):
    answered = [sample['answered'] for sample in samples if sample['second'] >= 0]
    third = max(len(answered) // 3, 1)
    first, last = median(answered[:third]), median(answered[-third:])
    if not first:
        return 'nothing was answered', False
    return f'{last:.0f} a second, and {first:.0f}', last >= 0.9 * first


def targets_of_limit(result):
    audit = result['audit']
    yield 'no error, and no answer wrong', f"{result['errors']} errors, {result['wrong']} wrong", \
        result['errors'] == 0 and result['wrong'] == 0
    yield 'each write has its record', f"{audit['recorded']} of {audit['writes']}, {audit['lost']} lost", \
        audit['lost'] == 0 and audit['failed'] == 0
    for limit in result['limits']:
        if limit['writes'] == 10:
            yield '5,000 calls a second, a tenth writes', f"{limit['rate']:.0f}", limit['rate'] >= 5000


def verdicts(targets):
    return [{'target': target, 'figure': figure, 'met': bool(met)} for target, figure, met in targets]


# ---- For people ----

def shown(value, digits=2):
    return '-' if value is None else f'{value:,.{digits}f}'


def print_row(label, times):
    print(f"{label:<24}{times['count']:>10,}" + ''.join(
        f'{shown(times.get(key)):>11}' for key in ('p50', 'p95', 'p99', 'p99_9', 'max')))


def print_run(result):
    run, server = result['run'], result['server']
    print(f"\n{'latency, ms':<24}{'calls':>10}{'p50':>11}{'p95':>11}{'p99':>11}{'p99.9':>11}{'max':>11}")
    for key, label in (('all', 'all'), ('hit', 'hits'), ('hit_from_sent', '  from when sent'), ('miss', 'misses'),
                       ('shared', "another's execution"), ('mutation', 'mutations'), ('plain', 'writes in SQL')):
        print_row(label, run['latency'][key])
    print()
    for name, times in run['operation'].items():
        hits = f"  hits {100 * times['hits'] / times['count']:.1f} %" if times.get('hits') is not None and \
            times['count'] else ''
        print(f"  {name:<22}{times['count']:>10,}{shown(times.get('p50')):>11}{shown(times.get('p95')):>11}"
              f"{shown(times.get('p99')):>11}{hits}")
    print(f"\nasked {run['offered']:,.0f} a second, answered {run['answered']:,.0f}; waiting for a session: "
          f"{run['backlog']} at most; never begun: {run['left']}")
    print(f"hit rate {100 * run['hit_rate']:.2f} % (a simulated cache that loses only what has changed: "
          f"{100 * result['history']['hit_rate']:.2f} %); {run['first_asked']:,} of the misses had never been asked for")
    print(f"processors: server {run['server_cpu'] / run['took']:.2f}, client {run['client_cpu'] / run['took']:.2f}; machine "
          f"busy {run['busy']:.0f} %, stolen {run['stolen']:.1f} %")
    cache, shared = server['cache_stats'], server['coalescing_stats']
    print(f"cache: {cache['entries']:,} answers, {cache['memory_bytes'] / 2 ** 20:.0f} MB, {cache['invalidations']:,} "
          f"invalidated, {cache['evictions']:,} evicted")
    print(f"coalescing: {shared['coalesced']:,} calls waited, {shared['executions_saved']:,} executions saved, "
          f"{shared['timeouts']} given up")
    print('not from the cache: ' + (', '.join(f'{k} {v:,}' for k, v in server['bypass_stats'].items()) or 'none'))


def print_comparison(comparison, rate):
    print(f"\n{'at ' + format(rate, ',.0f') + ' a second':<24}{'server, us a call':>20}{'client, us':>12}"
          f"{'executions a read':>20}{'p50, ms':>10}{'p99, ms':>10}")
    for key, label in (('cache', 'with the cache'), ('no_cache', 'without'), ('nothing', 'calls that do nothing')):
        row = comparison[key]
        print(f"{label:<24}{shown(row['server_us'], 0):>20}{shown(row['client_us'], 0):>12}"
              f"{shown(row['executions_per_read'], 3):>20}{shown(row['p50']):>10}{shown(row['p99']):>10}")
    print(f"executions saved {shown(comparison['executions_saved'], 1)} %; the server's processor time "
          f"{shown(comparison['server_saved'], 1)} % less, and {shown(comparison['server_saved_beyond_round_trip'], 1)} % "
          "of what is beyond the round trip")


def print_limit(result):
    print(f"\n{'writes, %':>9}{'asked':>9}{'answered':>10}{'p50, ms':>10}{'p95, ms':>10}{'p99, ms':>10}{'hits, %':>9}"
          f"{'waiting':>9}{'server':>8}{'client':>8}")
    for step in result['steps']:
        hits = None if step['hit_rate'] is None else 100 * step['hit_rate']
        print(f"{step['writes']:>9.0f}{step['rate']:>9.0f}{step['answered']:>10.0f}{shown(step['p50']):>10}"
              f"{shown(step['p95']):>10}{shown(step['p99']):>10}{shown(hits, 1):>9}{step['backlog']:>9.0f}"
              f"{step['server_cpu']:>8.2f}{step['client_cpu']:>8.2f}{'' if step['sustained'] else '  too much'}")
    for limit in result['limits']:
        print(f"{limit['writes']:.0f} % writes: {limit['rate']:,.0f} a second")


# Versions are no numbers, even if they look like it.
def read_settings(path):
    with open(path, encoding='utf-8') as lines:
        settings = dict(line.rstrip('\n').split('\t', 1) for line in lines)
    return {name: value if name in ('postgresql', 'fraiseql') else number(value) for name, value in settings.items()}


def main():
    name, figures_path, settings_path, result_path = sys.argv[1:]
    figures, lists = read_figures(figures_path)
    result = {'name': name, 'settings': read_settings(settings_path)}
    result.update(figures)
    if 'wrong' not in result or 'errors' not in result:
        sys.exit('report.py: the figures are not complete')
    if lists['step']:
        result['steps'] = named(STEP, lists['step'])
        result['limits'] = named(['writes', 'rate'], lists['limit'])
        print_limit(result)
        result['verdicts'] = verdicts(targets_of_limit(result))
    else:
        result['samples'] = named(SAMPLE, lists['sample'])
        print_run(result)
        if lists['round']:
            result['compare'].update(compare(named(ROUND, lists['round'])))
            print_comparison(result['compare'], result['compare']['rate'])
        result['verdicts'] = verdicts(targets_of_run(name, result))
    print(f"\n{result['judged']:,} rows in answers were judged, {result['wrong']} were wrong\n")
    for verdict in result['verdicts']:
        print(f"{'met' if verdict['met'] else 'MISSED':<8}{verdict['target']}: {verdict['figure']}")
    with open(result_path, 'w', encoding='utf-8') as out:
        json.dump(result, out, indent=1, allow_nan=False)
        out.write('\n')


main()
