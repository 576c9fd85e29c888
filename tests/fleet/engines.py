# SPDX-License-Identifier: GPL-2.0-only
"""Prometheus and VictoriaMetrics: how they are started, asked and measured, on loopback."""
import glob
import json
import os
import re
import shutil
import socket
import subprocess
import time
import urllib.parse
import urllib.request

TICKS = os.sysconf("SC_CLK_TCK")
CONFIG = """
global: {{ scrape_interval: {interval}s, evaluation_interval: 1m }}
{rules}
scrape_configs:
  - job_name: kvmq
    sample_limit: 150000
    static_configs:
      - targets: {targets}
    relabel_configs:
      - {{ source_labels: [__address__], target_label: instance }}
      - {{ source_labels: [__address__], target_label: __metrics_path__, replacement: /host/$1 }}
      - {{ target_label: __address__, replacement: '127.0.0.1:{port}' }}
"""
# The vCPUs that wait most, of all hosts.
QUESTION = ('topk(10, max by (instance, domain) '
            '(rate(kvmq_vcpu_ready_seconds_total{cause!="throttled"}[2m])))')


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def size_of(path):
    """Bytes of a folder's files, or of a file."""
    if os.path.isfile(path):
        return os.path.getsize(path)
    return sum(os.path.getsize(os.path.join(folder, name))
               for folder, _, names in os.walk(path) for name in names)


class Engine:
    """One that runs. rules: a file of recording rules, or None."""

    name = program = None
    rules = None

    def __init__(self, folder, fleet, hosts, rules):
        self.port, self.folder = free_port(), folder
        self.config = os.path.join(folder, "config.yml")
        with open(self.config, "w", encoding="utf-8") as file:
            file.write(CONFIG.format(interval=fleet.interval, port=fleet.port,
                                     targets=json.dumps([str(host) for host in range(hosts)]),
                                     rules=f"rule_files: {json.dumps([rules])}" if rules else ""))
        with open(os.path.join(folder, "log"), "w", encoding="utf-8") as log:
            self.process = subprocess.Popen([self.path(), *self.options()], stdout=log, stderr=log,
                                            cwd=folder)

    @classmethod
    def path(cls):
        return shutil.which(cls.program)

    def options(self):
        raise NotImplementedError

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(60)

    def log(self):
        with open(os.path.join(self.folder, "log"), encoding="utf-8", errors="replace") as file:
            return file.read()[-600:].strip()

    def cpu(self):
        """Seconds on CPUs so far."""
        with open(f"/proc/{self.process.pid}/stat", encoding="utf-8") as file:
            fields = file.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def memory(self, key="VmRSS"):
        """Bytes; VmHWM: at most so far."""
        with open(f"/proc/{self.process.pid}/status", encoding="utf-8") as file:
            return int(re.search(rf"^{key}:\s*(\d+) kB", file.read(), re.M)[1]) * 1024

    def get(self, path, data=None, **parameters):
        url = f"http://127.0.0.1:{self.port}{path}?{urllib.parse.urlencode(parameters)}"
        with urllib.request.urlopen(url, data=data, timeout=300) as answer:
            return answer.read().decode()

    def query(self, text):
        """The first result's value, or None."""
        result = json.loads(self.get("/api/v1/query", query=text))["data"]["result"]
        return float(result[0]["value"][1]) if result else None

    def own(self, name):
        """The sum of a metric of its own, of all its labels if none are given."""
        series = re.escape(name) + ("" if "{" in name else r"(?:{[^}]*})?")
        found = re.findall(rf"^{series} (\S+)$", self.get("/metrics"), re.M)
        return sum(float(value) for value in found)

    def samples(self):
        raise NotImplementedError

    def series(self):
        raise NotImplementedError

    def disk(self):
        """Bytes a sample, and what else there is to say: (text, bytes a sample, a series)."""
        raise NotImplementedError

    def ask(self):
        """How long the question of an operator takes: s."""
        begin = time.monotonic()
        self.query(QUESTION)
        return time.monotonic() - begin


class Prometheus(Engine):
    name, program = "Prometheus", "prometheus"

    def options(self):
        return [f"--config.file={self.config}", f"--storage.tsdb.path={self.folder}/data",
                f"--web.listen-address=127.0.0.1:{self.port}", "--web.enable-admin-api",
                "--log.level=warn"]

    def samples(self):
        return self.own("prometheus_tsdb_head_samples_appended_total")

    def series(self):
        return self.own("prometheus_tsdb_head_series")

    def disk(self):
        """Of a block that is made of the memory's contents, as those on disk are each two hours."""
        wal = size_of(f"{self.folder}/data/wal")
        self.get("/api/v1/admin/tsdb/snapshot", data=b"")
        samples = series = chunks = index = 0
        for block in glob.glob(f"{self.folder}/data/snapshots/*/*/meta.json"):
            with open(block, encoding="utf-8") as file:
                stats = json.load(file)["stats"]
            samples += stats.get("numSamples", 0)
            series += stats.get("numSeries", 0)
            chunks += size_of(os.path.join(os.path.dirname(block), "chunks"))
            index += size_of(os.path.join(os.path.dirname(block), "index"))
        taken = self.samples()
        return (f"its journal (WAL) {wal / max(taken, 1):.1f} bytes a sample",
                chunks / max(samples, 1), index / max(series, 1))


class VictoriaMetrics(Engine):
    name, program = "VictoriaMetrics", "victoria-metrics"

    def options(self):
        return [f"-promscrape.config={self.config}", f"-storageDataPath={self.folder}/data",
                f"-httpListenAddr=127.0.0.1:{self.port}", "-retentionPeriod=1", "-loggerLevel=WARN",
                "-promscrape.config.strictParse=false", "-search.maxQueryDuration=300s"]

    def samples(self):
        return self.own("vm_rows_inserted_total")

    def series(self):
        """Of this hour: to count them by a query would take longer than all else."""
        return self.own('vm_cache_entries{type="storage/hour_metric_ids"}')

    def disk(self):
        self.get("/internal/force_flush")
        self.get("/internal/force_merge")
        time.sleep(10)
        samples, series = self.samples(), self.series()
        return ("", size_of(f"{self.folder}/data/data") / max(samples, 1),
                size_of(f"{self.folder}/data/indexdb") / max(series, 1))
