#include "cli/shift_desk.h"

#include <fmt/format.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <cstdio>

#include "cli/signals.h"

namespace unkai::cli {

using migration::Command;
using migration::Phase;
using migration::ShiftSettings;
using migration::Tick;
using migration::Traffic;

namespace {

constexpr std::string_view key_help =
    "p pause/resume   n next step   f all the way   a abort   u undo   Ctrl-C asks";

std::string milliseconds_text(const std::optional<double>& value) {
    return value ? fmt::format("{:.0f} ms", *value) : "-";
}

std::string side_line(std::string_view name, int asked, const std::optional<double>& arrived,
                      const Traffic& traffic) {
    return fmt::format(
        "  {:<14} asked {:>3} %  arrived {:>7}  {:>8.1f}/s  5XX {:>6.2f} %  p50 "
        "{:>8}  p99 {:>8}\n",
        name, asked, arrived ? fmt::format("{:.1f} %", *arrived * 100) : "-", traffic.rate(),
        traffic.error_share() * 100, milliseconds_text(traffic.p50),
        milliseconds_text(traffic.p99));
}

std::string bar_of(int percent) {
    std::string out;
    for (int i = 0; i < 40; ++i) out += i * 100 < percent * 40 ? "█" : "░";
    return out;
}

}  // namespace

TerminalDesk::TerminalDesk(Loop& loop, migration::ShiftNames names, bool quiet, bool color)
    : loop_(loop), names_(std::move(names)), quiet_(quiet), color_(color) {
    terminal_ = !quiet && ::isatty(STDOUT_FILENO) == 1;
    keys_ = !quiet && ::isatty(STDIN_FILENO) == 1 && ::tcgetattr(STDIN_FILENO, &before_) == 0;
    if (!keys_) return;
    termios raw = before_;
    raw.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);
    ::tcsetattr(STDIN_FILENO, TCSANOW, &raw);
}

TerminalDesk::~TerminalDesk() {
    if (keys_) ::tcsetattr(STDIN_FILENO, TCSANOW, &before_);
}

void TerminalDesk::clear_view() {
    if (shown_lines_ > 0) fmt::print("\033[{}A\033[J", shown_lines_);
    shown_lines_ = 0;
}

void TerminalDesk::tell(const migration::ShiftEvent& event) {
    if (quiet_) return;
    clear_view();
    fmt::print("{}  {}\n", iso8601(event.at).substr(11, 8), event.what);
    std::fflush(stdout);
}

void TerminalDesk::print_line(const Tick& tick, const ShiftSettings& settings) {
    const std::string step =
        tick.step ? fmt::format("{}/{}", *tick.step + 1, settings.steps.size()) : "-";
    const auto rate = [](const Traffic& traffic) {
        return fmt::format("{:.1f}/s 5XX {:.2f} % p99 {}", traffic.rate(),
                           traffic.error_share() * 100, milliseconds_text(traffic.p99));
    };
    fmt::print("{}  step {}  asked {} %  arrived {}  {} {}  {} {}{}\n",
               iso8601(tick.at).substr(11, 8), step, tick.asked,
               tick.arrived.enough ? fmt::format("{:.1f} %", tick.arrived.share * 100) : "-",
               names_.from, rate(tick.from), names_.to, rate(tick.to),
               tick.why.empty() ? "" : "  (" + tick.why + ")");
}

void TerminalDesk::show(const Tick& tick, const ShiftSettings& settings) {
    paused_ = tick.paused;
    if (quiet_) return;
    if (!terminal_) {
        print_line(tick, settings);
        std::fflush(stdout);
        return;
    }
    clear_view();
    const std::optional<double> share =
        tick.arrived.enough ? std::optional(tick.arrived.share) : std::nullopt;
    std::string view = fmt::format(
        "\n{}  {}{}  {}\n  {}  {} %\n", names_.name,
        tick.paused ? "paused" : std::string(name_of(tick.phase)),
        tick.step ? fmt::format(" · step {} of {}", *tick.step + 1, settings.steps.size()) : "",
        tick.paused
            ? ""
            : fmt::format("{:.0f} s left", std::chrono::duration<double>(tick.left).count()),
        bar_of(tick.asked), tick.asked);
    view += side_line(names_.from, 100 - tick.asked,
                      share ? std::optional(1 - *share) : std::nullopt, tick.from);
    view += side_line(names_.to, tick.asked, share, tick.to);
    if (!tick.why.empty()) view += "  differs by " + tick.why + "\n";
    if (!tick.reason.empty()) view += "  " + tick.reason + "\n";
    if (keys_)
        view += asking_ ? "  Interrupt: [a] abort and roll back   [u] undo all   [c] go on\n"
                        : fmt::format("  {}{}{}\n", color_ ? "\033[2m" : "", key_help,
                                      color_ ? "\033[0m" : "");
    shown_lines_ = static_cast<int>(std::count(view.begin(), view.end(), '\n'));
    fmt::print("{}", view);
    std::fflush(stdout);
}

Command TerminalDesk::take_command() { return std::exchange(command_, Command::none); }

void TerminalDesk::on_key(char key) {
    if (key == 'c' && asking_) asking_ = false;
    if (key == 'a') command_ = Command::abort;
    if (key == 'u') command_ = Command::undo;
    if (key == 'a' || key == 'u') asking_ = false;
    if (asking_) return;
    if (key == 'p') command_ = paused_ ? Command::resume : Command::pause;
    if (key == 'n') command_ = Command::promote;
    if (key == 'f') command_ = Command::promote_fully;
}

// On a terminal the first Ctrl-C asks; the second, and any elsewhere, aborts.
void TerminalDesk::on_interrupt() {
    if (!keys_ || quiet_ || asking_) {
        command_ = Command::abort;
        return;
    }
    asking_ = true;
    clear_view();
    fmt::print("Interrupt: [a] abort and roll back   [u] undo all   [c] go on\n");
    std::fflush(stdout);
}

Task<void> TerminalDesk::listen_for_signals(Stop& stop) {
    Io io(loop_, ending_signals());
    while (co_await io.readable(never, &stop) == Wake::ready) {
        signalfd_siginfo info{};
        while (::read(io.fd(), &info, sizeof info) == sizeof info) {
            if (info.ssi_signo == SIGTERM)
                command_ = Command::abort;
            else
                on_interrupt();
        }
    }
}

// Looks at the terminal ten times a second: its descriptor is shared and stays blocking.
Task<void> TerminalDesk::listen_for_keys(Stop& stop) {
    while (keys_ && co_await loop_.sleep(100ms, &stop)) {
        fd_set set;
        FD_ZERO(&set);
        FD_SET(STDIN_FILENO, &set);
        timeval none{};
        char key = 0;
        if (::select(STDIN_FILENO + 1, &set, nullptr, nullptr, &none) > 0 &&
            ::read(STDIN_FILENO, &key, 1) == 1)
            on_key(key);
    }
}

Task<void> TerminalDesk::listen(Stop& stop) {
    Scope scope;
    scope.spawn(listen_for_signals(stop));
    scope.spawn(listen_for_keys(stop));
    co_await scope.join();
}

}  // namespace unkai::cli
