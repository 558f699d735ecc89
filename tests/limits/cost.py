"""Runs a program some times; prints its exit codes, its least processor time in ms, its largest memory in KiB."""

import os
import subprocess
import sys

least, memory, codes = float("inf"), 0, set()
for _ in range(int(sys.argv[1])):
    program = subprocess.Popen(sys.argv[2:], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(program.pid, 0)
    least = min(least, (usage.ru_utime + usage.ru_stime) * 1000)
    memory = max(memory, usage.ru_maxrss)
    codes.add(os.waitstatus_to_exitcode(status))
print(",".join(map(str, sorted(codes))), round(least), memory)
