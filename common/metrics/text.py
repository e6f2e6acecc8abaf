"""Snapshots as Prometheus reads them: the one file that knows its library.

The library itself counts nothing: what it adds to each count would be a tenth of a push.
"""

from collections.abc import Iterator, Mapping
from itertools import accumulate

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector, CollectorRegistry

from common.metrics.families import FAMILIES, PREFIX, Family, Kind
from common.metrics.numbers import Snapshot, Value

SIMPLE = {Kind.COUNTER: CounterMetricFamily, Kind.GAUGE: GaugeMetricFamily}


def written(snapshot: Snapshot, accept: str = "") -> tuple[bytes, str]:
    """The text, and what it says that it is; `accept` is the header of the one who asks."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Collector(snapshot))
    encode, kind = choose_encoder(accept)
    return encode(registry), kind


class _Collector(Collector):
    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot

    def collect(self) -> Iterator[Metric]:
        for family in FAMILIES:
            if family.name in self._snapshot:
                yield _metric(family, self._snapshot[family.name])


def _metric(family: Family, values: Mapping[str, Value]) -> Metric:
    name, labels = PREFIX + family.name, [family.label] if family.label else []
    if family.kind is Kind.HISTOGRAM:
        return _histogram(family, values)
    metric: CounterMetricFamily | GaugeMetricFamily
    metric = SIMPLE[family.kind](name, family.meaning, labels=labels)
    zeros: dict[str, Value] = dict.fromkeys(family.values, 0)
    for label, value in sorted({**zeros, **values}.items()):
        if not isinstance(value, list):
            metric.add_metric([label] if labels else [], value)
    return metric


def _histogram(family: Family, values: Mapping[str, Value]) -> Metric:
    labels = [family.label] if family.label else []
    metric = HistogramMetricFamily(PREFIX + family.name, family.meaning, labels=labels)
    bounds = [*(f"{bound:g}" for bound in family.bounds), "+Inf"]
    for label, value in sorted(values.items()):
        if isinstance(value, list):
            total, *counts = value
            buckets = list(zip(bounds, accumulate(counts), strict=True))
            metric.add_metric([label] if labels else [], buckets, total)
    return metric
