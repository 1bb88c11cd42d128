// A shift on a terminal, or on plain output: shows each look, and takes single keys and Ctrl-C.
#pragma once

#include <termios.h>

#include <string>

#include "migration/shift.h"
#include "rt/random.h"

namespace unkai::cli {

class TerminalDesk final : public migration::ShiftDesk {
public:
    // `quiet`: shows nothing (--json). Signals INT and TERM must be blocked.
    TerminalDesk(Loop& loop, migration::ShiftNames names, bool quiet, bool color);
    ~TerminalDesk() override;

    void show(const migration::Tick& tick, const migration::ShiftSettings& settings) override;
    void tell(const migration::ShiftEvent& event) override;
    migration::Command take_command() override;
    // Reads keys and signals until stopped.
    Task<void> listen(Stop& stop);

private:
    Task<void> listen_for_signals(Stop& stop);
    Task<void> listen_for_keys(Stop& stop);
    void on_key(char key);
    void on_interrupt();
    void clear_view();
    void print_line(const migration::Tick& tick, const migration::ShiftSettings& settings);

    Loop& loop_;
    migration::ShiftNames names_;
    bool quiet_, color_, terminal_ = false, keys_ = false;
    bool asking_ = false, paused_ = false;
    termios before_{};
    int shown_lines_ = 0;
    migration::Command command_ = migration::Command::none;
    std::string last_plain_;
};

}  // namespace unkai::cli
