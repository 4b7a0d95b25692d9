# SPDX-License-Identifier: MIT
"""A Debian with its real systemd, booted in namespaces over this machine's files; what it writes goes to memory.

The service manager, the journal, the units of ipsd and of OpenSSH are the real ones; nothing of it reaches the machine's own
services, files, firewall or /proc/sys.
"""
import os
import pathlib
import shutil
import subprocess

from netns import until

# Runs in a mount namespace of its own. 77: this machine has not what it takes. The cgroup is left for who ends it to remove.
BEGIN = """
set -e
mount --make-rprivate / && mount -t tmpfs none {dir} && cd {dir} && mkdir upper work root groups &&
	mount -t overlay none -o lowerdir=/,upperdir=upper,workdir=work root && mount -t cgroup2 none groups && mkdir groups/{group} || exit 77
echo $$ >groups/{group}/cgroup.procs || exit 77
exec unshare --cgroup --pid --ipc --uts --fork --kill-child sh -c '{boot}'
"""
# Read-only /sys and /proc/sys: as systemd expects of a container, what it would set there is left alone.
BOOT = """
set -e
cd {dir}/root
mount -t proc none proc && mount -o bind,ro proc/sys proc/sys && mount -t sysfs -o ro none sys && mount -t cgroup2 none sys/fs/cgroup
for place in run tmp dev; do mount -t tmpfs -o mode=755 none $place; done
chmod 1777 tmp
for node in null zero full random urandom tty; do touch dev/$node; mount --bind /dev/$node dev/$node; done
mkdir dev/shm dev/pts && mount -t devpts -o newinstance,ptmxmode=0666 none dev/pts && ln -s pts/ptmx dev/ptmx
ln -s /proc/self/fd dev/fd
rm -rf var/log/journal var/lib/ipsd etc/ipsd etc/systemd/system/*.wants && echo uninitialized >etc/machine-id
{install}
mkdir old && pivot_root . old && umount -l /old
exec env -i container=lab PATH=/usr/sbin:/usr/bin:/sbin:/bin /lib/systemd/systemd --system --unit=basic.target --show-status=no
"""
INSTALL = """
for program in usr/sbin/ipsd usr/bin/ipsctl; do rm -f $program; done
cp {build}/src/daemon/ipsd usr/sbin && cp {build}/src/ctl/ipsctl usr/bin
cp {root}/dist/ipsd.service {root}/dist/ipsd.socket lib/systemd/system && cp {root}/dist/ipsd.sysusers usr/lib/sysusers.d/ipsd.conf
mkdir -p etc/ipsd && cp -r {root}/filters {root}/jails {root}/dist/ipsd.conf etc/ipsd
"""
NEEDED = {"/lib/systemd/systemd": "systemd", "/usr/sbin/sshd": "openssh-server", "/usr/bin/sshpass": "sshpass"}


def why_not(build):
    missing = [package for path, package in NEEDED.items() if not pathlib.Path(path).exists()]
    if missing:
        return "needs " + " ".join(missing)
    # Its run time looks for things that the unit hides.
    return "the unit is for programs without sanitisers" if b"__asan_init" in (build / "src/daemon/ipsd").read_bytes() else None


class CannotBoot(Exception):
    """This machine does not let a systemd come up."""


class SystemdHost:
    """It is up after __init__, with ipsd's units installed and not started."""

    def __init__(self, ns, directory, build, root):
        self.dir, self.group = pathlib.Path(directory), pathlib.Path(directory).name
        install = INSTALL.format(build=build.resolve(), root=root)
        boot = BOOT.format(dir=self.dir, install=install)
        self.said = open(self.dir.with_suffix(".said"), "w+", encoding="utf-8", errors="replace")
        self.process = ns.popen("unshare", "--mount", "sh", "-c", BEGIN.format(dir=self.dir, group=self.group, boot=boot),
                                stdin=subprocess.DEVNULL, stdout=self.said, stderr=self.said)
        try:
            self.init = until(self._init, "the first process")
            until(lambda: self.has_ended() or self.run("systemctl", "is-system-running").stdout.strip() in ("running", "degraded"), "systemd")
            if self.has_ended():
                raise CannotBoot(f"exit {self.process.returncode}")
        except (CannotBoot, AssertionError) as error:
            words = self.words()
            self.close()
            raise CannotBoot(f"{error}: {words}") from error

    def _init(self):
        """Its number here, once it is the service manager."""
        if self.has_ended():
            raise CannotBoot(f"exit {self.process.returncode}")
        try:
            child = pathlib.Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
            return child[0] if pathlib.Path(f"/proc/{child[0]}/comm").read_text() == "systemd\n" else None
        except (OSError, IndexError):
            return None

    def has_ended(self):
        return self.process.poll() is not None

    def words(self):
        self.said.flush()
        return pathlib.Path(self.said.name).read_text(errors="replace").strip()

    def run(self, *command, text=None):
        return subprocess.run(["nsenter", f"--target={self.init}", "--all", "--root", "--wd", *command], input=text, capture_output=True,
                              text=True, check=False)

    def done(self, *command, text=None):
        """The same, which has to succeed: what it printed."""
        ran = self.run(*command, text=text)
        assert ran.returncode == 0, f"{' '.join(command)}: {ran.returncode}: {ran.stdout}{ran.stderr}{self.log()}"
        return ran.stdout

    def log(self):
        return self.run("journalctl", "--no-pager", "--unit=ipsd", "--output=cat").stdout

    def root(self, path):
        return pathlib.Path(f"/proc/{self.init}/root{path}")

    def close(self):
        self.process.kill()
        self.process.wait()
        self._remove_group()
        self.said.close()
        os.unlink(self.said.name)
        shutil.rmtree(self.dir, ignore_errors=True)

    def _remove_group(self):
        """All processes of the namespace are about to be gone."""
        command = ["unshare", "--mount", "sh", "-c",
                   f"mount -t cgroup2 none {self.dir} && find {self.dir}/{self.group} -depth -type d -exec rmdir {{}} + || exit 1"]
        until(lambda: subprocess.run(command, capture_output=True, check=False).returncode == 0 or not self.dir.exists(), "the cgroup's end")
