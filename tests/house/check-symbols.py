#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What do our objects say to the linker? The pure rooms call nothing that touches the world, no symbol
of ours stands in front of one that a foreign library needs, and each source is in some target.

A list of what is allowed rather than of what is not: a call that nobody thought of is a breach.

usage: check-symbols.py ROOT BUILD
"""
import json
import pathlib
import re
import subprocess
import sys

PURE = ("base", "detect", "policy", "engine", "config", "wire")

# The C library as far as it only computes. What its hardened headers make of a call (__memcpy_chk)
# counts as the call.
COMPUTES = set("""
    bcmp memchr memcmp memcpy memmem memmove memrchr memset rawmemchr explicit_bzero
    strcasecmp strncasecmp strchr strrchr strchrnul strcmp strncmp strcspn strlen strnlen strpbrk
    strspn strstr strdup strndup strerrordesc_np strerrorname_np stpncpy strncpy
    strtol strtoll strtoul strtoull strtod isoc23_strtol isoc23_strtoul isoc23_strtoll isoc23_strtoull
    snprintf vsnprintf sscanf qsort bsearch abs labs llabs
    malloc calloc realloc reallocarray free aligned_alloc posix_memalign
    inet_pton inet_ntop htonl htons ntohl ntohs
    isalnum isalpha isdigit isprint isspace isupper isxdigit tolower toupper
    ctype_b_loc ctype_tolower_loc ctype_toupper_loc
    timegm gmtime_r fnmatch
    ceil floor fmod pow log log2 lround llround round modf isnan isinf
    errno_location assert_fail stack_chk_fail memcpy_chk chk_fail""".split())

# What the compiler brings along: sanitisers, coverage, position independent code.
COMPILER = re.compile(r"_GLOBAL_OFFSET_TABLE_|__(asan|ubsan|lsan|sanitizer|sancov|start___sancov|"
                      r"stop___sancov|gcov)\w*|_Unwind_\w+|__(u?div|u?mod)[dt]i\d")

# A door may call its library.
LIBRARY = {
    "detect/pattern.c": r"pcre2_\w+",
    "detect/scanner.c": r"hs_\w+",
    "config/ini.c": r"ini_\w+",
    "wire/json.c": r"json_\w+|jansson_\w+",
}

# The one file of the left wing that reads files.
READS = r"fopen|fopen64|fclose|fread|ferror|feof|fgetc|fileno|opendir|readdir|readdir64|closedir|" \
        r"fstat|fstat64|stat|stat64|scandir|scandir64|alphasort|alphasort64|glob|glob64|globfree|globfree64"
FILES = {"config/load.c": READS}

FOREIGN_NAME = re.compile(r"(json|nft|nftnl|mnl|sd|pcre2|hs|ini|sqlite3|scols|seccomp|capng)_")


def objects(root, build):
    """(path below src, object file) of each file of ours that this build compiled."""
    for entry in json.loads((build / "compile_commands.json").read_text()):
        folder = pathlib.Path(entry["directory"])
        source = (folder / entry["file"]).resolve()
        obj = folder / entry["output"]
        if (root / "src") in source.parents and obj.exists():
            yield str(source.relative_to(root / "src")), obj


def forgotten(root, build):
    """Each source that this build does not compile."""
    compiled = {(pathlib.Path(entry["directory"]) / entry["file"]).resolve()
                for entry in json.loads((build / "compile_commands.json").read_text())}
    for f in sorted([*(root / "src").rglob("*.c"), *(root / "tests").rglob("*.c")]):
        if f not in compiled:
            yield f"{f.relative_to(root)}: no target compiles it"


def symbols(obj):
    """(undefined, defined) names of one object that the linker sees."""
    undefined, defined = set(), set()
    out = subprocess.run(["nm", "-g", str(obj)], check=True, capture_output=True, text=True).stdout
    for kind, name in re.findall(r"^[0-9a-f ]*\b([A-Za-z]) (\S+)$", out, re.MULTILINE):
        (undefined if kind in "Uw" else defined).add(name)
    return undefined, defined


def computes(name):
    plain = re.sub(r"^_+|_chk$", "", name)
    return name in COMPUTES or plain in COMPUTES or COMPILER.fullmatch(name)


def main(root, build):
    seen = {path: symbols(obj) for path, obj in objects(root, build)}
    if not seen:
        print(f"{build}: nothing compiled")
        return 1
    bad = list(forgotten(root, build))
    ours = {room: set() for room in PURE}
    for path, (_, defined) in seen.items():
        ours.setdefault(path.split("/")[0], set()).update(defined)
        bad += [f"src/{path}: {name}: the name belongs to a foreign library"
                for name in sorted(defined) if FOREIGN_NAME.match(name)]
    pure_names = set().union(*(ours[room] for room in PURE))
    for path, (undefined, _) in sorted(seen.items()):
        if path.split("/")[0] not in PURE:
            continue
        allowed = re.compile("|".join(t[path] for t in (LIBRARY, FILES) if path in t) or r"(?!)")
        bad += [f"src/{path}: {name}: a pure room may call it only if it just computes"
                for name in sorted(undefined - pure_names)
                if not computes(name) and not allowed.fullmatch(name)]
    print("\n".join(bad) or f"{len(seen)} objects, no breach")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2])))
