"""One rival codec's turn at bench_codec.py, in the rivals' environment: needs the standard library and the rival only.

codec_turn.py PACKAGE WORK prints the figures as JSON. WORK is a JSON file of the names of the GET and of the datagrams
of each case, as ``bench_codec.py`` writes it. Each rival is a module ``codec_PACKAGE`` with three functions::

    prepare(community, names)   what can be made before the request-id is known: gives a function of it to the octets
    decode(data)                request-id, and for each varbind its name and the value as int, bytes, None or an OID,
                                in the rival's own objects for names
    dotted(name)                the name as text, for the check

The results are checked before anything is timed.
"""

import importlib
import json
import sys
import timeit
from pathlib import Path


def best(call, units):
    """Microseconds a unit, the best of ten short loops."""
    timer = timeit.Timer(call)
    loops = max(1, timer.autorange()[0] // 10)
    return min(timer.repeat(10, loops)) / loops / units * 1e6


def told(rival, decoded):
    """What was decoded, in the form of the expected result: request-id, and name, value for each varbind."""
    request_id, varbinds = decoded
    plain = []
    for name, value in varbinds:
        plain.append([rival.dotted(name), value.hex() if isinstance(value, bytes) else value])
    return [request_id, plain]


def main():
    package, path = sys.argv[1:]
    rival = importlib.import_module(f"codec_{package}")
    work = json.loads(Path(path).read_text(encoding="utf-8"))
    names, request_id = work["names"], work["request_id"]
    request = bytes.fromhex(work["request"])
    encode = rival.prepare("public", names)
    if encode(request_id) != request or encode(request_id + 1) == request:
        sys.exit("encode: the octets are wrong")
    figures = {
        work["again"]: best(lambda: encode(request_id), 1),
        work["anew"]: best(lambda: rival.prepare("public", names)(request_id), 1),
    }
    for case in work["decode"]:
        datagrams = [bytes.fromhex(text) for text in case["datagrams"]]
        if [told(rival, rival.decode(data)) for data in datagrams] != case["expected"]:
            sys.exit(f"{case['name']}: the result is wrong")
        decode = rival.decode
        figures[case["name"]] = best(lambda: [decode(data) for data in datagrams], case["units"])  # noqa: B023
    print(json.dumps(figures))


main()
