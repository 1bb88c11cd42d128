// A shift at work: looks every two seconds, asks the rules (shift_plan.h) what to do, does it, and
// keeps a state file by which other commands speak to it and by which it can be undone later.
//
//     ShiftFile file(folder, "api.example.com");
//     CO_TRY(const ShiftReport report, co_await run_shift(loop, *sides, options, file, desk));
//
// An API that cannot be read for a minute rolls the shift back: nobody watches it any more.
#pragma once

#include "migration/shift_plan.h"
#include "migration/sides.h"

namespace unkai::migration {

// One look: what a person sees, and what the report's plots show.
struct Tick {
    Time at;
    Phase phase = Phase::shifting;
    std::optional<size_t> step;
    bool paused = false;
    int asked = 0;     // Percent for the new side.
    Traffic from, to;  // In the last three periods.
    Arrived arrived;
    std::string why;     // Asked and arrived differ because …
    std::string reason;  // The state's.
    Duration left{0};    // Of the step.
};

struct ShiftEvent {
    Time at;
    int share = 0;
    std::string what;
};

struct ShiftReport {
    ShiftNames names;
    ShiftSettings settings;
    std::string from_title, to_title;
    Time begun, ended;
    Outcome outcome = Outcome::completed;
    std::string reason;
    int share = 0;  // At the end.
    std::vector<ShiftEvent> events;
    std::vector<Tick> ticks;
};

// What a person sees and says. Calls come on the shift's loop.
class ShiftDesk {
public:
    virtual ~ShiftDesk() = default;
    virtual void show(const Tick& tick, const ShiftSettings& settings) = 0;
    virtual void tell(const ShiftEvent& event) = 0;
    virtual Command take_command() = 0;  // Once each; none if there is none.
};

// <folder>/<name>.json, and <name>.command beside it.
class ShiftFile {
public:
    ShiftFile(std::string folder, std::string name);
    Status write(const wire::Json& state) const;
    Result<wire::Json> read() const;  // NoSuchShift
    Command take_command() const;
    Status send(Command command) const;
    const std::string& path() const { return path_; }

private:
    std::string path_, command_path_;
};
// Errors: CommandUnknown.
Result<Command> parse_command(std::string_view word);

struct ShiftOptions {
    ShiftSettings settings;
    ShiftNames names;
    Duration look_every = std::chrono::seconds(2);
};

// Errors are those of the API, when even rolling back failed; the sentence says what stands.
Task<Result<ShiftReport>> run_shift(Loop& loop, ShiftWorld& world, ShiftOptions options,
                                    const ShiftFile* file, ShiftDesk& desk);

// The report as a JSON object, and as a page that needs nothing else.
wire::Json report_json(const ShiftReport& report);
std::string report_page(const ShiftReport& report);

}  // namespace unkai::migration
