# SPDX-License-Identifier: MIT
"""replay: which filters read a file? --diff: which bans does only one of two configs make?"""
import os
import re
import shutil
import subprocess

from conftest import JAIL


def line(address, minute=0):
    return f"2024-03-05T11:{minute:02}:00Z {address} 1 [Relay denied] a@example.net\n"

def other_filter(ctl, sources, threshold="1000"):
    """The same filter and jail again, under another name and with other sources."""
    text = (ctl.etc / "filters" / "vpop3-ids.conf").read_text()
    (ctl.etc / "filters" / "other.conf").write_text(re.sub(r"(?m)^sources *=.*$", f"sources = {sources}", text))
    jail = (ctl.etc / "jails" / "test.conf").read_text()
    (ctl.etc / "jails" / "second.conf").write_text(jail.replace("vpop3-ids", "other").replace("1000", threshold))


def test_a_file_goes_to_the_chosen_jail_though_its_name_fits_anothers_source(ctl):
    other_filter(ctl, "/srv/app/special.log")
    log = ctl.dir / "special.log"
    log.write_text("".join(line("203.0.113.9", i) for i in range(10)))

    def jails(*words):
        return sorted(r["jail"] for r in ctl("replay", "--json", *words, str(log)).rows if r.get("decision") == "ban")

    assert jails() == ["second"]
    assert jails("--jail=second") == ["second"]
    assert jails("--jail=test") == ["test"]


def test_a_file_that_fits_two_sources_is_read_by_all_filters_and_a_path_tells_more_than_a_name(ctl):
    other_filter(ctl, f"{ctl.dir}/*.log")
    path = ctl.etc / "filters" / "vpop3-ids.conf"
    path.write_text(re.sub(r"(?m)^sources *=.*$", "sources = /srv/two.log", path.read_text()))
    for name, jails in (("one.log", ["second"]), ("two.log", ["second"]), ("three", ["second", "test"])):
        log = ctl.dir / name
        log.write_text("".join(line("203.0.113.9", i) for i in range(10)))
        assert sorted(r["jail"] for r in ctl("replay", "--json", str(log)).rows if r.get("decision") == "ban") == jails, name
    path.write_text(re.sub(r"(?m)^sources *=.*$", f"sources = {ctl.dir}/two.log", path.read_text()))
    assert sorted(r["jail"] for r in ctl("replay", "--json", str(ctl.dir / "two.log")).rows if r.get("decision") == "ban") == ["second", "test"]


def test_the_journal_is_read_by_way_of_journalctl(ctl):
    answer = ctl("replay", "journal:_SYSTEMD_UNIT=ssh.service")
    assert answer.code == 2 and "journalctl -o short-iso _SYSTEMD_UNIT=ssh.service | ipsctl replay -" in answer.err


def edited(ctl, name="other", jail=None, main=None):
    """Another config dir: the test's own, with these replaced."""
    other = ctl.dir / name
    shutil.copytree(ctl.etc, other)
    if jail is not None:
        (other / "jails" / "test.conf").write_text(jail)
    if main is not None:
        (other / "ipsd.conf").write_text(main)
    return other


def guessers(ctl):
    """One that reaches 1000 points, one that reaches 500."""
    log = ctl.dir / "guessers.log"
    log.write_text("".join(sorted([line("203.0.113.9", i) for i in range(12)] + [line("198.51.100.7", 20 + i) for i in range(5)])))
    return str(log)


def test_the_same_config_decides_alike(ctl):
    other = edited(ctl)
    answer = ctl("replay", f"--diff={other}", guessers(ctl))
    assert (answer.code, answer.err) == (0, "")
    assert answer.out == f"No difference to {other}: 1 ban, 0 spared, 0 observed with either.\n"
    (only,) = ctl("replay", f"--diff={other}", "--json", guessers(ctl)).rows
    assert only["summary"].pop("seconds") >= 0
    assert only == {"summary": {"config": str(ctl.etc), "other": str(other), "bans_more": 0, "bans_less": 0, "spared_more": 0, "spared_less": 0,
                                "observed_more": 0, "observed_less": 0, "changed": 0, "lines": 17}}


