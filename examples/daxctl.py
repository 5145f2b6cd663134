#!/usr/bin/python3
# SPDX-License-Identifier: CC0-1.0
"""daxctl() from Python: is FILE sealed? With "seal" or "unseal" it changes that.

    daxctl.py FILE [seal|unseal]
"""
import ctypes
import os
import sys

GET, STATIC = 1, 4
library = ctypes.CDLL("libstaticdax.so.1", use_errno=True)


def daxctl(path, flags, align=0):
    result = library.daxctl(os.fsencode(path), flags, align)
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), path)
    return result


if __name__ == "__main__":
    path, *verb = sys.argv[1:]
    if verb:
        daxctl(path, {"seal": STATIC, "unseal": 0}[verb[0]])
    print("sealed" if daxctl(path, GET) & STATIC else "not sealed")
