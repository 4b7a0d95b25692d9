# SPDX-License-Identifier: MIT
"""Sequences as text: what the oracle and the engine's driver both read, and what both answer.

A sequence is a list of lines. First the rules:
  rules host-v6=64 observe=no never=10.0.0.0/8,2001:db8::/32 networks=24,48 known=2592000 brake=20
  jail name=a watch=0.0,1.0,jail:b services=all|0,2 types=0:5,3:ban,18:forgive window=60 threshold=10
       ladder=30,permanent memory=2592000 after=keep|clear mode=enforce|observe scope=0 never=-
       subject=address|network|account distinct=none|address|account share=2 spare=yes|no   (one line)
then what happens, each with its time:
  event TIME ADDR|- TYPE SERVICE|none SOURCE FILTER COUNT [ACCOUNT]
  tick TIME [LAG]
  ban TIME PREFIX UNTIL|never SCOPE
  unban TIME PREFIX JAIL|hand|any        unban-all TIME JAIL|hand|any
  never-add TIME PREFIX UNTIL|never JAIL|any SERVICE|any
  never-remove TIME PREFIX JAIL|any SERVICE|any
  observe TIME                           enforce TIME
  reload TIME                            (behind other rules: those are taken over)
  end TIME PREFIX|@ACCOUNT...            (the last line: prints the state, asks about these)
Times and lengths are seconds with at most six decimals. Lines that begin with # are comments.

Each line of the second kind is answered by a list of lines, described at answer(). A score is shown
capped at the jail's threshold: above it, the engine knows only the newest entries. Of a prefix's episodes
it knows the newest 32.
"""
import oracle as the_oracle

NO_TYPE = 65535
EPISODES_KEPT = 32      # by the engine, for each prefix


def seconds(us):
    whole, rest = divmod(us, 1_000_000)
    return f"{whole}.{rest:06}".rstrip("0").rstrip(".")


def time_text(us):
    return "never" if us == the_oracle.NEVER else seconds(us)


def microseconds(text):
    whole, _, rest = text.partition(".")
    return int(whole) * 1_000_000 + int(rest.ljust(6, "0"))


def prefixes(text):
    return [] if text == "-" else text.split(",")


def pairs(words):
    return dict(word.split("=", 1) for word in words)


def jail(law, words):
    at = pairs(words)
    multipliers = dict(word.split(":") for word in at["types"].split(","))
    return law.Jail(
        name=at["name"],
        watch={word[5:] if word.startswith("jail:") else tuple(map(int, word.split(".")))
               for word in at["watch"].split(",")},
        services=None if at["services"] == "all" else
        {None if word == "none" else int(word) for word in at["services"].split(",")},
        multipliers={int(t): int(m) if m.isdigit() else m for t, m in multipliers.items()},
        window=microseconds(at["window"]),
        threshold=int(at["threshold"]),
        ladder=[law.PERMANENT if word == "permanent" else microseconds(word)
                for word in at["ladder"].split(",")],
        ban_memory=microseconds(at["memory"]),
        clears=at["after"] == "clear",
        observes=at["mode"] == "observe",
        scope=int(at["scope"]),
        never_block=prefixes(at["never"]),
        subject=at.get("subject", law.ADDRESS),
        distinct=None if at.get("distinct", "none") == "none" else at["distinct"],
        share=int(at.get("share", 2)),
        spare_known=at.get("spare") != "no")


def rules(law, lines):
    """The rules that the lines `rules` and `jail` say."""
    at = pairs(lines[0].split()[1:])
    jails = [jail(law, line.split()[1:]) for line in lines[1:]]
    v4, v6 = at.get("networks", "24,48").split(",")
    return law.Rules(jails, prefixes(at["never"]), at["observe"] == "yes", int(at["host-v6"]), int(v4), int(v6),
                     microseconds(at.get("known", "2592000")), int(at.get("brake", 20)))


def is_rule(line):
    return line.startswith(("rules", "jail"))


def happening(lines):
    """(line, the rules in front of it) for each line of what happens."""
    said, found = [], []
    for line in lines:
        if is_rule(line):
            said = [line] if line.startswith("rules") else said + [line]
        else:
            found.append((line, said))
            said = []
    return found


def jail_number(text):
    return int(text) if text.isdigit() else text


def play(law, lines):
    """What the oracle says: (lines of events and orders, an answer for each, the oracle)."""
    happens = happening(lines)
    oracle = law.Oracle(rules(law, happens[0][1]))
    answers = [answer(law, oracle, line.split(), said) for line, said in happens]
    return [line for line, _ in happens], answers, oracle


