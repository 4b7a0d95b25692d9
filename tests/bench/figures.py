# SPDX-License-Identifier: MIT
"""What the benches share: their options, where they run, and how a figure is printed.

`--lived-in` runs a bench beside the ruleset of a host that has been lived on (lived_in.sh), `--userns` in a user namespace like
that of a rootless container: the same users, but no right over the host. Figures are lines of `name value unit` on stdout, named
BENCH/alone, BENCH/lived-in, BENCH/alone-userns or BENCH/lived-in-userns; how far it is goes to stderr when that is a terminal.
"""
import argparse
import ctypes
import math
import os
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "lab"))

LIVED_IN = HERE / "lived_in.sh"
CLONE_NEWNS, CLONE_NEWUSER, CLONE_NEWNET = 0x20000, 0x10000000, 0x40000000
INSIDE = "IPSD_BENCH_USERNS"


def options(about):
    """A parser that knows BUILD, --lived-in and --userns."""
    parser = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build", type=pathlib.Path, help="a build directory of meson")
    parser.add_argument("--lived-in", action="store_true", help="beside the rules of a host that has been lived on")
    parser.add_argument("--userns", action="store_true", help="in a user namespace, like that of a rootless container")
    return parser


def numbers(text):
    return [int(n) for n in text.split(",")]


def start(parser, bench):
    """(the arguments, a Figures). With --userns it begins anew in a user namespace."""
    args = parser.parse_args()
    args.build = args.build.resolve()
    if os.geteuid() != 0:
        parser.error("needs root, for network namespaces")
    if args.userns and INSIDE not in os.environ:
        enter_user_namespace()
        os.environ[INSIDE] = "1"
        os.execv(sys.executable, [sys.executable, *sys.argv])
    where = ("lived-in" if args.lived_in else "alone") + ("-userns" if args.userns else "")
    return args, Figures(f"{bench}/{where}", args.lived_in, args.userns)


def enter_user_namespace():
    """All users are themselves in it. Its /run is its own, so that network namespaces can be named there."""
    me, (go, come) = os.getpid(), os.pipe()
    mapper = os.fork()
    if mapper == 0:
        os.close(come)
        if os.read(go, 1):
            for name in ("uid_map", "gid_map"):
                pathlib.Path(f"/proc/{me}/{name}").write_text("0 0 65536", encoding="ascii")
        os._exit(0)
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWNET) != 0:
        sys.exit(f"no user namespace: {os.strerror(ctypes.get_errno())}")
    os.write(come, b"x")
    if os.waitpid(mapper, 0)[1] != 0:
        sys.exit("no user namespace: its users cannot be mapped")
    os.close(go)
    os.close(come)
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", "/run"], check=True)


def percentile(values, percent):
    """The smallest value that so many percent of them do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)]


class Figures:
    """Prints figures below one name."""

    def __init__(self, name, lived_in, in_userns):
        self.name, self.lived_in, self.in_userns = name, lived_in, in_userns

    def tell(self, name, value, unit):
        print(f"{self.name}/{name} {value:.4g} {unit}" if abs(value) < 1000 else f"{self.name}/{name} {value:.0f} {unit}", flush=True)

    def tell_spread(self, name, values, unit):
        for word, value in (("p50", percentile(values, 50)), ("p99", percentile(values, 99)), ("worst", max(values))):
            self.tell(f"{name}-{word}", value, unit)

    def progress(self, text):
        if sys.stderr.isatty():
            print(f"\r\033[K{text}", end="\n" if not text else "", file=sys.stderr, flush=True)

    def prepare(self, ns):
        """Fills a network namespace with what is to stand beside us."""
        if self.lived_in:
            ns.run("sh", str(LIVED_IN))