def test_a_lower_threshold_bans_one_more_and_the_other_earlier(ctl):
    other = edited(ctl, jail=JAIL.replace("threshold = 1000", "threshold = 500"))
    answer = ctl("replay", f"--diff={other}", guessers(ctl))
    assert (answer.code, answer.err) == (1, "")
    first, head, row = answer.out.splitlines()
    assert first == (f"0 bans more, 1 less than with {other}: 1 ban with {ctl.etc}, 2 with {other}; "
                     "1 of what both decide begins at another time or lasts differently.")
    assert head.split("  ")[0] == "ONLY WITH" and head.split()[2:] == ["TIME", "DECISION", "SOURCE", "JAIL", "SCORE", "WHY"]
    assert row.split(None, 6) == [str(other), "2024-03-05T11:24:00Z", "ban", "198.51.100.7", "test", "500", "5 relay-denied x 100 = 500 >= 500"]
    ban, last = ctl("replay", "--json", f"--diff={other}", guessers(ctl)).rows
    assert (ban["only_in"], ban["decision"], ban["prefix"], ban["score"], ban["events"]) == (str(other), "ban", "198.51.100.7/32", 500, {"relay-denied": 5})
    assert (last["summary"]["bans_more"], last["summary"]["bans_less"], last["summary"]["changed"]) == (0, 1, 1)


def test_the_other_way_round_it_is_more(ctl):
    other = edited(ctl, jail=JAIL.replace("threshold = 1000", "threshold = 1201"))
    answer = ctl("replay", f"--diff={other}", guessers(ctl))
    assert answer.code == 1 and answer.out.startswith(f"1 ban more, 0 less than with {other}: ")


def test_only_another_length_is_a_difference_too(ctl):
    other = edited(ctl, jail=JAIL.replace("ban = 30m", "ban = 2h"))
    answer = ctl("replay", f"--diff={other}", guessers(ctl))
    assert answer.code == 1 and len(answer.out.splitlines()) == 1
    assert answer.out.startswith("0 bans more, 0 less") and answer.out.endswith("; 1 of what both decide begins at another time or lasts differently.\n")


def test_a_never_block_entry_and_an_observing_jail_change_the_word(ctl):
    spares = edited(ctl, "spares", main="[never-block]\naddresses = 203.0.113.0/24\n")
    watches = edited(ctl, "watches", jail=JAIL.replace("type =", "mode = observe\ntype ="))
    for other, word, because in ((spares, "spared", "never-block"), (watches, "observed", "jail-observes")):
        answer = ctl("replay", f"--diff={other}", guessers(ctl))
        assert answer.code == 1 and answer.out.startswith(f"1 ban more, 0 less than with {other}; {word}: 0 more, 1 less: ")
        assert len(answer.out.splitlines()) == 4
        ours, theirs, last = ctl("replay", "--json", f"--diff={other}", guessers(ctl)).rows
        assert (ours["only_in"], ours["decision"]) == (str(ctl.etc), "ban")
        assert (theirs["only_in"], theirs["decision"], theirs["because"]) == (str(other), word, because)
        assert (last["summary"]["bans_more"], last["summary"][f"{word}_less"]) == (1, 1)


def test_a_filter_that_knows_less_and_a_zone_make_a_difference(ctl):
    other = edited(ctl)
    path = other / "filters" / "vpop3-ids.conf"
    path.write_text(path.read_text().replace("\n1  = relay-denied", "\n1  = relay-allowed"))
    assert ctl("replay", f"--diff={other}", guessers(ctl)).out.startswith("1 ban more, 0 less")
    path = ctl.etc / "filters" / "vpop3-ids.conf"
    path.write_text(path.read_text().replace("timezone = UTC", ""))
    zone = edited(ctl, "zone", main="[ipsd]\nmode = enforce\ntimezone = Asia/Tokyo\n")
    log = ctl.dir / "local.log"
    log.write_text("".join(line("203.0.113.9", i).replace("Z ", " ", 1) for i in range(12)))
    answer = ctl("replay", f"--diff={zone}", str(log))
    assert answer.code == 1 and answer.out.startswith("1 ban more, 1 less")


def test_a_jail_may_be_in_one_of_the_two_only(ctl):
    other = edited(ctl)
    (other / "jails" / "strict.conf").write_text(JAIL.replace("threshold = 1000", "threshold = 300"))
    answer = ctl("replay", "--jail=strict", f"--diff={other}", guessers(ctl))
    assert answer.code == 1 and answer.err == "" and answer.out.startswith("0 bans more, 2 less")
    neither = ctl("replay", "--jail=nosuch", f"--diff={other}", guessers(ctl))
    assert neither.code == 2 and "there is no jail nosuch" in neither.err


