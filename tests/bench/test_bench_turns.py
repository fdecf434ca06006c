"""A client's turn asks what it says, and gives its figure under the name of a case."""

import socket
import sys
from dataclasses import replace

import bench_client
import bench_usm
import pytest
from clients import OBJECTS, RIVALS, Setting
from harness import Sample, child
from harness.results import Bench
from harness.target import Place, build


@pytest.mark.parametrize(
    ("setting", "about"), [(bench_client.SETTING, bench_client.BENCH), (bench_usm.SETTING, bench_usm.BENCH)]
)
def test_ptscan_has_its_turn_at_a_thousand(setting: Setting, about: Bench) -> None:
    if missing := build():
        pytest.skip(missing.reason)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        port = sock.getsockname()[1]
    network = replace(setting.network, port=port)
    with Place(network).played() as target:
        first = target.network.addresses.partition("/")[0]
        script = str(RIVALS / f"{setting.prefix}_turn.py")
        figures = child([sys.executable, script, "ptscan", "memory", first, str(port), str(OBJECTS)])()
        counters = target.counters()
    (case,) = figures
    assert case in {each.name for each in about.cases}
    figure = figures[case]
    assert isinstance(figure, float | Sample)
    assert 10 < (figure.value if isinstance(figure, Sample) else figure) < 500
    assert counters.sent >= 1000
    assert (counters.refused, counters.overflow) == (0, 0)
