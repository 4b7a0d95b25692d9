# SPDX-License-Identifier: MIT
"""What the manual promises about configuration, sentence by sentence, and the test that holds each to it.

`here` is a test of this file, run from outside by `ipsctl check`, `cat` and `try`; other places are named by file and by what to look for
in it, and a test looks that it is there.
"""
import re

import pytest

from conftest import JAIL, ROOT

PROMISES = {
    # ---- files
    "a file replaces the shipped one of the same name": [("here", "a_file_replaces_the_shipped_one_whole"),
                                                         ("tests/unit/config/test_layers.c", "the_admins_file_replaces_the_shipped_one")],
    "a new installation observes; the lines of its ipsd.conf that begin with ; show the defaults": [
        ("here", "the_installed_file_observes_and_shows_the_defaults")],
    "NAME.conf.d/*.conf overrides single keys, a key's whole value, lists included": [
        ("here", "a_dropin_overrides_single_keys_and_whole_lists"), ("tests/config/good/dropins.txt", "a.conf.d/20.conf")],
    "a drop-in without its file is told": [("tests/config/bad/unreadable.txt", "changes nothing")],
    "a file that cannot be read does not let the shipped one through": [
        ("tests/unit/config/test_layers.c", "what_cannot_be_read_does_not_let_the_shipped_one_through")],
    # ---- grammar
    "a comment is a line whose first non-blank character is ; or #": [("here", "comments_are_whole_lines"), ("tests/config/good/quotes.txt", "comment")],
    "there are no comments behind a value; one that looks so is a warning": [("here", "what_looks_like_a_comment_is_a_warning"),
                                                                             ("tests/config/bad/comment-tails.txt", "looks like a comment")],
    "a value in double quotes keeps its blanks": [("here", "quotes_keep_blanks"), ("tests/config/good/quotes.txt", "kept blanks")],
    "a list goes on in indented lines, one entry a line": [("here", "lists_go_on_in_indented_lines"), ("tests/config/good/lists.txt", "===")],
    "an indented key is no key": [("tests/config/bad/indented-keys.txt", "not the key hit")],
    "a key twice in one section of one file is an error naming both lines": [("here", "a_key_twice_names_both_lines"),
                                                                             ("tests/config/bad/duplicates.txt", "in line 2 and in line 3")],
    "unknown sections and keys are errors with a suggestion": [("here", "unknown_words_are_errors_with_a_suggestion"),
                                                               ("tests/config/bad/unknown.txt", "did you mean")],
    "durations need a unit": [("here", "a_length_needs_a_unit"), ("tests/config/bad/durations.txt", "30 what?")],
    "all problems of all files are told in one run, as file:line: [section] key: what": [
        ("here", "all_problems_are_told_in_one_run"), ("tests/cli/test_logs.py", "test_check_tells_all_problems_in_one_run")],
    # ---- what breaks what
    "a broken filter or jail takes down itself and what needs it, never the daemon": [
        ("here", "a_broken_filter_takes_its_jails_along_and_no_other"), ("tests/config/bad/broken-filter.txt", "the filter a is broken"),
        ("tests/lab/test_daemon.py", "test_a_broken_jail_fails_alone")],
    "it is failed in status, in the journal, in the metrics": [
        ("tests/lab/test_jails.py", "test_a_broken_jail_or_filter_is_failed_in_status_journal_and_metrics")],
    "a broken ipsd.conf is exit 2": [("tests/lab/test_daemon.py", "test_a_broken_main_file_is_exit_2"), ("tests/cli/test_logs.py", "ipsd would not start")],
    "a broken entry in [never-block] starts the daemon observing, loudly": [
        ("tests/lab/test_daemon.py", "test_a_broken_never_block_entry_only_observes"), ("tests/cli/test_logs.py", "but only observe")],
    "--strict makes every error fatal": [("tests/lab/test_jails.py", "test_every_error_is_fatal_under_strict"),
                                         ("tests/lab/test_daemon.py", "--strict"), ("tests/unit/config/test_load.c", "strict_makes_every_error_fatal")],
    "an empty file is a good config": [("here", "nothing_at_all_is_a_good_config"), ("tests/config/good/empty.txt", "===")],
    # ---- filters
    "bare: patterns see the whole line; syslog: what the program said": [("tests/unit/detect/test_filter_layout.c", "patterns_see_what_the_program_said")],
    "RFC 3164, RFC 5424 and ISO heads are taken off": [("tests/unit/detect/test_syslog.c", "takes_off_the_heads_that_syslog_daemons_write"),
                                                       ("tests/unit/detect/test_syslog.c", "takes_off_the_head_of_rfc_5424")],
    "an entry of the journal fits as it is": [("tests/unit/detect/test_filter_layout.c", "an_entry_of_the_journal_has_no_head")],
    "message repeated N times counts N times": [("here", "repeated_and_counted_lines_count_so_often_and_1000_at_most"),
                                                ("tests/unit/detect/test_filter_layout.c", "a_repeated_line_counts_as_often")],
    "program picks by name, with globs": [("here", "program_picks_by_globs")],
    "what <ADDR> catches must be an address, or the line is no event": [("tests/unit/detect/test_filter.c", "what_is_no_address_is_no_event")],
    "<SERVICE> by [services], <TYPE> by [types]": [("here", "types_and_services_come_from_words"),
                                                   ("tests/unit/detect/test_filter.c", "vpop3_lines_are_what_their_number_says")],
    "<COUNT> counts that many times, at most 1,000": [("here", "repeated_and_counted_lines_count_so_often_and_1000_at_most"),
                                                      ("tests/unit/detect/test_filter.c", "a_count_is_capped_and_zero_is_no_event")],
    "[define] names pieces": [("tests/unit/detect/test_filter_expand.c", "defines_hold_tags_and_defines")],
    "sections are tried in file order, first hit wins": [("tests/unit/detect/test_filter.c", "the_first_section_that_hits_wins")],
    "prefix and service of a section win over the filter's; what <SERVICE> caught over both": [("here", "the_service_is_the_nearest_one")],
    "ignore vetoes its section, in [filter] the whole line": [("here", "ignore_vetoes_its_section_or_the_line"),
                                                              ("tests/unit/detect/test_filter.c", "ignore_vetoes_its_section_or_the_whole_line")],
    "every pattern has a hit": [("here", "every_pattern_has_a_hit"), ("tests/config/bad/samples.txt", "no `hit` shows")],
    "the line behind a hit says what must come out": [("here", "a_hit_yields_what_it_says")],
    "a miss in a section is not this event, in [filter] no event": [("here", "a_miss_is_not_this_event_or_none_at_all")],
    "a hit that an earlier section takes is an error naming both": [("here", "a_hit_that_an_earlier_section_takes_names_both")],
    "stamp: auto or a form; timezone an IANA name": [("tests/unit/detect/test_stamp_form.c", "static void"), ("tests/unit/config/test_zones.c", "a_zone_is_read_once"),
                                                     ("here", "a_zone_that_is_none_is_told")],
    "once-per folds identical events": [("tests/cli/test_logs.py", "test_try_tells_the_same_event_once"),
                                        ("tests/unit/detect/test_once.c", "five_lines_of_one_failed_login_count_once")],
    "check notes an event type that no jail counts": [("tests/config/bad/uncounted.txt", "no jail counts")],
}


