#!/usr/bin/python3
#
# test/load/check.py
#    Is the result of a load test what it should be?
#
# Usage: check.py <result.json> <chart.svg>
#
# One line of TAP for each property.  Figures that depend on how fast the machine is are none of them.
import json
import sys
import xml.etree.ElementTree

SVG = '{http://www.w3.org/2000/svg}'


def properties_of_run(result):
    run, server = result['run'], result['server']['cache_stats']
    sources = {name: run['latency'][name]['count'] for name in ('hit', 'miss', 'shared', 'mutation', 'plain')}
    reads = sources['hit'] + sources['miss'] + sources['shared']
    yield 'all calls were answered, and their latencies counted', run['left'] == 0 and \
        run['calls'] == run['latency']['all']['count'] == sum(sources.values()) > 0
    yield 'by kind of operation they are as many', sum(times['count'] for times in run['operation'].values()) == run['calls']
    yield 'there were reads and writes', reads > 0 and sources['mutation'] > 0 and sources['plain'] > 0
    yield 'there were hits and misses', sources['hit'] > 0 and sources['miss'] > 0
    yield 'the hit rate is that of the reads', abs(run['hit_rate'] - sources['hit'] / reads) < 1e-4
    yield 'the server has counted as many reads', server['hits'] + server['misses'] == reads
    # an answer that was published after the call began is a hit for the server
    yield 'and no fewer hits, nor many more', 0 <= server['hits'] - sources['hit'] <= sources['shared']
    yield 'percentiles are in order', ordered(run['latency']['all'])
    yield 'there is a sample each second', len(result['samples']) >= result['settings']['seconds'] - 1
    comparison = result['compare']
    yield 'without the cache each read was executed', comparison['no_cache']['executions_per_read'] == 1
    yield 'and with it fewer were', 0 < comparison['cache']['executions_per_read'] < 1
    yield 'the server used its processors', run['server_cpu'] > 0 and run['client_cpu'] > 0


def properties_of_limit(result):
    writes = {limit['writes'] for limit in result['limits']}
    yield 'a limit for each mix', writes == {float(share) for share in str(result['settings']['writes']).split(',')}
    yield 'steps for each of them', writes == {step['writes'] for step in result['steps']}
    yield 'reads alone were hits', all(step['hit_rate'] > 0.99 for step in result['steps'] if step['writes'] == 0)


def properties(result, chart):
    yield 'no call failed, and no answer was wrong', result['errors'] == 0 and result['wrong'] == 0
    yield 'rows were judged', result['judged'] > 0
    yield 'each write has its record', 0 < result['audit']['writes'] == result['audit']['recorded'] and \
        result['audit']['lost'] == result['audit']['failed'] == 0
    yield 'there are verdicts', len(result['verdicts']) > 0 and all(
        isinstance(verdict['met'], bool) and verdict['target'] and verdict['figure'] for verdict in result['verdicts'])
    yield from properties_of_limit(result) if 'steps' in result else properties_of_run(result)
    paths = chart.findall(SVG + 'path')
    yield 'the chart has lines', chart.tag == SVG + 'svg' and len(paths) > 2 and \
        sum(path.get('d').count('L') for path in paths) > 0
    yield 'and labels', any('rate' in (text.text or '') for text in chart.findall(SVG + 'text'))


def ordered(times):
    values = [times[key] for key in ('p50', 'p95', 'p99', 'p99_9', 'max')]
    return values == sorted(values)


def main():
    with open(sys.argv[1], encoding='utf-8') as file:
        result = json.load(file)
    chart = xml.etree.ElementTree.parse(sys.argv[2]).getroot()
    failed = 0
    number = 0
    for number, (what, holds) in enumerate(properties(result, chart), 1):
        print(f"{'ok' if holds else 'not ok'} {number} - {what}")
        failed += not holds
    print(f'1..{number}')
    return failed > 0


sys.exit(main())
