# SPDX-License-Identifier: GPL-2.0-only
"""
What kvmqd shows of many hosts, made of what it shows of the scenes in tests/golden: each VM there is
a kind, of which each host has many, with names, UUIDs and counters of their own.

Hosts of one group show the same figures, since to make a text takes longer than to send it.
"""
import http.server
import random
import re
import threading
import time
import zlib

HOST = "tests/golden/metrics-why-host.prom"
EXITS = "tests/golden/metrics-exit-host.prom"  # the other one has none
ON_REQUEST = ("kvmq_vcpu_wait_seconds",)  # the scenes have it
SCENE_SECONDS = 10  # that the scenes' counters have counted
GROUPS = 4
CLOCKS = 8  # of a VM: not all of its counters grow alike
UPTIME = 86400
LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')
GROWS = re.compile(r"_(total|bucket|count|sum)$")
NUMBER = "@@@@@@@@"  # of the host, where its text has it


def read(path):
    """Families of a text: {name: (comments, [(name, {label: value}, number)])}, in their order."""
    families, family = {}, None
    with open(path, encoding="utf-8") as file:
        for line in file:
            line = line.rstrip("\n")
            if line.startswith("# HELP "):
                family = families.setdefault(line.split()[2], ([], []))
            if line.startswith("#"):
                family[0].append(line)
                continue
            series, number = line.rsplit(" ", 1)
            name, _, labels = series.partition("{")
            family[1].append((name, dict(LABEL.findall(labels)), float(number)))
    return families


def with_exits():
    """The families of one host, and those of exits with its VMs."""
    families = read(HOST)
    for family in ON_REQUEST:
        del families[family]
    kinds = {labels["domain"]: labels.get("uuid")
             for _, labels, _ in families["kvmq_vm_info"][1]}
    names, places = list(kinds), {}
    for family, (comments, samples) in read(EXITS).items():
        if family in families or family in ON_REQUEST:
            continue
        taken = families[family] = (comments, [])
        for name, labels, number in samples:
            place = places.setdefault(labels["domain"], len(places))
            if place < len(names):
                own = {"domain": names[place], "uuid": kinds[names[place]]}
                taken[1].append((name, {**labels, **own}, number))
    return families, names


class Text:
    """A host's text, as a list of pieces and of numbers that grow."""

    def __init__(self, vms, seed):
        source = random.Random(seed)
        families, kinds = with_exits()
        self.pieces, self.grows, self.series = [], [], 0
        self.clocks = [[source.uniform(0, UPTIME) for _ in range(CLOCKS)] for _ in range(vms)]
        self.paces = [source.uniform(0.1, 2) for _ in range(vms)]
        self.source = source
        for comments, samples in families.values():
            self.pieces.append("\n".join(comments) + "\n")
            self.grows.append(None)
            for name, labels, number in samples:
                places = [None]
                if "domain" in labels:
                    places = range(kinds.index(labels["domain"]), vms, len(kinds))
                for place in places:
                    self._add(name, labels, number, place, kinds)

    def _add(self, name, labels, number, place, kinds):
        own = {}
        for label, value in labels.items():
            if value is None:
                continue
            if label in ("domain", "by_domain") and value in kinds:
                value = f"{value}-{place:03}"
            elif label in ("uuid", "by_uuid"):
                value = f"{NUMBER}-0000-4000-8000-{place:012}"
            elif label == "host":
                value = f"host{NUMBER}"
            own[label] = value
        text = ",".join(f'{label}="{value}"' for label, value in own.items())
        self.pieces.append(name + ("{" + text + "} " if text else " "))
        self.series += 1
        if not GROWS.search(name) or not number or place is None:
            self.grows.append((f"{number:.9g}\n", None, None, None))
            return
        family = GROWS.sub("", name)
        clock = zlib.crc32(family.encode()) % CLOCKS
        form = "%.9f\n" if "seconds" in name and not name.endswith(("_bucket", "_count")) else "%d\n"
        self.grows.append((form, number / SCENE_SECONDS, place, clock))

    def next(self, seconds):
        """The text of a moment so many seconds after the last."""
        for clocks, pace in zip(self.clocks, self.paces):
            for place in range(CLOCKS):
                clocks[place] += seconds * pace * self.source.uniform(0.5, 1.5)
        parts = []
        for piece, grows in zip(self.pieces, self.grows):
            parts.append(piece)
            if grows is None:
                continue
            form, rate, place, clock = grows
            parts.append(form if rate is None else form % (rate * self.clocks[place][clock]))
        return "".join(parts).encode()


class Fleet:
    """Serves the hosts at /host/NUMBER: one process, a moment each interval."""

    def __init__(self, vms, interval):
        self.interval = interval
        self.texts = [Text(vms, seed) for seed in range(GROUPS)]
        self.latest = [(0, b"")] * GROUPS
        self.locks = [threading.Lock() for _ in range(GROUPS)]
        self.series = self.texts[0].series
        fleet = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                body = fleet.body(int(self.path.rsplit("/", 1)[-1]))
                self.send_response(200)
                self.send_header("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            request_queue_size = 1024

        server = Server(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.port = server.server_address[1]

    def body(self, host):
        group, moment = host % GROUPS, int(time.time() / self.interval)
        with self.locks[group]:
            if self.latest[group][0] != moment:
                self.latest[group] = (moment, self.texts[group].next(self.interval))
            text = self.latest[group][1]
        return text.replace(NUMBER.encode(), b"%08d" % host)
