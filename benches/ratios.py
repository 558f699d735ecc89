"""Prints medians, spreads and ratios of the times that benches/run took.

Input: lines of round, variant, what, seconds. A ratio is taken within each round, then its median and range are
printed: rounds of a noisy machine differ, their variants less so.
"""

import collections
import statistics
import sys

# The goals are those of the project's performance targets; overhead is judged as seconds + share of the whole.
RATIOS = [
    (("drillyard", "restore"), ("naive", "restore"), 0.72),
    (("drillyard", "restore"), ("host", "restore"), 1.03),
    (("relaxed", "restore"), ("naive", "restore"), 0.60),
    (("host", "restore"), ("naive", "restore"), None),
    (("drillyard", "verified"), ("naive", "whole"), None),
    (("relaxed", "verified"), ("naive", "whole"), 0.75),
]

times = collections.defaultdict(dict)
for line in open(sys.argv[1]):
    round_, variant, what, seconds = line.rstrip("\n").split("\t")
    times[variant, what][round_] = float(seconds)


def spread(values, unit):
    return f"{statistics.median(values):8.3f}{unit}   {min(values):.3f} to {max(values):.3f}"


print(f"\n{'variant':<12}{'what':<18}{'median':>9}    spread")
for (variant, what), rounds in times.items():
    print(f"{variant:<12}{what:<18}{spread(list(rounds.values()), ' s')}")

print(f"\n{'ratio':<40}{'median':>8}    spread")
for above, below, goal in RATIOS:
    shared = sorted(times[above].keys() & times[below].keys()) if above in times and below in times else []
    if not shared:
        continue
    ratios = [times[above][r] / times[below][r] for r in shared]
    verdict = "" if goal is None else f"   goal {goal}: {'met' if statistics.median(ratios) <= goal else 'MISSED'}"
    print(f"{' '.join(above) + ' / ' + ' '.join(below):<40}{spread(ratios, '')}{verdict}")

for variant in ("drillyard", "relaxed"):
    if (variant, "overhead") in times:
        overhead = statistics.median(times[variant, "overhead"].values())
        goal = 0.8 + 0.02 * statistics.median(times[variant, "verified"].values())
        print(f"{variant + ' overhead':<40}{overhead:8.3f} s   goal {goal:.2f} s: {'met' if overhead <= goal else 'MISSED'}")
