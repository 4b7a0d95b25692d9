#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Makes interface.c: the Varlink descriptions as C text.

usage: interface.py OUT FILE.varlink...
"""
import pathlib
import sys

out = ['/* Made by src/wire/interface.py; do not edit. */', '#include <string.h>', '', '#include "wire/interface.h"', '',
       'const char *interface_text(const char *name)', '{']
for path in map(pathlib.Path, sys.argv[2:]):
    out.append(f'\tif (name && strcmp(name, "{path.stem}") == 0) {{')
    out.append('\t\treturn')
    for line in path.read_text().splitlines():
        text = line.replace("\\", "\\\\").replace('"', '\\"')
        out.append(f'\t\t\t"{text}\\n"')
    out[-1] += ";"
    out.append("\t}")
out += ["\treturn NULL;", "}", ""]
pathlib.Path(sys.argv[1]).write_text("\n".join(out))
