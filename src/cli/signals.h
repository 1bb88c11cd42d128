// SIGINT and SIGTERM, by which people and machines end a program that runs on an event loop.
//
//     block_ending_signals();              // before any thread is started
//     Io io(loop, ending_signals());       // readable when one has come; read signalfd_siginfo
#pragma once

#include "rt/loop.h"

namespace unkai::cli {

// For this thread and those that it starts; SIGPIPE is ignored with them.
void block_ending_signals();

// A descriptor that does not block (signalfd). They must be blocked.
Fd ending_signals();

}  // namespace unkai::cli