def answer(law, oracle, words, said_rules):
    """(decisions, lines): each decision is a line and comes first; then `counted ID` of an event that
    a jail counted, or an order's `result`, or the state."""
    verb, time = words[0], microseconds(words[1])
    if verb == "event":
        before = oracle.last_event
        said = oracle.event(law.Event(
            time, None if words[2] == "-" else words[2], int(words[3]),
            None if words[4] == "none" else int(words[4]), (int(words[5]), int(words[6])), int(words[7]),
            "".join(words[8:])))
        after = oracle.last_event
        rest = [f"counted {after}"] if after != before else []
    elif verb == "tick":
        said, rest = oracle.tick(time, *map(microseconds, words[2:])), []
    elif verb == "reload":
        said, rest = oracle.reload(time, rules(law, said_rules)), []
    elif verb == "end":
        said, rest = [], state(oracle, time, words[2:])
    else:
        said, result = order(law, oracle, verb, time, words[2:])
        rest = [result_line(**result)]
    return said, [decision_line(decision) for decision in said] + rest


def order(law, oracle, verb, time, words):
    if verb == "ban":
        until = law.NEVER if words[1] == "never" else microseconds(words[1])
        return oracle.order_ban(time, words[0], until, int(words[2]))
    if verb == "unban":
        return oracle.order_unban(time, words[0], jail_number(words[1]))
    if verb == "unban-all":
        return oracle.order_unban_all(time, jail_number(words[0]))
    if verb == "never-add":
        until = law.NEVER if words[1] == "never" else microseconds(words[1])
        return oracle.order_never_add(time, words[0], until, *map(jail_number, words[2:4]))
    if verb == "never-remove":
        return oracle.order_never_remove(time, words[0], *map(jail_number, words[1:3]))
    return oracle.order_observe(verb == "observe")


def decision_line(d):
    """KIND BECAUSE ID TIME PREFIX JAIL SCOPE, and but for a lift UNTIL ACTION TYPE SERVICE THRESHOLD
    SCORE COVER."""
    ban = d.ban
    line = f"{d.kind} {d.because or '-'} {ban.id} {time_text(d.time)} {ban.prefix} {ban.jail} {ban.scope}"
    if d.kind == "lift":
        return line
    kind = NO_TYPE if d.type is None else d.type
    service = "none" if d.service is None else d.service
    return (f"{line} {time_text(ban.until)} {d.action} {kind} {service} {d.threshold}"
            f" {min(d.score, d.threshold)} {d.cover or '-'}")


def result_line(made=0, renewed=0, removed=0, lifted=0, known=False, never_block=False, covered=False,
                cover=None):
    return (f"result made={int(made)} renewed={renewed} removed={removed} lifted={lifted}"
            f" known={int(known)} never-block={int(never_block)}"
            f" covered={int(covered)} cover={cover or '-'}")


def state(oracle, now, asked):
    lines = [f"deadline {time_text(oracle.deadline())}",
             f"count {oracle.last_event} {len(oracle.windows) + len(oracle.shares)}"]
    for ban in oracle.table.values():
        lines.append(f"entry {ban.id} {ban.kind} {int(ban.ended)} {time_text(ban.until)}"
                     f" {ban.prefix} {ban.jail} {ban.scope}")
        until = oracle.wish(ban.prefix, ban.scope)
        lines.append(f"wish {ban.prefix} {ban.scope} {'-' if until is None else time_text(until)}")
    for entry in oracle.never:
        if entry.by_hand:
            lines.append(f"never {entry.prefix} {time_text(entry.until)} {entry.jail} {entry.service}")
    for n in range(len(oracle.rules.jails)):
        braked = oracle.braked_until[n]
        lines.append(f"braked {n} {seconds(braked) if braked > now else '-'}")
    accounts = [word[1:] for word in asked if word.startswith("@")]
    for account in accounts:
        for n, its in enumerate(oracle.rules.jails):
            if its.subject == the_oracle.ACCOUNT:
                lines.append(f"score @{account} {n} {min(oracle.score(n, account, now), its.threshold)}")
    for prefix in asked:
        if prefix.startswith("@"):
            continue
        for account in accounts:
            lines.append(f"known @{account} {prefix} {int(oracle.is_known(account, prefix, now))}")
        lines.append(f"cover {prefix} {oracle.covering_ban(prefix) or '-'}")
        lines.append(f"blocks {prefix} {min(oracle.blocks_30d(prefix, now), EPISODES_KEPT)}")
        for n, its in enumerate(oracle.rules.jails):
            if its.subject == the_oracle.ACCOUNT:
                continue
            score = oracle.score(n, oracle.scored(n, prefix), now)
            lines.append(f"score {prefix} {n} {min(score, its.threshold)}")
    return lines
