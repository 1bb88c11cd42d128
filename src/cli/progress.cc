#include "cli/progress.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace unkai::cli {

namespace {

constexpr auto between_draws = std::chrono::milliseconds(100);
constexpr auto between_plain_lines = std::chrono::seconds(10);
constexpr const char* green = "32";
constexpr const char* red = "31";
constexpr const char* faint = "2";

bool is_terminal() {
    const char* terminal = std::getenv("TERM");
    return ::isatty(STDOUT_FILENO) == 1 && terminal != nullptr &&
           std::strcmp(terminal, "dumb") != 0;
}

winsize terminal_size() {
    winsize size{};
    if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) size = {24, 80, 0, 0};
    return size;
}

// Cut to the terminal's width. Names and types are ASCII.
std::string fitted(const std::string& text, size_t columns) {
    return text.size() <= columns ? text : text.substr(0, columns);
}

double seconds_since(std::chrono::steady_clock::time_point then) {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - then).count();
}

}  // namespace

std::string spoken(double seconds) {
    if (seconds < 60) return fmt::format("{:.1f} s", seconds);
    const int whole = static_cast<int>(seconds);
    return fmt::format("{} min {} s", whole / 60, whole % 60);
}

Progress::Progress(const Context& context)
    : shown_(!context.json),
      terminal_(shown_ && is_terminal()),
      colour_(terminal_ && use_color(context)) {
    last_plain_ = began_;
}

double Progress::seconds() const { return seconds_since(began_); }

std::string Progress::painted(const std::string& colour, const std::string& text) const {
    return colour_ ? "\033[" + colour + "m" + text + "\033[0m" : text;
}

void Progress::begin(const std::string& name, const std::string& what) {
    const std::lock_guard lock(mutex_);
    for (Line& line : lines_)
        if (line.name == name) {
            line.what = what;
            return;
        }
    lines_.push_back({name, what, Clock::now()});
}

void Progress::end(const std::string& name, const std::string& outcome) {
    finish_line(name, terminal_ ? "✓" : "", green, outcome);
}

void Progress::fail(const std::string& name, const std::string& reason) {
    finish_line(name, terminal_ ? "✗" : "FAILED ", red, reason);
}

void Progress::finish_line(const std::string& name, const std::string& mark,
                           const std::string& colour, const std::string& outcome) {
    const std::lock_guard lock(mutex_);
    const auto line = std::find_if(lines_.begin(), lines_.end(),
                                   [&](const Line& one) { return one.name == name; });
    std::string what, time;
    if (line != lines_.end()) {
        what = line->what;
        time = spoken(seconds_since(line->began));
        lines_.erase(line);
    }
    if (terminal_)
        print_above(fmt::format("  {} {:<28} {}  {}", painted(colour, mark), name, outcome,
                                painted(faint, time)));
    else
        print_above(fmt::format("[{:6.1f}s] {}{} {}{}", seconds(), mark, name, outcome,
                                time.empty() ? "" : " (" + time + ")"));
}

void Progress::say(const std::string& text) {
    const std::lock_guard lock(mutex_);
    print_above(terminal_ ? "  " + text : fmt::format("[{:6.1f}s] {}", seconds(), text));
}

void Progress::print_above(const std::string& text) {
    if (!shown_) return;
    erase();
    std::fwrite(text.data(), 1, text.size(), stdout);
    std::fputc('\n', stdout);
    last_plain_ = Clock::now();
    draw();
}

void Progress::tick() {
    const std::lock_guard lock(mutex_);
    if (!shown_) return;
    const auto now = Clock::now();
    if (terminal_ && now - last_drawn_ >= between_draws) {
        erase();
        draw();
    }
    if (!terminal_ && !lines_.empty() && now - last_plain_ >= between_plain_lines) {
        std::string names;
        for (const Line& line : lines_)
            names += fmt::format("{}{} ({})", names.empty() ? "" : ", ", line.name,
                                 spoken(seconds_since(line.began)));
        print_above("waiting for " + names);
    }
}

void Progress::erase() {
    if (drawn_ > 0) std::fprintf(stdout, "\033[%zuA\033[J", drawn_);
    drawn_ = 0;
}

// The oldest ones, as many as there is room for.
void Progress::draw() {
    last_drawn_ = Clock::now();
    if (terminal_ && !lines_.empty()) {
        const winsize size = terminal_size();
        const size_t room = size.ws_row > 6 ? size.ws_row - 4U : 2;
        const size_t most = std::min(lines_.size(), lines_.size() > room ? room - 1 : room);
        for (size_t i = 0; i < most; ++i) {
            const std::string text =
                fmt::format("    {:<28} {}  {}", lines_[i].name, lines_[i].what,
                            spoken(seconds_since(lines_[i].began)));
            std::fprintf(stdout, "%s\n", painted(faint, fitted(text, size.ws_col - 1U)).c_str());
        }
        if (most < lines_.size())
            std::fprintf(stdout, "    and %zu others\n", lines_.size() - most);
        drawn_ = most + (most < lines_.size() ? 1 : 0);
    }
    std::fflush(stdout);
}

void Progress::close() {
    const std::lock_guard lock(mutex_);
    lines_.clear();
    erase();
    std::fflush(stdout);
}

}  // namespace unkai::cli
