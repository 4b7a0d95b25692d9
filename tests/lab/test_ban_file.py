# SPDX-License-Identifier: MIT
"""A file of bans is one order; what a ban of a network answers; blacklist."""
from netns import until

BAD, OTHER = "198.51.100.7", "198.51.100.8"


def test_a_file_is_one_order_each_line_with_its_own_time_and_reason(cable, daemon):
    file = daemon.dir / "deny"
    file.write_text(f"# ours\n\n{BAD} 2h # guesses passwords\n198.51.101.0/24 permanent\n; not this\n2001:db8:7::1\n")
    answer = daemon.ctl("ban", "--file", str(file))
    assert answer.code == 0 and answer.out.startswith("3 blocks were made"), answer
    bans = {b["prefix"]: b for b in daemon.ctl("list", "--json").json["bans"]}
    assert set(bans) == {f"{BAD}/32", "198.51.101.0/24", "2001:db8:7::/64"}
    assert bans[f"{BAD}/32"]["reason"] == "guesses passwords" and 7100 < bans[f"{BAD}/32"]["seconds_left"] <= 7200
    assert bans["198.51.101.0/24"]["action"] == "blacklist"
    assert 3500 < bans["2001:db8:7::/64"]["seconds_left"] <= 3600
    assert cable.probe([BAD, OTHER, "198.51.101.9"]) == {OTHER}


def test_all_bad_lines_are_told_and_nothing_is_done(daemon):
    file = daemon.dir / "deny"
    file.write_text(f"{BAD}\nnonsense\n{OTHER} 30\n198.51.100.1/24\n{OTHER} 1h extra\n")
    answer = daemon.ctl("ban", "--file", str(file))
    assert answer.code == 2 and answer.out == ""
    lines = answer.err.splitlines()
    assert [line.split(":")[1] for line in lines[:-1]] == ["2", "3", "4", "5"], answer.err
    assert "198.51.100.0/24" in lines[2] and "nothing was done" in lines[-1]
    assert daemon.ctl("list", "--json").json["bans"] == []


def test_a_line_that_the_daemon_refuses_stops_all_of_the_file(daemon):
    file = daemon.dir / "deny"
    file.write_text(f"{BAD}\n0.0.0.0/0\n")
    assert daemon.ctl("ban", "--file", str(file)).code == 2
    assert daemon.ctl("list", "--json").json["bans"] == []


def test_a_hundred_thousand_lines_are_in_the_kernel_and_survive(cable, daemon):
    file = daemon.dir / "deny"
    file.write_text("".join(f"100.{i >> 16}.{i >> 8 & 255}.{i & 255} 1d # list\n" for i in range(100000)))
    answer = daemon.ctl("ban", "--file", str(file))
    assert answer.code == 0 and answer.out.startswith("100000 blocks were made"), (answer.out, answer.err)
    assert cable.probe(["100.0.0.0", "100.1.134.159", "100.1.134.160"]) == {"100.1.134.160"}
    daemon.process.kill()
    daemon.process.wait()
    daemon.start()
    until(daemon.settled, "the kernel")
    assert daemon.ctl("show", "100.1.134.159").code == 0


def test_a_file_too_large_for_one_order_is_refused_with_words_and_ipsd_goes_on(daemon):
    file = daemon.dir / "deny"
    for lines, more, words in ((1000000, "", "too much for one order"), (199999, " 1d # " + "x" * 80, "too much for one order"), (200001, "", "at most 200000 lines")):
        file.write_text("".join(f"100.{i >> 16}.{i >> 8 & 255}.{i & 255}{more}\n" for i in range(lines)))
        answer = daemon.ctl("ban", "--file", str(file))
        assert answer.code == 2 and words in answer.err, answer
    assert daemon.ctl("list", "--json").json["bans"] == [] and daemon.process.poll() is None


def test_a_file_may_be_standard_input(daemon):
    with open(daemon.dir / "deny", "w+", encoding="utf-8") as file:
        file.write(f"{BAD} 2h # guesses\n{OTHER}\n")
        file.seek(0)
        answer = daemon.ctl("ban", "--file", "-", input_file=file)
    assert answer.code == 0 and answer.out.startswith("2 blocks were made"), answer
    assert len(daemon.ctl("list", "--json").json["bans"]) == 2


def test_a_ban_of_a_network_names_who_passes_all_the_same(cable, daemons):
    daemon = daemons(conf=f"[ipsd]\nmode = enforce\n[never-block]\naddresses = {OTHER}\n").start()
    answer = daemon.ctl("ban", "198.51.100.0/24", "--for", "999999999m")
    assert answer.code == 0 and f"banned without {OTHER} (never-block, " in answer.out and "ipsd.conf:4)" in answer.out, answer
    assert cable.probe([BAD, OTHER]) == {OTHER}


def test_blacklist_is_a_ban_without_end(cable, daemon):
    assert daemon.ctl("blacklist", BAD, "--reason", "enough").code == 0
    ban = daemon.ctl("list", "--json").json["bans"][0]
    assert ban["action"] == "blacklist" and ban["until"] is None and ban["reason"] == "enough"
    assert not cable.passes(BAD)


def test_networks_that_stand_for_ipv4_are_refused_with_a_word(daemon):
    for network in ("64:ff9b::c600:0/112", "2002:c633:6400::/40", "2001:0:1::/48"):
        answer = daemon.ctl("ban", network)
        assert answer.code == 2 and "stands for IPv4 addresses" in answer.err, answer
    assert daemon.ctl("ban", "64:ff9b::c633:6407").code == 0
    assert daemon.ctl("list", "--json").json["bans"][0]["prefix"] == f"{BAD}/32"


def test_a_running_ban_becomes_the_blacklist_entry_with_its_lines(cable, daemon):
    daemon.attack(BAD)
    daemon.wait_blocked(BAD)
    lines = [e["text"] for e in daemon.ctl("show", "--json", BAD).json["evidence"]]
    assert lines
    assert daemon.ctl("blacklist", BAD, "--reason", "enough").code == 0
    for _ in range(2):
        (ban,) = daemon.ctl("list", "--json").json["bans"]
        assert ban["action"] == "blacklist" and ban["reason"] == "enough" and ban["blocks_30d"] == 1, ban
        shown = daemon.ctl("show", "--json", BAD).json
        assert [e["text"] for e in shown["evidence"]] == lines
        assert cable.probe([BAD]) == set()
        daemon.restart()
    answer = daemon.ctl("unban", BAD)
    assert answer.code == 0, answer
    assert cable.probe([BAD]) == {BAD}