def test_what_is_wrong_in_either_config_is_said_before_anything_is_read(ctl):
    other = edited(ctl, main="[ipsd]\nmode = maybe\n")
    (ctl.etc / "ipsd.conf").write_text("[ipsd]\nmod = enforce\n")
    answer = ctl("replay", f"--diff={other}", guessers(ctl))
    assert (answer.code, answer.out) == (2, "")
    assert str(ctl.etc) in answer.err and str(other) in answer.err and "maybe" in answer.err
    missing = ctl("replay", f"--diff={ctl.dir / 'nowhere'}", guessers(ctl))
    assert missing.code == 2 and "there is no directory" in missing.err
    stdin = ctl("replay", f"--diff={other}", "-", stdin=b"")
    assert stdin.code == 2 and "name a file" in stdin.err


def test_a_longer_ban_makes_fewer(ctl):
    """The second one falls into the longer first one."""
    other = edited(ctl, jail=JAIL.replace("ban = 30m", "ban = 2h"))
    log = ctl.dir / "again.log"
    log.write_text("".join(line("203.0.113.9", i) for i in range(10)) + "".join(line("203.0.113.9", 45 + i) for i in range(10)))
    answer = ctl("replay", "--json", f"--diff={other}", str(log))
    assert [(r["only_in"], r["time"]) for r in answer.rows[:-1]] == [(str(ctl.etc), "2024-03-05T11:45:00Z")]
    assert answer.rows[-1]["summary"]["changed"] == 1


def test_a_directory_that_is_none_or_empty_is_said(ctl):
    log = guessers(ctl)
    answer = ctl("replay", f"--diff={log}", log)
    assert answer.code == 2 and f"there is no directory {log}" in answer.err
    answer = ctl("replay", f"--diff={ctl.etc / 'jails'}", log)
    assert answer.code == 1 and f"{ctl.etc / 'jails'} has no ipsd.conf, jails or filters" in answer.err
    assert ctl("replay", f"--diff={edited(ctl)}", log).err == ""


def test_what_to_type_about_a_broken_config_names_its_directory(ctl):
    other = edited(ctl, main="[ipsd]\nmode = maybe\n")
    assert f"ipsctl --config-dir={other} check" in ctl("replay", f"--diff={other}", guessers(ctl)).err


def test_a_log_that_no_filter_knows_is_said_with_what_to_type(ctl):
    log = ctl.dir / "other.log"
    log.write_text("nothing of ours\n" * 3)
    for words in ([], [f"--diff={edited(ctl)}"]):
        answer = ctl("replay", *words, str(log))
        assert answer.code == 0 and answer.out.splitlines()[-1].endswith(f"ipsctl try --all {log}"), answer.out
    assert "try" not in ctl("replay", guessers(ctl)).out
    log.write_text("")
    assert "try" not in ctl("replay", str(log)).out


def test_who_reads_only_the_beginning_of_a_difference_gets_its_exit_code(ctl):
    """The answer is far longer than a pipe holds, and nobody reads it."""
    log = ctl.dir / "many.log"
    log.write_text("".join(sorted(line(f"203.0.{i // 250}.{i % 250}", k) for i in range(1500) for k in range(10))))
    other = edited(ctl, jail=JAIL.replace("threshold = 1000", "threshold = 1100"))
    for words in ([], ["--json"]):
        with subprocess.Popen(ctl.command("replay", f"--diff={other}", *words, str(log)), env=ctl.env(), stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE) as asked:
            asked.stdout.readline()
            asked.stdout.close()
            assert (asked.wait(60), asked.stderr.read()) == (1, b"")


def test_an_answer_of_any_length_may_lose_its_reader(ctl):
    """Where its end falls into a buffer decides which of the writes fails."""
    log = ctl.dir / "some.log"
    command = ctl.command("replay", f"--diff={edited(ctl, jail=JAIL.replace('threshold = 1000', 'threshold = 1100'))}", "--json", str(log))
    for n in range(1, 120):
        log.write_text("".join(line(f"203.0.113.{i}", k) for k in range(10) for i in range(n)))
        nobody, writer = os.pipe()
        os.close(nobody)
        with os.fdopen(writer, "wb") as out:
            asked = subprocess.run(command, env=ctl.env(MALLOC_PERTURB_="0"), stdout=out, stderr=subprocess.PIPE, check=False)
        assert (asked.returncode, asked.stderr) == (1, b""), n
