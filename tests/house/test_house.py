#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Does each check of the house find the breach that it is there for?

Each case plants one breach into a small clean tree, runs the check and looks for its words. Before
that, every check must be content with the clean tree. Prints TAP.
"""
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
LICENCE = "/* SPDX-License-Identifier: MIT */\n"
HEADER = LICENCE + "#pragma once\n"

CLEAN = {
    "src/base/addr.h": HEADER + "int addr_twice(int a);\n",
    "src/base/addr.c": LICENCE + '#include "base/addr.h"\n\nint addr_twice(int a)\n{\n'
                       "\treturn 2 * a;\n}\n",
    "src/detect/event.h": HEADER + "int event_new(int a);\n",
    "src/detect/pattern.h": HEADER + "int pattern_new(int a);\n",
    "src/sys/clock.h": HEADER + "long clock_now(void);\n",
    "tests/unit/base/test_addr.c": LICENCE + '#include "base/addr.h"\n\nint main(void)\n{\n'
                                   "\treturn addr_twice(0);\n}\n",
    "tools/setup": "#!/bin/sh\necho ok\n",
}


def function(lines, parameters="void"):
    return f"int f({parameters});\n\nint f({parameters})\n{{\n" + "\t;\n" * (lines - 3) + \
           "\treturn 0;\n}\n"


# check, what is planted, what the check must say
CASES = [
    ("layers", {"src/policy/jail.c": '#include "sys/clock.h"\n'}, "policy/ may not include sys/"),
    ("layers", {"src/policy/jail.c": '#include "detect/pattern.h"\n'},
     "policy/ may not include detect/pattern.h"),
    ("layers", {"src/util/misc.c": LICENCE}, "src/util: no such room"),
    ("layers", {"src/base/addr.c": '#include "addr.h"\n'}, "the include line carries the room"),
    ("layers", {"src/base/addr.h": '#include "base/str.h"\n', "src/base/str.h": '#include "base/addr.h"\n'},
     "circle: base/addr -> base/str -> base/addr"),
    ("layers", {"src/detect/scanner.c": "#include <pcre2.h>\n"},
     "src/detect/scanner.c:1: <pcre2.h> may be included by detect/pattern.c only"),
    ("layers", {"src/output/nft.c": "#include <libnftnl/set.h>\n"}, "output/other_sets.c only"),
    ("layers", {"src/ctl/main.c": "#include <libsmartcols.h>\n"}, "ctl/table.c only"),
    ("layers", {"src/base/buf.c": "#include <glib.h>\n"}, "<glib.h> has no door"),
    ("layers", {"src/sys/clock.c": '#include "base/addr.h"\n\n#include <time.h>\n'}, "below the ours"),
    ("layers", {"src/sys/clock.c": '#include <time.h>\n#include "base/addr.h"\n'}, "a blank line parts"),
    ("layers", {"tests/unit/base/test_x.c": '#include "sys/clock.h"\n'},
     "a test of base/ may not include sys/"),
    ("sizes", {"src/base/buf.c": LICENCE + "\n" * 500}, "501 lines; a file has at most 500"),
    ("sizes", {"tests/unit/base/test_x.c": LICENCE + "\n" * 500}, "501 lines"),
    ("sizes", {"src/base/buf.c": function(41)}, "src/base/buf.c:4: f() has 41 lines; at most 40"),
    ("sizes", {"src/base/buf.c": "#define OPEN {\n" + function(41)}, "f() has 41 lines"),
    ("sizes", {"src/base/buf.c": function(5, "int a, int b, int c, int d, int e, int (*g)(int, int), int h")},
     "f() takes 7 parameters; at most 6"),
    ("sizes", {"src/base/buf.c": "int f(void)\n{\n"}, "the braces do not balance"),
    *[("words", {"src/base/buf.c": LICENCE + f"int f(char *s)\n{{\n\treturn {call};\n}}\n"}, call[:call.index("(") + 1])
      for call in ("strcpy(s, s)", "strcat(s, s)", "sprintf(s, s)", "gets(s)", "strtok(s, s)", "atoi(s)",
                   "alloca(9)", "system(s)", "popen(s, s)", "mktemp(s)", "pthread_create(s)")],
    ("words", {"tests/unit/base/test_x.c": LICENCE + "int f = usleep(3);\n"}, "wait for a condition"),
    ("words", {"tests/lab/test_x.py": "# SPDX-License-Identifier: MIT\ntime.sl" "eep(1)\n"}, "wait for a condition"),
    ("words", {"src/base/buf.c": LICENCE + "/* TO" "DO */\n"}, "do it, or describe what is"),
    ("words", {"docs/a.md": "see /ro" "ot/notes\n"}, "docs/a.md:1: /ro" "ot/: a path of one machine"),
    ("words", {"src/base/buf.c": "int f;\n"}, "the first line is the licence"),
    ("words", {"src/base/buf.h": LICENCE}, "#pragma once"),
    ("words", {"tests/a.py": "#!/usr/bin/env python3\nprint()\n"}, "is the licence"),
    ("symbols", {"src/base/clock.c": "#include <time.h>\n" "long f(void) { return time(0); }\n"},
     "src/base/clock.c: time: a pure room may call it only if"),
    ("symbols", {"src/wire/text.c": "#include <stdio.h>\n" "int f(void) { return puts(\"a\"); }\n"}, "wire/text.c: puts"),
    ("symbols", {"src/config/ini.c": "#include <stdio.h>\n" "void *f(void) { return fopen(\"a\", \"r\"); }\n"}, "config/ini.c: fopen"),
    ("symbols", {"src/policy/a.c": "int pcre2_x(void); int f(void) { return pcre2_x(); }\n"}, "policy/a.c: pcre2_x"),
    ("symbols", {"src/base/a.c": "int b_x(void); int f(void) { return b_x(); }\n", "src/sys/b.c": "int b_x(void) { return 0; }\n"},
     "base/a.c: b_x"),
    *[("symbols", {"src/wire/json.c": f"int {name}(void) {{ return 0; }}\n"}, f"{name}: the name belongs")
      for name in ("json_x", "nft_x", "sd_x", "pcre2_x", "hs_x")],
    ("symbols", {"src/base/forgotten.c": ""}, "src/base/forgotten.c: no target compiles it"),
    ("format", {"src/base/buf.c": "int   f;\n"}, "mend with clang-format -i src/base/buf.c"),
    ("cppcheck", {"src/base/buf.c": "int f(void)\n{\n\tint a[2] = { 0 };\n\treturn a[2];\n}\n"}, "arrayIndexOutOfBounds"),
    ("shell", {"tools/setup": "#!/bin/sh\nrm $1/*\n"}, "SC2086"),
    ("tidy", {"src/base/buf.c": "int F(int a);\n\nint F(int a)\n{\n\treturn a;\n}\n"}, "readability-identifier-naming"),
]


def plant(root, files):
    for name, text in files.items():
        f = root / name
        f.parent.mkdir(parents=True, exist_ok=True)
        f.write_text(text)


def compile_all(root):
    """Compiles all that is not empty and leaves a compile_commands.json, as meson does."""
    build, entries = root / "build", []
    build.mkdir()
    for n, f in enumerate(sorted(f for f in root.rglob("*.c") if f.stat().st_size)):
        command = ["cc", "-D_GNU_SOURCE", f"-I{root}/src", "-w", "-c", str(f), "-o", f"{n}.o"]
        subprocess.run(command, cwd=build, check=True, capture_output=True)
        entries.append({"directory": str(build), "file": str(f), "output": f"{n}.o",
                        "command": " ".join(command)})
    (build / "compile_commands.json").write_text(json.dumps(entries))
    return build


def run(check, planted):
    """(exit code, output) of one check over the clean tree with `planted` on top."""
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        plant(root, {**CLEAN, **planted})
        for name in (".clang-format", ".clang-tidy"):
            shutil.copy(HERE.parent.parent / name, root / name)
        args = [next(HERE.glob(f"check-{check}.*")), root]
        if check in ("symbols", "tidy"):
            args.append(compile_all(root))
        done = subprocess.run(args, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        return done.returncode, done.stdout


def main():
    clean = [(check, {}, None) for check in dict.fromkeys(case[0] for case in CASES)]
    bad = 0
    print(f"1..{len(clean) + len(CASES)}")
    for n, (check, planted, words) in enumerate(clean + CASES, 1):
        code, said = run(check, planted)
        name = f"{check} finds '{words}'" if words else f"{check} is content with a clean tree"
        if code == 77:
            print(f"ok {n} - {check} # SKIP its program is not installed")
            continue
        good = code == 0 if words is None else code not in (0, 77) and words in said
        bad += not good
        print(f"{'ok' if good else 'not ok'} {n} - {name}")
        if not good:
            print("\n".join("# " + line for line in [f"exit {code}", *said.splitlines()]))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
