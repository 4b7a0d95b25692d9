#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Makes a man page or a completion from its source.

usage: make.py LISTS page FILE.scd.in OUT       @LIST words@ lines become what LISTS prints; then scdoc
       make.py LISTS bash|zsh|fish OUT
"""
import re
import subprocess
import sys


def listed(lists, words):
    return subprocess.run([lists, *words.split()], check=True, capture_output=True, text=True).stdout


def page(lists, source, out):
    with open(source, encoding="utf-8") as f:
        text = re.sub(r"(?m)^@(.+)@$", lambda m: listed(lists, m[1]), f.read())
    made = subprocess.run(["scdoc"], input=text, check=True, capture_output=True, text=True).stdout
    with open(out, "w", encoding="utf-8") as f:
        f.write(made)


def verbs(lists):
    """[(verb, help, [option])], and the options of all verbs."""
    rows = [line.split("\t") for line in listed(lists, "words").splitlines()]
    shared = next(row[2].split() for row in rows if row[0] == "*")
    return [(row[0], row[1], row[2].split() + shared) for row in rows if row[0] != "*"], shared


def bash(lists):
    all_verbs, shared = verbs(lists)
    cases = "\n".join(f"\t{v}) words='{' '.join(o)}' ;;" for v, _, o in all_verbs)
    return f"""# bash completion for ipsctl
_ipsctl()
{{
	local cur=${{COMP_WORDS[COMP_CWORD]}} verb= word words
	for word in "${{COMP_WORDS[@]:1:COMP_CWORD-1}}"; do
		case $word in -*) ;; *) verb=$word; break ;; esac
	done
	case $verb in
{cases}
	*) words='{' '.join(v for v, _, _ in all_verbs)} {' '.join(shared)}' ;;
	esac
	mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
	[ ${{#COMPREPLY[@]}} -gt 0 ] || mapfile -t COMPREPLY < <(compgen -f -- "$cur")
	[[ ${{COMPREPLY[0]:-}} != *= ]] || compopt -o nospace
}}
complete -F _ipsctl ipsctl
"""


def quoted(text):
    return "'" + text.replace("'", "'\\''") + "'"


def zsh(lists):
    all_verbs, shared = verbs(lists)
    rows = "\n".join("\t\t" + quoted(f"{v}:{h}") for v, h, _ in all_verbs)
    cases = "\n".join(f"\t{v}) options=({' '.join(map(quoted, o))}) ;;" for v, _, o in all_verbs)
    return f"""#compdef ipsctl
_ipsctl() {{
	local -a verbs options
	verbs=(
{rows}
	)
	if (( CURRENT == 2 )); then
		_describe verb verbs
		compadd -- {' '.join(shared)}
		return
	fi
	case $words[2] in
{cases}
	esac
	compadd -S '' -- $options || _files
}}
_ipsctl "$@"
"""


def fish(lists):
    all_verbs, _ = verbs(lists)
    out = ["# fish completion for ipsctl", "complete -c ipsctl -f"]
    for verb, about, options in all_verbs:
        out.append(f"complete -c ipsctl -n __fish_use_subcommand -a {verb} -d {quoted(about)}")
        for option in options:
            needs = " -r" if option.endswith("=") else ""
            out.append(f"complete -c ipsctl -n '__fish_seen_subcommand_from {verb}' -l {option.strip('-=')}{needs}")
    out += [f"complete -c ipsctl -n '__fish_seen_subcommand_from {v}' -F" for v in ("replay", "try")]
    return "\n".join(out) + "\n"


def main():
    lists, kind = sys.argv[1:3]
    if kind == "page":
        page(lists, *sys.argv[3:])
        return
    with open(sys.argv[3], "w", encoding="utf-8") as f:
        f.write({"bash": bash, "zsh": zsh, "fish": fish}[kind](lists))


if __name__ == "__main__":
    main()