def test_every_promise_has_its_tests():
    own = {name[len("test_"):] for name in globals() if name.startswith("test_")}
    named = {what for places in PROMISES.values() for where, what in places if where == "here"}
    assert named <= own, named - own
    for promise, places in PROMISES.items():
        assert places, promise
        for where, what in places:
            assert where == "here" or what in (ROOT / where).read_text(errors="replace"), (promise, where, what)


FILTER = """[filter]
sources = /nonexistent
{filter}
{sections}
"""


@pytest.fixture
def check(ctl):
    """Writes files below the config folder and gives what `check` says, without the folder's name."""
    def run(code=1, **files):
        for name, text in files.items():
            (ctl.etc / (name.replace("__", "/") + ".conf")).write_text(text)
        answer = ctl("check")
        assert answer.code == code, answer.out
        return answer.out.replace(f"{ctl.etc}/", "")

    return run


@pytest.fixture
def events(ctl):
    """What a filter makes of lines: [(type, address, service, account)]."""
    def run(filter_text, *lines):
        path = ctl.dir / "one.conf"
        path.write_text(filter_text)
        answer = ctl("try", str(path), "-", "--json", stdin="".join(f"{row}\n" for row in lines).encode())
        assert answer.code in (0, 1), answer.err
        return [(row["event"], row["address"], row["service"], row["account"]) for row in answer.rows[:-1]]

    return run


