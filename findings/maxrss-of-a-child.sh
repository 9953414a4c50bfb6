#!/usr/bin/env bash
# maxrss-of-a-child.sh: on Linux, the peak memory that getrusage and wait4 give of a process includes its parent's.
#
# One would guess: ru_maxrss is the most memory that a program has taken itself.
#
# What happens: "true", started by a program that holds 300 MB, has taken 300 MB by ru_maxrss, of wait4 in the parent as of getrusage in
# the child. GNU time, hyperfine and every report of RUSAGE_SELF are wrong alike when what starts a program is larger than it. VmHWM in
# /proc/self/status says what the program itself has taken.
#
# Source: Linux 6.18. Until exec, a child made by vfork or clone(CLONE_VM), as Go, Python and posix_spawn make them, has its parent's memory;
# exec_mmap in fs/exec.c then calls setmax_mm_hiwater_rss(&tsk->signal->maxrss, old_mm), and getrusage takes the larger one.
#
# Needs python3 on Linux. Exit code 1: it is not so any more; 2: python3 could not be had.
set -euo pipefail
command -v python3 >/dev/null || { echo "python3 is missing" >&2; exit 2; }
python3 - <<'PY'
import os, subprocess, sys

CHILD = """
import resource
rusage = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
hwm = next(int(l.split()[1]) for l in open('/proc/self/status') if l.startswith('VmHWM'))
print(rusage, hwm)
"""

def measure():
    out = subprocess.run([sys.executable, "-c", CHILD], stdout=subprocess.PIPE, check=True).stdout
    return [int(n) // 1024 for n in out.split()]

small = measure()
ballast = bytearray(os.urandom(1 << 20)) * 300
large = measure()
print("the same child, by getrusage and by VmHWM, in MB:")
print(f"  its parent is small:     {small[0]:4d} {small[1]:4d}")
print(f"  its parent holds 300 MB: {large[0]:4d} {large[1]:4d}")
sys.exit(0 if large[0] > 250 and large[1] < 100 else 1)
PY
