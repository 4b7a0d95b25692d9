# SPDX-License-Identifier: MIT
"""csource - what is code in a C file, and what is only text?"""
import re

_TEXT = re.compile(
    r"""//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'""", re.DOTALL)
_DIRECTIVE = re.compile(r"^[ \t]*#(?:[^\n\\]|\\.|\\\n)*", re.MULTILINE)


def _blank(match):
    return re.sub(r"[^\n]", " ", match[0])


def code(text):
    """The text with comments, strings and characters blanked; every line keeps its number."""
    return _TEXT.sub(_blank, text)


def body(text):
    """As code(), without the directives of the preprocessor."""
    return _DIRECTIVE.sub(_blank, code(text))


def line_of(text, at):
    return text.count("\n", 0, at) + 1


def _parameters(head):
    """(name, list of parameters) when `head`, the text before a brace, declares a function."""
    groups, depth, start = [], 0, 0
    for at, c in enumerate(head):
        if c == "(":
            if depth == 0:
                start = at
            depth += 1
        elif c == ")":
            depth -= 1
            if depth == 0:
                groups.append((start, at))
    for start, end in reversed(groups):
        name = re.search(r"(\w+)\s*$", head[:start])
        if name and name[1] != "__attribute__" and not name[1].isupper():
            inside = head[start + 1:end].strip()
            return name[1], [] if inside in ("", "void") else _split(inside)
    return None


def _split(inside):
    """The text between the brackets, cut at the commas of the outermost level."""
    parts, depth, part = [], 0, ""
    for c in inside:
        depth += (c in "([") - (c in ")]")
        if c == "," and depth == 0:
            parts.append(part)
            part = ""
        else:
            part += c
    return parts + [part]


def functions(text):
    """Yields (name, line, lines of the body with both braces, parameters) of each function.

    ValueError when the braces do not balance, so that nothing stays unmeasured unseen."""
    text = body(text)
    depth, head_from, open_at = 0, 0, 0
    for at, c in enumerate(text):
        if c == "{":
            if depth == 0:
                open_at = at
            depth += 1
        elif c == "}":
            depth -= 1
            if depth == 0:
                head = text[head_from:open_at]
                found = None if "=" in head else _parameters(head)
                if found:
                    first = line_of(text, open_at)
                    yield found[0], first, line_of(text, at) - first + 1, found[1]
                    head_from = at + 1
        elif c == ";" and depth == 0:
            head_from = at + 1
    if depth != 0:
        raise ValueError("the braces do not balance")