# ---- files and grammar ----------------------------------------------------------------------------


def test_a_file_replaces_the_shipped_one_whole(ctl):
    shared = ctl.dir / "shared" / "jails"
    shared.mkdir(parents=True)
    (shared / "test.conf").write_text(JAIL.replace("threshold = 1000", "threshold = 77\nports = mail"))
    (shared / "more.conf").write_text(JAIL)
    there = {"IPSD_SHARE_DIR": str(ctl.dir / "shared")}
    out = ctl("cat", "jail", "test", env=there).out
    assert "threshold = 1000" in out and "ports = all" in out and "shared" not in out
    assert "shared/jails/more.conf" in ctl("cat", "jail", "more", env=there).out


def test_a_dropin_overrides_single_keys_and_whole_lists(ctl):
    more = ctl.etc / "jails" / "test.conf.d"
    more.mkdir()
    base = ctl.etc / "jails" / "test.conf"
    base.write_text(base.read_text().replace("window", "never-block = 192.0.2.1\n              192.0.2.2\nwindow"))
    (more / "10.conf").write_text("[jail]\nnever-block = 192.0.2.9\nban = 1h\n")
    (more / "20.conf").write_text("[jail]\nban = 2h\n")
    out = ctl("cat", "jail", "test").out
    assert "192.0.2.9" in out and "192.0.2.1\n" not in out and "192.0.2.2" not in out
    assert re.search(r"20\.conf:2\nban = 2h", out) and re.search(r"test\.conf:\d+\nwindow = 60m", out)


def test_the_installed_file_observes_and_shows_the_defaults(ctl):
    def values():
        rows = [row for words in (["cat"], ["cat", "jail", "test"]) for row in ctl(*words).out.split("[defaults]")[0].splitlines()]
        return {row for row in rows if " = " in row and not row.startswith(("addresses", "hosts", "database"))}

    text = (ROOT / "dist" / "ipsd.conf").read_text()
    (ctl.etc / "jails" / "test.conf").write_text("[jail]\nwatch = vpop3-ids\nthreshold = 1000\n[multipliers]\nspam = 1\n")
    (ctl.etc / "ipsd.conf").write_text(text)
    installed = values()
    assert "mode = observe" in ctl("cat").out.splitlines()
    (ctl.etc / "ipsd.conf").write_text(re.sub(r"(?m)^;(?=[a-z0-9-]+ *= )", "", text))
    assert values() == installed and len(installed) > 30


def test_comments_are_whole_lines(check, ctl):
    check(code=0, ipsd="; one\n\t# two\n[ipsd]\n  ; three\nmode = enforce\n")
    assert "mode = enforce" in ctl("cat").out


def test_what_looks_like_a_comment_is_a_warning(check, ctl):
    out = check(code=0, jails__test=JAIL.replace("all ports", "all ports ; and more"))
    assert "warning: jails/test.conf:2: [jail] about: the end looks like a comment" in out
    assert "about = VPOP3, all ports ; and more" in ctl("cat", "jail", "test").out
    check(code=0, jails__test=JAIL.replace("VPOP3, all ports", '"VPOP3 ; more"'))
    assert "warning" not in check(code=0)


def test_quotes_keep_blanks(ctl, check):
    check(code=0, jails__test=JAIL.replace("VPOP3, all ports", '"  two  "'))
    assert 'about = "  two  "' in ctl("cat", "jail", "test").out


def test_lists_go_on_in_indented_lines(check):
    out = check(ipsd="[never-block]\naddresses = 192.0.2.1\n\t192.0.2.2\n\n; between\n   192.0.2.999\n")
    assert 'ipsd.conf:6: [never-block] addresses: "192.0.2.999" is neither' in out and "192.0.2.2" not in out


def test_a_key_twice_names_both_lines(check):
    assert "jails/test.conf:7: [jail] ban: is set twice: in line 6 and in line 7" in check(
        jails__test="[jail]\nwatch = vpop3-ids\nwindow = 1h\nthreshold = 9\n\nban = 30m\nban = 1h\n[multipliers]\nspam = 1\n")


