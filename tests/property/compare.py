# SPDX-License-Identifier: MIT
"""Do the engine and the oracle say the same about a sequence?"""
import subprocess

import sequence

FOLLOWS_A_DECISION = "evidence "
# The lifts of one order, or of one reload, come in any order.
NO_ORDER = ("lift unban ", "lift jail-gone", "lift never-block", "lift jail-never-block",
            "lift service-never-block", "lift jail-observes")


class Driver:
    """The engine at the end of a pipe, a process for each batch of sequences."""

    def __init__(self, path):
        self.path = path

    def run(self, sequences):
        text = "".join(line + "\n" for lines in sequences for line in lines)
        return subprocess.run([self.path], input=text, capture_output=True, text=True, check=False)

    def answers(self, sequences):
        """For each sequence a list of answers (lists of lines), or a text: how the driver died."""
        done = self.run(sequences)
        if done.returncode != 0:
            if len(sequences) == 1:
                return [f"the driver died, exit {done.returncode}: {done.stderr.strip()[-2000:]}"]
            return [answer for lines in sequences for answer in self.answers([lines])]
        answers = iter(done.stdout.split(".\n"))
        return [[next(answers).splitlines() for line in lines if not sequence.is_rule(line)]
                for lines in sequences]


def difference(law, lines, answers):
    """(what is different, or None; the oracle after it; its decisions)."""
    happening, expected, oracle = sequence.play(law, lines)
    if isinstance(answers, str):
        return answers, oracle, []
    decisions = [decision for said, _ in expected for decision in said]
    for line, (said, wanted), got in zip(happening, expected, answers):
        evidence = [text for text in got if text.startswith(FOLLOWS_A_DECISION)]
        got = [text for text in got if not text.startswith(FOLLOWS_A_DECISION)]
        wrong = different_lines(line, wanted, got) or different_evidence(said, evidence)
        if wrong:
            return f"at: {line}\n{wrong}", oracle, decisions
    return None, oracle, decisions


def in_order(line, texts):
    if line.startswith("end "):
        return sorted(texts)
    free = sorted(text for text in texts if text.startswith(NO_ORDER))
    return free + [text for text in texts if not text.startswith(NO_ORDER)]


def different_lines(line, wanted, got):
    if wanted == got or in_order(line, wanted) == in_order(line, got):
        return None
    return "\n".join([f"  oracle: {text}" for text in wanted if text not in got]
                     + [f"  engine: {text}" for text in got if text not in wanted]) \
        or f"  order: oracle {wanted}\n  order: engine {got}"


def different_evidence(said, lines):
    """The engine may have kept only the newest events, but of those it must know all."""
    decisions = [decision for decision in said if decision.kind != "lift"]
    if len(decisions) != len(lines):
        return f"  {len(decisions)} decisions, evidence of {len(lines)}"
    for decision, line in zip(decisions, lines):
        _, score, *words = line.split()
        got = [tuple(map(int, word.split(":"))) for word in words]
        all_of_them = [(x.event, x.time, x.type, x.count, x.points) for x in decision.evidence]
        fits = is_drawn if decision.window else is_newest
        if not fits(got, all_of_them, decision) or sum(x[4] for x in got) != int(score):
            return f"  oracle: evidence {decision.score} {all_of_them}\n  engine: {line}"
    return None


def is_drawn(got, all_of_them, decision):
    """With `distinct` an older entry of a value, of more points, may be lost before a newer of less."""
    known = [(x.event, x.time, x.type, x.count, x.points) for x in decision.window]
    enough = sum(x[4] for x in got) >= decision.threshold
    return (is_newest(got, all_of_them, decision)
            or (enough and len(got) <= len(all_of_them) and all(x in known for x in got)))


def is_newest(got, all_of_them, _):
    """Points are lost from the oldest on; an event of no points may be missing anywhere but at the end."""
    rest = iter(all_of_them)
    scoring = [x for x in got if x[4] > 0]
    newest = [x for x in all_of_them if x[4] > 0][-len(scoring):] if scoring else []
    return (all(x in rest for x in got) and scoring == newest
            and got[-1:] == all_of_them[-1:])
