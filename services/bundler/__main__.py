"""`python -m services.bundler`: work until SIGTERM or SIGINT, then finish or give back what is under way."""

import os
import signal
import threading

from services.bundler.worker import Worker

SIGNALS = {signal.SIGTERM, signal.SIGINT}


def main() -> None:
    """Run one worker; exit with 1 if a build could not even be given back in time, which its lease makes good."""
    # Waited for instead of handled: a handler would interrupt the main thread inside a lock that it needs itself.
    signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    worker = Worker()
    ended_well = False

    def run() -> None:
        nonlocal ended_well
        ended_well = worker.run()

    running = threading.Thread(target=run)
    running.start()
    while running.is_alive() and signal.sigtimedwait(SIGNALS, 1) is None:
        pass
    worker.stop()
    running.join()
    # Not sys.exit, which would wait for threads that hang in a read.
    os._exit(0 if ended_well else 1)


if __name__ == "__main__":
    main()
