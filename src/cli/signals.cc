#include "cli/signals.h"

#include <signal.h>
#include <sys/signalfd.h>

namespace unkai::cli {

static sigset_t both() {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    return signals;
}

void block_ending_signals() {
    const sigset_t signals = both();
    ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    ::signal(SIGPIPE, SIG_IGN);
}

Fd ending_signals() {
    const sigset_t signals = both();
    return Fd(::signalfd(-1, &signals, SFD_NONBLOCK | SFD_CLOEXEC));
}

}  // namespace unkai::cli
