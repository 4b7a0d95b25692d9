# SPDX-License-Identifier: MIT
"""All of SmarterMail's jails at once, on one attack: is what ipsctl says of it still readable?"""
import datetime
import re
import shutil

from daemon import ROOT
from netns import until

BAD = "203.0.113.50"


def test_an_attack_that_all_rules_see_is_a_row_for_each_of_them(daemons):
    daemon = daemons(conf="[ipsd]\nmode = enforce\ntimezone = UTC\n")
    for path in (ROOT / "filters").glob("smartermail-*.conf"):
        text = re.sub(r"(?m)^sources *=.*/(.*)$", lambda found: f"sources = {daemon.dir}/log/{found[1]}", path.read_text())
        (daemon.etc / "filters" / path.name).write_text(text)
    for path in [*(ROOT / "jails").glob("smartermail-*.conf"), ROOT / "jails" / "class-c.conf", ROOT / "jails" / "recidive.conf"]:
        shutil.copy(path, daemon.etc / "jails")
    now = datetime.datetime.now(datetime.timezone.utc)
    admin, imap = (daemon.dir / "log" / f"{now:%Y.%m.%d}-{kind}.log" for kind in ("administrative", "imapLog"))
    admin.touch()
    imap.touch()
    daemon.start()
    at = f"{now:%H:%M:%S}"
    with imap.open("a") as log:
        log.writelines(f"{at}.{i:03} [{BAD}][{60000000 + i}] connected at 1/1/2026 1:00:00 AM\n" for i in range(50))
    with admin.open("a") as log:
        log.writelines(f"{at}.{i:03} [{BAD}] IMAP Login failed: User [bob@example.com] not found\n" for i in range(12))
    jails = {"smartermail-brute-force", "smartermail-brute-force-account", "smartermail-brute-force-imap", "smartermail-dos-imap"}
    until(lambda: {row["jail"] for row in daemon.ctl("list", "--json").json["bans"]} >= jails, "each rule")
    out = daemon.ctl("list").out
    assert len([row for row in out.splitlines() if BAD in row]) == len(jails), out
    assert max(map(len, out.splitlines())) <= 150, out
    assert daemon.ctl("unban", BAD).code == 0
    until(lambda: not daemon.ctl("list", "--json").json["bans"], "one order lifts all of them")