@pytest.mark.parametrize("text, words", [
    ("[jial]\n", "jails/x.conf:1: [jial]: unknown section; did you mean [jail]?"), ("[jail]\ntreshold = 1\n", "unknown key; did you mean threshold?"),
    ("[jail]\nmaxretry = 5\n", "what fail2ban calls maxretry is threshold here"),
])
def test_unknown_words_are_errors_with_a_suggestion(check, text, words):
    assert words in check(jails__x=text)


def test_a_length_needs_a_unit(check):
    assert "jails/test.conf:7: [jail] ban: 30 what? VPOP3 means minutes, 30m; fail2ban seconds, 30s" in check(
        jails__test=JAIL.replace("30m", "30"))


def test_all_problems_are_told_in_one_run(check):
    out = check(ipsd="[ipsd]\nmode = x\n", jails__a="[jail]\nban = 1\n", filters__b="[filter]\nlayot = bare\n")
    assert all(re.search(rf"^{place}: \[\w+\] {key}: ", out, re.M) for place, key in
               ((r"ipsd\.conf:2", "mode"), (r"jails/a\.conf:2", "ban"), (r"filters/b\.conf:2", "layot")))


# ---- what breaks what -----------------------------------------------------------------------------


def test_a_broken_filter_takes_its_jails_along_and_no_other(check):
    out = check(filters__torn="[filter]\nlayot = bare\n", jails__needs=JAIL.replace("vpop3-ids", "torn"))
    assert "ipsd would start without jail needs and filter torn" in out.splitlines()[0]
    assert "jails/needs.conf:4: [jail] watch: the filter torn is broken" in out


def test_nothing_at_all_is_a_good_config(check, ctl):
    for part in (ctl.etc / "filters" / "vpop3-ids.conf", ctl.etc / "jails" / "test.conf"):
        part.unlink()
    assert check(code=0, ipsd="").startswith("all is well")


def test_each_shipped_jail_says_whose_numbers_it_has():
    for path in sorted((ROOT / "jails").glob("*.conf")):
        text = path.read_text()
        head = " ".join(row.lstrip("; ") for row in text.split("[jail]")[0].splitlines())
        marks = set(re.findall(r"\(([A-Z])\)", head))
        assert re.search("documents|documented|published|proposal", head), path.name
        for key in ("window", "threshold", "ban"):
            above = re.search(rf"((?:^;.*\n)*)^{key} +=", text, re.M)
            assert above, (path.name, key)
            said = set(re.findall(r"\(([A-Z])\)", above[1]))
            assert said <= marks and (said or "ours" in above[1] or "our proposal" in head), (path.name, key)


# ---- filters --------------------------------------------------------------------------------------


SYSLOG = """[filter]
layout = syslog
program = app*/in?
[event auth-failure]
match = ^bad <ADDR>(?: x<COUNT>)?
hit = Mar  5 11:02:17 h app/in1[7]: bad 203.0.113.9
"""


def test_program_picks_by_globs(events):
    rows = [f"Mar  5 11:02:17 h {program}[7]: bad 203.0.113.9" for program in ("app/in1", "app-two/in2", "app/in", "app/in12", "xapp/in1")]
    assert len(events(SYSLOG, *rows[:2])) == 2 and events(SYSLOG, *rows[2:]) == []


@pytest.mark.parametrize("said, times", [
    ("bad 203.0.113.9", 1), ("bad 203.0.113.9 x7", 7), ("bad 203.0.113.9 x1000", 1000), ("bad 203.0.113.9 x999999", 1000),
    ("message repeated 5 times: [ bad 203.0.113.9]", 5), ("message repeated 5000 times: [ bad 203.0.113.9]", 1000),
])
def test_repeated_and_counted_lines_count_so_often_and_1000_at_most(ctl, said, times):
    path = ctl.dir / "one.conf"
    path.write_text(SYSLOG)
    out = ctl("try", str(path), f"--line=Mar  5 11:02:17 h app/in1[7]: {said}").out
    assert (f"counts {times} times" in out) if times > 1 else ("counts" not in out)


def test_types_and_services_come_from_words(events):
    text = FILTER.format(filter="", sections="[services]\nPOP = pop3\n[types]\n0 = auth-failure\n5 = spam\n"
                                             "[event <TYPE>]\nmatch = ^<ADDR> <TYPE> <SERVICE>\nhit = 203.0.113.9 0 POP\n")
    assert events(text, "203.0.113.9 5 POP", "203.0.113.9 0 pop", "203.0.113.9 6 POP", "203.0.113.9 0 NNTP") == [
        ("spam", "203.0.113.9", "pop3", None), ("auth-failure", "203.0.113.9", "pop3", None)]


