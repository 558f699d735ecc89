"""Answers each line "expression <tab> zone <tab> second" with the second that CronSim says is next, or with a word."""

import signal
import sys
from datetime import datetime
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError


def give_up(*_):
    raise TimeoutError


signal.signal(signal.SIGVTALRM, give_up)
answers = []
for line in sys.stdin:
    expression, zone, second = line.rstrip("\n").split("\t")
    at = datetime.fromtimestamp(int(second), ZoneInfo(zone))
    signal.setitimer(signal.ITIMER_VIRTUAL, 1)
    try:
        answers.append(str(int(next(CronSim(expression, at)).timestamp())))
    except StopIteration:
        answers.append("never")
    except CronSimError:
        answers.append("refused")
    except TimeoutError:
        answers.append("hangs")
    signal.setitimer(signal.ITIMER_VIRTUAL, 0)
print("\n".join(answers))