def test_the_service_is_the_nearest_one(events):
    text = FILTER.format(filter='service = smtp\nprefix = "^<ADDR> "',
                         sections="[services]\nIMAP = imap\n[event auth-failure]\nmatch = one\nhit = 203.0.113.9 one\n"
                                  "[event auth-failure two]\nservice = pop3\nmatch = two(?: <SERVICE>)?\nhit = 203.0.113.9 two\n"
                                  '[event spam]\nprefix = "^at <ADDR>: "\nmatch = spam\nhit = at 203.0.113.9: spam\n')
    rows = events(text, "203.0.113.9 one", "203.0.113.9 two", "203.0.113.9 two IMAP", "at 203.0.113.9: spam", "203.0.113.9 spam")
    assert [(row[0], row[2]) for row in rows] == [("auth-failure", "smtp"), ("auth-failure", "pop3"), ("auth-failure", "imap"), ("spam", "smtp")]


def test_ignore_vetoes_its_section_or_the_line(events):
    text = FILTER.format(filter="ignore = whole", sections="[event auth-failure]\nignore = here\nmatch = ^<ADDR> failed\nhit = 203.0.113.9 failed\n"
                                                           "[event login]\nmatch = ^<ADDR> \nhit = 203.0.113.9 came\n")
    rows = events(text, "203.0.113.9 failed", "203.0.113.9 failed here", "203.0.113.9 failed whole", "203.0.113.9 came whole")
    assert [row[0] for row in rows] == ["auth-failure", "login"]


def sample(**more):
    keys = "\n".join(f"{key} = {value}" for key, value in more.items())
    return FILTER.format(filter="service = smtp", sections=f"[event auth-failure]\nmatch = ^<ADDR> failed <USER>\n{keys}\n"
                                                           "[event login]\nmatch = ^<ADDR> (?:failed|came) \nhit = 203.0.113.9 came in\n")


def test_every_pattern_has_a_hit(check):
    assert "filters/x.conf:5: [event auth-failure] match: no `hit` shows what this pattern is for" in check(filters__x=sample())


@pytest.mark.parametrize("wanted, words", [
    ("auth-failure 203.0.113.9 smtp bob", None), ("login", "yields the type auth-failure here, not login"),
    ("auth-failure 203.0.113.10", "yields the address 203.0.113.9 here, not 203.0.113.10"),
    ("auth-failure 203.0.113.9 imap", "yields the service smtp here, not imap"),
    ("auth-failure 203.0.113.9 smtp eve", "yields the account bob here, not eve"),
])
def test_a_hit_yields_what_it_says(check, wanted, words):
    out = check(code=1 if words else 0, filters__x=sample(hit=f"203.0.113.9 failed bob\n  => {wanted}"))
    assert not words or f"filters/x.conf:7: [event auth-failure] hit: the pattern of line 5 {words}" in out


def test_a_miss_is_not_this_event_or_none_at_all(check):
    good = {"hit": "203.0.113.9 failed bob"}
    check(code=0, filters__x=sample(**good, miss="203.0.113.9 came in"))
    assert "[event auth-failure] miss: the pattern of line 5 makes this line auth-failure" in check(filters__x=sample(**good, miss="203.0.113.9 failed eve"))
    whole = sample(**good).replace("service = smtp", "service = smtp\nmiss = 203.0.113.9 came in")
    assert "filters/x.conf:4: [filter] miss: the pattern of line 9 makes this line login" in check(filters__x=whole)


def test_a_hit_that_an_earlier_section_takes_names_both(check):
    text = sample(hit="203.0.113.9 failed bob").replace("came in", "failed in")
    assert "filters/x.conf:9: [event login] hit: [event auth-failure] takes this line first, by its pattern in line 5" in check(filters__x=text)


def test_a_zone_that_is_none_is_told(check):
    assert "filters/x.conf:4: [filter] timezone: " in check(
        filters__x=sample(hit="203.0.113.9 failed bob").replace("service = smtp", "service = smtp\ntimezone = Europe/Nowhere"))
